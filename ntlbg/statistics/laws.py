"""Laws on the frames of a video: non-negative weights that sum to 1, and their moments.

Letters: T frames, r coordinates of the space in which distances are taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ntlbg.records.arrays import Array


def tilt(z: Array, betas: Sequence[float]) -> Array:
    """Weigh frames by how well they match the question: the mean over beta of softmax(beta z).

    z: [T], relevance in robust standard deviations. betas: inverse temperatures, each ≥ 0.
    Returns weights [T], non-negative, summing to 1. A small beta holds the whole video in the law, a large one its
    peaks; the mean of both does both, and no temperature has to be guessed from the question.
    Source: exponential tilting; docs/selection.md, "Tilt".
    """
    weights = np.zeros_like(z, dtype=np.float64)
    for beta in betas:
        shifted = np.exp(beta * (z - np.max(z)))
        weights += shifted / shifted.sum()
    return weights / weights.sum()


def mean(points: Array, weights: Array) -> Array:
    """Mean of the law: [T, r], [T] → [r]."""
    return weights @ points


def trace(points: Array, weights: Array) -> float:
    """Trace of the law's covariance: its mean squared distance to its own mean."""
    difference = points - mean(points, weights)
    return float(weights @ np.square(difference, out=difference).sum(axis=1))


def effective_share(weights: Array) -> float:
    """Kish's effective number of frames, as a share of all: 1 for equal weights, 1/T for a single frame."""
    return float(1.0 / (len(weights) * np.square(weights).sum()))
