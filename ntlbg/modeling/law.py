"""ConditionalLaw: the Gaussian law of a question on a video's features, low rank + diagonal.

Letters: B batch, T frames, d features, R columns of the factor. Sigma = F Fᵀ + diag(D) with D > 0 is positive definite
whatever F is, and a dense d×d matrix is never made: distances cost T·d·R and systems are R×R.
Distances are divided by d, so that 1 is what a frame of the law itself has on average, at every d.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LOW = (torch.float16, torch.bfloat16)


def exact(x: Tensor) -> Tensor:
    """float32 instead of half precision: sums of squares over thousands of features need the digits."""
    return x.float() if x.dtype in LOW else x


def without_autocast(x: Tensor) -> torch.autocast:
    """A block in which matrix products on x's device keep their precision."""
    return torch.autocast(device_type=x.device.type, enabled=False)


@dataclass(frozen=True, eq=False)
class ConditionalLaw:
    """mean: [B, d]. factor: [B, d, R]. diagonal: [B, d], positive. Sigma = factor factorᵀ + diag(diagonal)."""

    mean: Tensor
    factor: Tensor
    diagonal: Tensor

    def distances(self, features: Tensor, chunk: int | None = None) -> Tensor:
        """Squared Mahalanobis distance of each frame to the mean, divided by d: [B, T, d] → [B, T].

        chunk: frames treated at a time (memory, never the result); None takes all at once.
        With y the whitened difference and V the whitened factor it is min over s of |y - V s|² + |s|². The minimum is
        Woodbury's identity, but as a sum of squares: never negative, and an error in s counts only squared.
        """
        with without_autocast(features):
            x, mean, diagonal = exact(features), exact(self.mean), exact(self.diagonal)
            root = diagonal.rsqrt()[:, None]
            whitened, triangle = self._whitened()
            whitened = whitened.to(x.dtype)
            parts = x.split(chunk or max(1, x.shape[1]), dim=1)
            return torch.cat([_squares((part - mean[:, None]) * root, whitened, triangle) for part in parts], dim=1)

    def log_det(self) -> Tensor:
        """Log determinant of Sigma: [B], by the determinant lemma."""
        with without_autocast(self.mean):
            _, triangle = self._whitened()
            low_rank = 2 * triangle.diagonal(dim1=-2, dim2=-1).log().sum(-1)
            diagonal = exact(self.diagonal)
            return diagonal.log().sum(-1) + low_rank.to(diagonal.dtype)

    def nll(self, features: Tensor, weights: Tensor) -> Tensor:
        """Negative log-likelihood of the weighted frames per feature, less the constant ½ log 2π: [B].

        weights: [B, T], sum 1, 0 at padding. It pins mean, scale and shape of the law to the frames: by it a law
        cannot make all distances small, or all equal, by growing.
        """
        d = self.mean.shape[-1]
        return 0.5 * ((exact(weights) * self.distances(features)).sum(-1) + self.log_det() / d)

    def _whitened(self) -> tuple[Tensor, Tensor]:
        """V = D^-½ F: [B, d, R], and the Cholesky factor of I + VᵀV: [B, R, R], both in float64.

        The eigenvalues run from 1 to the ratio of F's part to D, which float32 may not hold.
        """
        whitened = self.factor.double() * self.diagonal.double().rsqrt()[..., None]
        unit = torch.eye(whitened.shape[-1], dtype=whitened.dtype, device=whitened.device)
        return whitened, torch.linalg.cholesky(unit + whitened.mT @ whitened)


def _squares(y: Tensor, whitened: Tensor, triangle: Tensor) -> Tensor:
    """yᵀ (I + V Vᵀ)⁻¹ y / d of each row: [B, n, d] → [B, n]."""
    with torch.no_grad():  # at a minimum over s the derivative by s is zero
        inner = _solved((y @ whitened).mT, triangle)  # [B, R, n]
        # once more on what is left: y may be long where the result is short, and its rounding with it
        inner += _solved(((y - (whitened @ inner).mT) @ whitened).mT - inner, triangle)
    rest = y - (whitened @ inner).mT
    return (rest.square().sum(-1) + inner.square().sum(-2)) / y.shape[-1]


def _solved(right: Tensor, triangle: Tensor) -> Tensor:
    """(I + VᵀV)⁻¹ times [B, R, n], solved in the precision of the triangle."""
    return torch.cholesky_solve(right.to(triangle.dtype), triangle).to(right.dtype)
