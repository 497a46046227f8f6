"""Texts that are longer than an encoder reads: windows of tokens, whose vectors are averaged.

A question with its scene told first runs over CLIP's 77 tokens, and what it asks comes last: cut off, it would be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ntlbg.records.arrays import Array


def windows(tokens: Sequence[int], room: int) -> list[list[int]]:
    """`tokens` in as few parts as hold them all, each of at most `room`.

    Their lengths are equal to one: a part of two left-over tokens would say nothing.
    """
    count = -(-len(tokens) // room)
    edges = [i * len(tokens) // count for i in range(count + 1)]
    return [list(tokens[start:end]) for start, end in pairwise(edges)]


def mean_of_windows(vectors: Array, lengths: Sequence[int]) -> Array:
    """vectors: [w, e], unit rows. lengths: tokens of each window, its weight. Returns [e] float32, unit norm."""
    mean = np.average(vectors.astype(np.float64), axis=0, weights=lengths)
    return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
