"""The terms of the training loss, each as one value per question [B].

A value of a question depends on that question alone, never on its batch: so the mean over a batch is the mean over
the parts it may be split into, and accumulation of n parts equals one batch.
Letters: B questions, T candidate frames, d features, k picks, p tokens of a point, D language model width, c context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from ntlbg.training.reference import Reference

IGNORED = -100  # label of a token that is no part of the answer
SPREAD = 0.05  # standard deviation below which a context feature counts as collapsing
EPSILON = 1e-6


def mean_over(values: Tensor, real: Tensor) -> Tensor:
    """Mean of [B, n] over the places where `real` [B, n] holds; 0 for a row without any."""
    real = real.to(values.dtype)
    return (values * real).sum(-1) / real.sum(-1).clamp(min=1)


def task_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """-log P(answer | points, question): the mean over the answer's tokens, each predicted from what precedes it.

    logits: [B, L, V]; labels: [B, L], the input's own tokens where they are the answer's, IGNORED elsewhere. The
    shift happens here: logits at place i are judged by the label at i + 1. Returns [B].
    """
    predicted, wanted = logits[:, :-1].float(), labels[:, 1:]
    losses = functional.cross_entropy(predicted.transpose(1, 2), wanted, ignore_index=IGNORED, reduction="none")
    return mean_over(losses, wanted != IGNORED)


def contour(
    picked: Tensor, present: Tensor, everything: Tensor, law: Tensor, target: Literal["median", "argmin"]
) -> Tensor:
    """The contour c [B] (a squared distance over d) on which the picks should lie.

    picked: [B, k] distances of the picks; everything: [B, T] of all frames; law: [B, T] their weights.
    median: of the picks. argmin: the ellipsoid nearest to all frames, which minimises the law's mean of
    (√distance - √c)²; that is √c = the mean of √distance. (Taken over the picks' own distances the argmin is their
    mean, and says nothing of the video.) It scales with the distances, gradient included.
    """
    if target == "argmin":
        return (law * everything.clamp(min=EPSILON**2).sqrt()).sum(-1).square()
    hidden = picked.masked_fill(~present, float("inf")).sort(-1).values
    middle = ((present.sum(-1) - 1).clamp(min=0) // 2)[:, None]
    return hidden.gather(-1, middle)[:, 0].nan_to_num(posinf=0.0)


def constraint_loss(picked: Tensor, present: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """(mean over the picks of (distance - c)², in units of their mean distance squared [B]; the picks' coefficient of
    variation [B]).

    picked: [B, k] squared Mahalanobis distances divided by d. c: [B]. The mean, not the sum, over the picks: a larger
    budget does not weigh more. In absolute units the loss has a way out, a wider Sigma, which makes it small without
    any merit and, with one far pick, outweighs every other term; in these units no scale changes it. Scale and shape
    are left to `likelihood_loss`, without which they drift.
    """
    picked = picked.float()
    mean = mean_over(picked, present)
    unit = mean.clamp(min=EPSILON)
    loss = mean_over((picked - c[:, None]).square(), present) / unit.square()
    variance = mean_over((picked - mean[:, None]).square(), present)
    return loss, (variance.sqrt() / unit).detach()


def likelihood_loss(law: Any, features: Tensor, weights: Tensor) -> Tensor:
    """Negative log-likelihood per dimension [B] of all frames under (mu_Q, Sigma_Q), weighted by the tilted law.

    law: a ConditionalLaw. It is least where Sigma is the frames' own covariance, and grows without bound as Sigma
    widens or narrows: with it the mean distance of the frames stays at d.
    """
    return law.nll(features, weights).float()


def gaussian_kl(mean: Tensor, covariance: Tensor, to_mean: Tensor, to_covariance: Tensor) -> Tensor:
    """KL(N(mean, covariance) ‖ N(to_mean, to_covariance)) [B] in nats, closed form.

    means: [B, r]; covariances: [B, r, r], positive definite. float64 inside: points far from what is expected have
    covariances whose eigenvalues float32 cannot hold together.
    """
    kind = mean.dtype
    mean, covariance, to_mean, to_covariance = (t.double() for t in (mean, covariance, to_mean, to_covariance))
    mine, other = torch.linalg.cholesky(covariance), torch.linalg.cholesky(to_covariance)
    mine, other = torch.broadcast_tensors(mine, other)
    ratio = torch.linalg.solve_triangular(other, mine, upper=False)
    offset = torch.linalg.solve_triangular(other, (to_mean - mean)[..., None], upper=False)
    log_det = 2 * (other.diagonal(dim1=-2, dim2=-1).log() - mine.diagonal(dim1=-2, dim2=-1).log()).sum(-1)
    square = ratio.square().sum((-2, -1)) + offset.square().sum((-2, -1))
    return (0.5 * (square - mean.shape[-1] + log_det)).to(kind)


def isotropic_kl(square: Tensor, variance: Tensor, to_variance: Tensor, dimensions: int) -> Tensor:
    """The same for N(m, variance·I) against N(0, to_variance·I). square: |m|² [B]."""
    ratio = variance / to_variance
    return 0.5 * (dimensions * (ratio - 1 - ratio.log()) + square / to_variance)


def alignment_loss(embeds: Tensor, present: Tensor, reference: Reference) -> Tensor:
    """KL(points' embeddings ‖ what the language model expects of frames) per dimension [B].

    embeds: [B, k, p, D]. present: [B, k]. Both laws are Gaussian with a full covariance in the reference's r leading
    directions and one variance for the rest. k points span k - 1 directions at most, so the points' covariance is
    shrunk towards the reference's by r / (r + n), n = k·p: it is positive definite, and the loss finite, for any k.
    """
    B, k, p, D = embeds.shape
    x = embeds.float().reshape(B, k * p, D) - reference.mean
    real = present[:, :, None].expand(B, k, p).reshape(B, k * p).to(x.dtype)
    count = real.sum(-1).clamp(min=1)
    z = x @ reference.basis.T  # in the leading directions: [B, n, r]
    r = z.shape[-1]

    def mean_of(values: Tensor) -> Tensor:
        return (values * real[..., None]).sum(1) / count[:, None]

    centre = mean_of(z)
    off = (z - centre[:, None]) * real[..., None]
    sample = off.transpose(1, 2) @ off / count[:, None, None]
    shrink = (r / (r + count))[:, None, None]
    expected = torch.diag(reference.variances)
    covariance = (1 - shrink) * sample + shrink * expected
    inside = gaussian_kl(centre, covariance, torch.zeros_like(centre), expected)
    if r == D:
        return inside / D
    middle = mean_of(x)
    square = (middle.square().sum(-1) - centre.square().sum(-1)).clamp(min=0)
    around = (x - middle[:, None]).square().sum(-1) - (z - centre[:, None]).square().sum(-1)
    rest = (around.clamp(min=0) * real).sum(-1) / count / (D - r)
    shrunk = (1 - shrink[:, 0, 0]) * rest + shrink[:, 0, 0] * reference.rest
    return (inside + isotropic_kl(square, shrunk, reference.rest, D - r)) / D


class Transition(nn.Module):
    """f_transition: the next context feature from this one and both visual features.

    forward(c [B, k-1, c], r_i [B, k-1, D], r_j [B, k-1, D]) -> [B, k-1, c].
    """

    def __init__(self, context: int, visual: int, hidden: int = 64) -> None:
        super().__init__()
        self.look = nn.Linear(visual, hidden)
        self.mix = nn.Sequential(nn.Linear(context + 2 * hidden, hidden), nn.GELU(), nn.Linear(hidden, context))

    def forward(self, context: Tensor, here: Tensor, there: Tensor) -> Tensor:
        seen = functional.layer_norm(torch.stack([here, there]), here.shape[-1:])
        near, far = self.look(seen)
        return self.mix(torch.cat([context, near, far], dim=-1))


def context_loss(transition: Transition, context: Tensor, visual: Tensor, present: Tensor, times_s: Tensor) -> Tensor:
    """How badly f_transition foretells each pick's context from the one before, in units of its variance [B].

    context: [B, k, c]; visual: [B, k, D]; picks sorted by time, times_s [B, k]. 0 for fewer than three picks.
    Guards against collapse: the target carries no gradient (it does not come to meet the prediction); it is
    standardised over the question's own picks (shrinking everything gains nothing); and features whose spread falls
    below SPREAD cost up to 1 (a constant context costs as much as foretelling nothing).
    Neighbours weigh by exp(-gap / median gap): over a long gap there is little to be continuous.
    """
    context, visual = context.float(), visual.float()
    pair = present[:, 1:] & present[:, :-1]
    real = present.to(context.dtype)[..., None]
    count = real.sum(1).clamp(min=1)
    mean = (context * real).sum(1) / count
    spread = (((context - mean[:, None]) * real).square().sum(1) / count + EPSILON**2).sqrt()
    target = ((context - mean[:, None]) / spread[:, None].clamp(min=EPSILON)).detach()[:, 1:]
    said = transition(context[:, :-1], visual[:, :-1], visual[:, 1:])
    missed = (said - target).square().mean(-1)
    gaps = (times_s[:, 1:] - times_s[:, :-1]).float().clamp(min=0)
    usual = gaps.masked_fill(~pair, float("nan")).nanmedian(-1).values.nan_to_num(1.0).clamp(min=EPSILON)
    weight = torch.exp(-gaps / usual[:, None]) * pair
    foretold = (missed * weight).sum(-1) / weight.sum(-1).clamp(min=EPSILON)
    collapsed = functional.relu(1 - spread / SPREAD).square().mean(-1)
    return torch.where(present.sum(-1) >= 3, foretold + collapsed, torch.zeros_like(foretold))
