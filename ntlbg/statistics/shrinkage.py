"""How far a sample covariance should be drawn towards the scaled unit matrix.

Letters: n points (frames), d features. With more features than frames the sample covariance is singular, and its
eigenvalues are too spread at any size. Source: Ledoit and Wolf 2004.
"""

from __future__ import annotations

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

ROWS = 256  # points of a block: neither n × n nor d × d is ever made


@one_thread()
def ledoit_wolf(points: Array, weights: Array | None = None) -> float:
    """The shrinkage s, 0 to 1, of least expected squared error of (1 - s) S + s (tr S / d) I.

    points: [n, d]. weights: [n], a law; None weighs all alike, which is the published estimate.
    With centred points x and S their covariance, s is the variance of S about the true covariance, sum of
    w_i² |x_i x_iᵀ - S|², over the squared distance of S from (tr S / d) I, in Frobenius' norm. Where that is S, 1.
    It counts points as independent. Neighbouring frames are not, so for a video it is a lower bound.
    """
    n, d = points.shape
    if not n:
        raise InputError("no points have no covariance")
    w = np.full(n, 1 / n) if weights is None else weights
    centred = points - w @ points
    norms2 = np.square(centred).sum(axis=1)
    quadratic = np.empty(n)  # x_iᵀ S x_i
    # S x_i through the smaller side: n² d either way of summing, or n d² where features are few
    if n <= d:
        for start in range(0, n, ROWS):
            products = centred[start : start + ROWS] @ centred.T
            quadratic[start : start + ROWS] = np.square(products) @ w
    else:
        quadratic[:] = 0
        for start in range(0, d, ROWS):
            part = centred[:, start : start + ROWS]
            columns = centred.T @ (part * w[:, None])  # these columns of S
            quadratic += np.einsum("ij,ij->i", centred @ columns, part)
    size2 = float(w @ quadratic)  # |S|²
    trace = float(w @ norms2)
    distance2 = size2 - trace**2 / d
    if distance2 <= np.finfo(np.float64).eps * size2:
        return 1.0
    squares = np.square(w)
    variance = float(squares @ np.square(norms2) - 2 * (squares @ quadratic) + squares.sum() * size2)
    return float(np.clip(variance / distance2, 0.0, 1.0))
