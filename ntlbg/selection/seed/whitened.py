"""The whitened space of a law: where its ellipsoids are spheres, and the Mahalanobis distance is the plain one.

Letters: T frames, r coordinates, q whitened directions. Source: docs/selection.md, "Seed".
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.statistics import laws
from ntlbg.statistics.principal import NO_VARIANCE
from ntlbg.statistics.threads import one_thread


@one_thread()
def whitened(points: Array, weights: Array, directions: int) -> Array:
    """Leading principal scores under the law, each with mean 0 and variance 1: [T, q], q ≤ directions.

    points: [T, r]. weights: [T], a law. The squared norm of a row is the frame's Mahalanobis distance to the law's
    mean within these directions. Directions without variance are left out; where all points are alike q is 0.
    """
    centred = points - laws.mean(points, weights)
    values, vectors = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    values, vectors = values[::-1][:directions], vectors[:, ::-1][:, :directions]
    # copies of one point differ from their mean by rounding, whose square is no variance
    if not len(values) or values[0] <= np.square(NO_VARIANCE * np.max(np.abs(points))):
        return np.zeros((len(points), 0))
    kept = values > NO_VARIANCE * values[0]
    rows = vectors[:, kept].T
    signs = np.sign(rows[np.arange(len(rows)), np.argmax(np.abs(rows), axis=1)])
    scores: Array = centred @ (rows * (signs / np.sqrt(values[kept]))[:, None]).T
    return scores
