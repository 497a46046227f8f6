"""Intervals by resampling whole videos: questions of one video share its frames, so they are not independent."""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array

LEVEL = 0.95


def by_cluster(values: Array, clusters: Array) -> tuple[Array, Array]:
    """Sum and number of `values` per cluster, clusters sorted by name."""
    _, place = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    place = place.reshape(-1)
    return np.bincount(place, weights=np.asarray(values, dtype=np.float64)), np.bincount(place)


def interval(values: Array, clusters: Array, *, resamples: int, seed: int) -> list[float] | None:
    """95 % percentile interval of the mean of `values` [n], resampling `clusters` [n] with replacement.

    None with fewer than two clusters: one video says nothing about others.
    """
    if len(values) == 0:
        return None
    sums, counts = by_cluster(values, clusters)
    V = sums.size
    if V < 2:
        return None
    if not np.any(values):
        return [0.0, 0.0]  # as every resample would say: arms with equal picks differ nowhere
    rng = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, 4_000_000 // V)  # bounds memory for thousands of videos
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = rng.multinomial(V, np.full(V, 1 / V), size=stop - start)
        means[start:stop] = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]
