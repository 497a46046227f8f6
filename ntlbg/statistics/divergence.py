"""Kullback–Leibler divergence between normal laws, in closed form, in nats.

KL(p | q) = ½ (tr(Sq⁻¹ Sp) - d + (mq - mp)ᵀ Sq⁻¹ (mq - mp) + log det Sq - log det Sp): what it costs to take q for p.
Never negative, 0 for equal laws alone, not symmetric. Source: Kullback and Leibler 1951; Kullback 1959, chapter 9.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.covariance import LowRankDiagonal
from ntlbg.statistics.threads import one_thread


@one_thread()
def kl(p: LowRankDiagonal, q: LowRankDiagonal) -> float:
    """KL(p | q) of two laws in many dimensions, low rank + diagonal: no d × d matrix is made."""
    if len(p.mean) != len(q.mean):
        raise InputError(f"laws in {len(p.mean)} and {len(q.mean)} dimensions have no divergence")
    low_rank = float((p.factor * q.solved(p.factor)).sum())
    diagonal = float(p.diagonal @ q.inverse_diagonal())
    moved = float(q.distances2(p.mean[None])[0])
    # rounding may leave a little less than 0 for equal laws
    return max(0.0, 0.5 * (low_rank + diagonal - len(p.mean) + moved + q.log_det - p.log_det))


@one_thread()
def kl_reduced(mean_p: Array, covariance_p: Array, mean_q: Array, covariance_q: Array) -> float:
    """The same for dense covariances [r, r] of a reduced space. Raises InputError where one isn't positive definite."""
    try:
        root_p, root_q = np.linalg.cholesky(covariance_p), np.linalg.cholesky(covariance_q)
    except np.linalg.LinAlgError as error:
        raise InputError(
            "a covariance is not positive definite, so its law has no density", hint="shrink it first"
        ) from error
    ratio = solve_triangular(root_q, root_p, lower=True)
    moved = solve_triangular(root_q, mean_q - mean_p, lower=True)
    logs = np.log(np.diagonal(root_q)).sum() - np.log(np.diagonal(root_p)).sum()
    return max(0.0, float(0.5 * (np.square(ratio).sum() - len(mean_p) + moved @ moved) + logs))
