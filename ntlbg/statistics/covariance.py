"""Laws in many dimensions: covariance = low rank + diagonal. A dense d × d matrix is never made.

Letters: n points (frames), d features, R columns of the factor. Sigma = F Fᵀ + diag(D) with D > 0 is positive definite
whatever F is. Distances cost n d R, systems are R × R.
Sources: Woodbury 1950 (inverse); the matrix determinant lemma (Harville 1997, theorem 18.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, solve_triangular

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite
from ntlbg.statistics.elliptical import fixed_signs
from ntlbg.statistics.threads import one_thread

RELATIVE_FLOOR = (
    1e-6  # least diagonal, in mean variances: a feature that never changes in these frames may change in others
)
ABSOLUTE_FLOOR = 1e-12  # where no feature changes, as in a video of one picture
OVERSAMPLE = 8  # further columns of the subspace iteration: the last wanted direction converges with the first
ITERATIONS = 300
CONVERGED = 1e-13  # relative change of the variance that the directions hold


@dataclass(frozen=True, eq=False)
class LowRankDiagonal:
    """mean: [d]. factor: [d, R], R ≥ 0. diagonal: [d], positive. Sigma = factor factorᵀ + diag(diagonal)."""

    mean: Array
    factor: Array
    diagonal: Array

    def __post_init__(self) -> None:
        d = len(self.mean)
        if self.mean.shape != (d,) or self.diagonal.shape != (d,) or self.factor.ndim != 2 or len(self.factor) != d:
            raise InputError(
                f"mean {self.mean.shape}, factor {self.factor.shape} and diagonal {self.diagonal.shape} "
                "are not [d], [d, R] and [d]"
            )
        for name in ("mean", "factor", "diagonal"):
            finite(name, getattr(self, name))
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        if d and self.diagonal.min() <= 0:
            raise InputError(f"diagonal[{int(np.argmin(self.diagonal))}] is not positive, so the law has no density")

    @classmethod
    @one_thread()
    def fitted(cls, points: Array, weights: Array, rank: int, shrinkage: float = 0.0) -> LowRankDiagonal:
        """The law of weighted points: their leading `rank` directions, and what each feature varies besides.

        points: [n, d]. weights: [n], a law. shrinkage: 0 to 1, towards the scaled unit matrix (see `shrunk`).
        Variances of single features are those of the points, however small the rank.
        """
        mean = weights @ points
        scaled = (points - mean) * np.sqrt(weights)[:, None]
        total = np.square(scaled).sum(axis=0)
        values, directions = leading_directions(lambda x: scaled.T @ (scaled @ x), points.shape[1], rank)
        factor = directions * np.sqrt(values)
        floor = RELATIVE_FLOOR * total.mean() + ABSOLUTE_FLOOR
        law = cls(mean, factor, np.maximum(total - np.square(factor).sum(axis=1), 0) + floor)
        return law.shrunk(shrinkage) if shrinkage else law

    def shrunk(self, shrinkage: float) -> LowRankDiagonal:
        """(1 - s) Sigma + s (tr Sigma / d) I: all variances nearer to their mean, the trace as before."""
        if not 0 <= shrinkage <= 1:
            raise InputError(f"a shrinkage of {shrinkage} is not between 0 and 1")
        diagonal = (1 - shrinkage) * self.diagonal + shrinkage * self.trace / len(self.mean)
        return LowRankDiagonal(self.mean, np.sqrt(1 - shrinkage) * self.factor, diagonal)

    @property
    def trace(self) -> float:
        """Trace of Sigma."""
        return float(self.diagonal.sum() + np.square(self.factor).sum())

    @one_thread()
    def distances2(self, points: Array) -> Array:
        """Squared Mahalanobis distance to the mean: [n, d] → [n]. Its average over the law itself is d.

        With y the whitened difference and V = D^-½ F it is the least of |y - V s|² + |s|² over s. That is Woodbury's
        identity, but as a sum of squares: never negative, and an error in s counts only squared.
        """
        y = (points - self.mean) / self._root
        inner = self._solved((y @ self._whitened).T)
        # once more on what is left: y may be long where the result is short, and its rounding with it
        inner += self._solved(((y - (self._whitened @ inner).T) @ self._whitened).T - inner)
        rest = y - (self._whitened @ inner).T
        return np.square(rest).sum(axis=1) + np.square(inner).sum(axis=0)

    @property
    def log_det(self) -> float:
        """Log determinant of Sigma, by the determinant lemma."""
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diagonal(self._triangle)).sum())

    def log_density(self, points: Array) -> Array:
        """Log density of the normal law with these moments: [n, d] → [n], in nats."""
        return -0.5 * (self.distances2(points) + self.log_det + len(self.mean) * np.log(2 * np.pi))

    @one_thread()
    def times(self, columns: Array) -> Array:
        """Sigma times columns: [d, m] → [d, m]."""
        return self.factor @ (self.factor.T @ columns) + self.diagonal[:, None] * columns

    @one_thread()
    def solved(self, columns: Array) -> Array:
        """Sigma⁻¹ times columns: [d, m] → [d, m]."""
        y = columns / self._root[:, None]
        return (y - self._whitened @ self._solved(self._whitened.T @ y)) / self._root[:, None]

    @one_thread()
    def inverse_diagonal(self) -> Array:
        """The diagonal of Sigma⁻¹: [d], positive. Each entry is one over a feature's variance given all the others."""
        rows = solve_triangular(self._triangle, self._whitened.T, lower=True)
        # exact arithmetic stays in (0, 1]; rounding might not
        left = np.maximum(1 - np.square(rows).sum(axis=0), np.finfo(np.float64).tiny)
        return left / self.diagonal

    @one_thread()
    def leading(self, q: int) -> tuple[Array, Array]:
        """The q largest eigenvalues of Sigma, falling, and their directions: [q], [d, q]."""
        return leading_directions(self.times, len(self.mean), q)

    @cached_property
    def _root(self) -> Array:
        return np.sqrt(self.diagonal)

    @cached_property
    def _whitened(self) -> Array:
        """V = D^-½ F: [d, R]."""
        return self.factor / self._root[:, None]

    @cached_property
    @one_thread()
    def _triangle(self) -> Array:
        """The lower Cholesky factor of I + VᵀV: [R, R]. Its eigenvalues are at least 1."""
        return np.linalg.cholesky(np.eye(self.factor.shape[1]) + self._whitened.T @ self._whitened)

    def _solved(self, right: Array) -> Array:
        """(I + VᵀV)⁻¹ times [R, m]."""
        return cho_solve((self._triangle, True), right)


def leading_directions(times: Callable[[Array], Array], d: int, q: int) -> tuple[Array, Array]:
    """The min(q, d) largest eigenvalues, falling and not negative, of a covariance known by its products, and their
    directions: [q], [d, q] with orthonormal columns whose largest entries are positive.

    times: [d, m] → [d, m]. Subspace iteration from a fixed start, so the result depends on the covariance alone.
    Source: Halko, Martinsson and Tropp 2011, algorithm 4.4.
    """
    q = min(q, d)
    if q < 1:
        return np.zeros(0), np.zeros((d, 0))
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(d, min(d, q + OVERSAMPLE))))[0]
    held = -1.0
    for _ in range(ITERATIONS):
        image = times(basis)
        inside = basis.T @ image
        values, turn = np.linalg.eigh((inside + inside.T) / 2)
        now = float(values[-q:].sum())
        directions = basis @ turn[:, ::-1][:, :q]
        if now - held <= CONVERGED * abs(now):
            break
        held, basis = now, np.linalg.qr(image)[0]
    return np.maximum(values[::-1][:q], 0), fixed_signs(directions)
