"""Moments of weighted frames as low rank + diagonal: where the learned law starts from.

Letters: B batch, T frames, d features, R directions. Everything is float32 or better; padded frames have weight 0 and
change nothing but rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ntlbg.modeling.law import exact, without_autocast

OVERSAMPLE = 8  # further columns of the subspace iteration: the last wanted direction converges with the first
ITERATIONS = 4
RELATIVE_FLOOR = 1e-6  # of the mean square of the features: the variance of a video of one picture
ABSOLUTE_FLOOR = 1e-8  # where even the features are zero


@dataclass(frozen=True, eq=False)
class Moments:
    """mean: [B, d]. factor: [B, d, R]. diagonal: [B, d], not negative. variance: [B], positive, the mean over features.

    factor factorᵀ + diag(diagonal) has the diagonal of the shrunk covariance, and its leading directions.
    """

    mean: Tensor
    factor: Tensor
    diagonal: Tensor
    variance: Tensor


def weighted_moments(features: Tensor, weights: Tensor, rank: int) -> Moments:
    """features: [B, T, d]. weights: [B, T], sum 1, 0 at padding. rank: directions kept, at most d.

    Shrunk by rank / (rank + n), n the effective number of frames: `rank` directions are not to be learnt from fewer
    frames than that. Directions shrink to nothing and left-over variances to their own mean: the mean of all variances
    would drown them where a few directions hold nearly everything, and every frame would seem near. Gradients reach
    the features through mean and variances; the directions themselves are constants, as their derivative is infinite
    where two variances meet.
    """
    with without_autocast(features):
        x, w = exact(features), exact(weights)
        mean = (w[..., None] * x).sum(1)
        scaled = (x - mean[:, None]) * w.sqrt()[..., None]
        total = scaled.square().sum(1)  # [B, d], the diagonal of the covariance
        variance = total.mean(-1) + RELATIVE_FLOOR * mean.square().mean(-1) + ABSOLUTE_FLOOR
        directions = leading(scaled.detach(), min(rank, x.shape[-1]))
        along = (scaled @ directions).square().sum(1)  # [B, R]
        shrinkage = (rank / (rank + 1 / w.square().sum(-1)))[:, None]
        left = (total - (directions.square() * along[:, None]).sum(-1)).clamp(min=0)
        diagonal = (1 - shrinkage) * left + shrinkage * left.mean(-1, keepdim=True)
        # the smallest number keeps the root's derivative finite where the frames span no such direction
        length = ((1 - shrinkage) * along + torch.finfo(x.dtype).tiny).sqrt()
        return Moments(mean, directions * length[:, None], diagonal, variance)


@torch.no_grad()
def leading(rows: Tensor, rank: int) -> Tensor:
    """Orthonormal leading right singular directions of [B, T, d]: [B, d, rank], by subspace iteration.

    The start is the same for every video, so the result depends on the rows alone. Source: Halko, Martinsson and
    Tropp 2011, algorithm 4.4.
    """
    d = rows.shape[-1]
    width = min(d, rank + OVERSAMPLE)
    start = torch.randn(d, width, generator=torch.Generator().manual_seed(0), dtype=rows.dtype).to(rows.device)
    basis = torch.linalg.qr(start.expand(len(rows), d, width))[0]
    for _ in range(ITERATIONS):
        basis = torch.linalg.qr(rows.mT @ (rows @ basis))[0]
    inside = rows @ basis
    turn = torch.linalg.eigh(inside.mT @ inside)[1].flip(-1)  # eigenvalues come in rising order
    return basis @ turn[..., :rank]
