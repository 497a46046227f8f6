"""The trainable choice: scores of frames under a law, a hard top-k with soft gradients, and the masses of the picks.

Letters: B batch, T frames, d features, k picks. In the forward pass the choice is exact: k different frames, in time
order. In the backward pass each pick hands the gradient of the log of its soft responsibility to the scores, and by
them to mean, factor and diagonal of the law; the masses do the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ntlbg.modeling.law import ConditionalLaw, exact, without_autocast

OUT = -1e30  # the score of a frame that is not there: its softmax is 0, and unlike -inf it makes no NaN in a gradient
LEAST_SPREAD = 1e-6  # variance of distances below which they are all alike
LEAST_WIDTH = 1e-3  # least width of a cell, in mean squared distances of frames and picks


@dataclass(frozen=True, eq=False)
class Choice:
    """indices: [B, k] long; picks first and rising, then 0 where there were fewer than k frames to choose from.

    present: [B, k] bool, which entries are picks. gate: [B, k], 1 at a pick and 0 elsewhere; it carries the gradient.
    """

    indices: Tensor
    present: Tensor
    gate: Tensor


def scores(law: ConditionalLaw, features: Tensor, mask: Tensor, relevance_z: Tensor, gains: Tensor) -> Tensor:
    """gains[0] · relevance - gains[1] · distance to the law, both in standard deviations over the video: [B, T].

    features: [B, T, d]. mask: [B, T] bool. relevance_z: [B, T], robust standard deviations. gains: [2].
    Distances are standardised since they crowd at 1 for large d; padding scores OUT.
    """
    with without_autocast(features):
        distance = law.distances(features.masked_fill(~mask[..., None], 0))
        count = mask.sum(-1, keepdim=True).clamp(min=1)
        centred = (distance - (distance * mask).sum(-1, keepdim=True) / count) * mask
        spread = (centred.square().sum(-1, keepdim=True) / count + LEAST_SPREAD).sqrt()
        weigh = exact(gains)
        return (weigh[0] * exact(relevance_z) - weigh[1] * centred / spread).masked_fill(~mask, OUT)


def choose(
    scores: Tensor, allowed: Tensor, k: int, *, temperature: float = 1.0, noise: torch.Generator | None = None
) -> Choice:
    """The k frames of highest score among those allowed; all of them where there are fewer.

    scores: [B, T]. allowed: [B, T] bool, False at padding. temperature: > 0, of the soft responsibilities
    softmax(scores / temperature) over the allowed frames, whose log the gate's gradient is. noise: with a generator
    the ranking is Gumbel-perturbed: a draw without replacement from the same responsibilities (training only).
    Ties go to the earlier frame.
    """
    logits = exact(scores) / temperature
    ranking = logits.detach()
    if noise is not None:
        uniform = torch.rand(logits.shape, generator=noise, device=noise.device, dtype=torch.float64)
        gumbel = -torch.log(-torch.log(uniform.clamp(1e-12, 1 - 1e-12)))
        ranking = ranking + gumbel.to(logits)
    order = ranking.masked_fill(~allowed, -torch.inf).sort(dim=-1, descending=True, stable=True).indices
    batch, frames = scores.shape
    width = min(k, frames)
    present = torch.arange(k, device=scores.device) < allowed.sum(-1, keepdim=True).clamp(max=width)
    picks = order.new_full((batch, k), frames)  # sorts last
    picks[:, :width] = order[:, :width]
    indices = picks.masked_fill(~present, frames).sort(dim=-1).values.masked_fill(~present, 0)
    responsible = torch.log_softmax(logits.masked_fill(~allowed, OUT), dim=-1).gather(-1, indices)
    gate = (1 + responsible - responsible.detach()) * present
    return Choice(indices, present, gate)


def masses(scores: Tensor, mask: Tensor, indices: Tensor, features: Tensor, present: Tensor | None = None) -> Tensor:
    """How much of the video each pick stands for: [B, k], sum 1 over the picks, 0 at entries that are none.

    scores: [B, T]. mask: [B, T] bool. indices: [B, k] as in `Choice`. features: [B, T, d]. present: [B, k] bool; left
    out, it is read off the indices, which rise as long as they are picks.
    Every frame has the weight softmax(scores); it goes to the picks by nearness in the features, in cells as wide as
    the mean squared distance to the nearest pick.
    """
    if present is None:
        present = torch.cat([torch.ones_like(indices[:, :1], dtype=torch.bool), indices.diff(dim=-1) > 0], dim=-1)
    with without_autocast(features):
        x = exact(features).masked_fill(~mask[..., None], 0)
        count = mask.sum(-1).clamp(min=1)
        x = (x - x.sum(1, keepdim=True) / count[:, None, None]) * mask[..., None]  # distances lose fewer digits
        picked = x.gather(1, indices[..., None].expand(-1, -1, x.shape[-1]))
        squares = x.square().sum(-1)[..., None] + picked.square().sum(-1)[:, None] - 2 * (x @ picked.mT)
        squares = squares.clamp(min=0)
        near = squares.masked_fill(~present[:, None], torch.inf).amin(-1)
        pairs = (mask[..., None] & present[:, None]).to(x)
        overall = (squares * pairs).sum((1, 2)) / pairs.sum((1, 2)).clamp(min=1)
        width = torch.maximum((near * mask).nan_to_num(posinf=0).sum(-1) / count, LEAST_WIDTH * overall).detach()
        width = width.clamp(min=torch.finfo(x.dtype).tiny ** 0.5)[:, None, None]
        # from the nearest pick on, so that a far frame belongs to somebody too
        far = (squares - near.nan_to_num(posinf=0)[..., None]) / width
        share = torch.softmax((-far).masked_fill(~present[:, None], OUT), dim=-1) * present[:, None]
        weight = torch.softmax(exact(scores).masked_fill(~mask, OUT), dim=-1) * mask
        spread = (weight[..., None] * share).sum(1)
        return spread / spread.sum(-1, keepdim=True).clamp(min=torch.finfo(x.dtype).tiny)
