"""Number-theoretic nets: point sets spread more evenly than random ones, pushed through a law.

Source: Fang and Wang, Number-Theoretic Methods in Statistics, 1994; docs/selection.md, "Represent".
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array


def net_1d(n: int) -> Array:
    """The n points (i - 1/2) / n of the unit interval: the one-dimensional net of least discrepancy, 1 / 2n."""
    return (np.arange(n) + 0.5) / n


def quantile_frames(weights: Array, n: int) -> Array:
    """The net of n points pushed through the inverse of the law's distribution function along time.

    weights: [T], a law on the frames in their order. Returns [n] non-decreasing indices: the first frame at which
    the cumulative weight reaches each point of the net. A frame heavier than 1/n is met more than once.
    """
    cumulative = np.cumsum(weights)
    return np.minimum(np.searchsorted(cumulative, net_1d(n) * cumulative[-1], side="left"), len(weights) - 1)
