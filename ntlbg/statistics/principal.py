"""Principal directions of a video's denoised features.

Letters: T frames, d features, r directions. Source: docs/selection.md, "Space".
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.statistics.smoothing import smooth
from ntlbg.statistics.threads import one_thread

SMOOTHING_S = 0.7  # one to two frames of noise at 1 fps
NO_VARIANCE = 1e-12  # directions below this share of the first one's variance are rounding


def denoised(features: Array, timestamps_s: Array, smoothing_s: float = SMOOTHING_S) -> Array:
    """Features smoothed along time, each row scaled to unit norm: [T, d] → [T, d] float64.

    A row of zeros stays zeros: a frame without features has no direction.
    """
    smoothed = smooth(features, timestamps_s, smoothing_s)
    norms = np.linalg.norm(smoothed, axis=1, keepdims=True)
    return smoothed / np.where(norms > 0, norms, 1.0)


def principal_basis(features: Array, timestamps_s: Array, rank: int = 64, smoothing_s: float = SMOOTHING_S) -> Array:
    """Leading principal directions of the denoised, unit-norm features, by falling variance.

    features: [T, d]. timestamps_s: [T]. rank: how many at most.
    Returns [r, d] float64 with orthonormal rows, r ≤ min(rank, T - 1, d); fewer where the frames span fewer, none
    where all frames are alike. Signs: the largest entry of each direction is positive.
    """
    return basis_of(denoised(features, timestamps_s, smoothing_s), rank)


@one_thread()
def basis_of(denoised_features: Array, rank: int) -> Array:
    """`principal_basis` of features that are denoised already."""
    centred = denoised_features - denoised_features.mean(axis=0)
    frames, width = centred.shape
    # the smaller of the two second-moment matrices has the same eigenvalues; T ≤ d only for short videos
    small = frames < width
    values, vectors = np.linalg.eigh(centred @ centred.T if small else centred.T @ centred)
    values, vectors = values[::-1], vectors[:, ::-1]
    r = min(rank, frames - 1, width)
    if r < 1 or values[0] <= NO_VARIANCE * frames:
        return np.zeros((0, width))
    kept = values[:r] > NO_VARIANCE * values[0]
    rows = vectors[:, :r][:, kept].T
    if small:
        rows = rows @ centred
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    signs = np.sign(rows[np.arange(len(rows)), np.argmax(np.abs(rows), axis=1)])
    return rows * signs[:, None]
