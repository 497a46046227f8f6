"""What several published rules do to a relevance curve: bring it to [0, 1], and fill up a short list by it.

Letters: T frames.
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array


def unit_range(scores: Array) -> Array:
    """(s - min) / (max - min): [T] → [T] from 0 to 1. A constant curve, where the formula is 0 / 0, gives zeros."""
    raised = scores - np.min(scores)
    top = np.max(raised)
    return raised / top if top > 0 else np.zeros_like(raised)


def topped_up(picks: Array, scores: Array, k: int) -> Array:
    """k different frames: those of `picks`, repeats removed, then the most relevant of the others.

    picks: frames in any order, at most k different ones. scores: [T], k ≤ T. Ties go to the earlier frame.
    Returns [k] sorted indices.
    """
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[picks] = True
    order = np.argsort(-scores, kind="stable")
    others = order[~chosen[order]]
    chosen[others[: k - int(chosen.sum())]] = True
    return np.flatnonzero(chosen)
