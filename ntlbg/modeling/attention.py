"""NTLBGAttention: the law (mu_Q, Sigma_Q) of a question on a video, as a learned residual on its tilted moments.

Letters: B batch, T frames, d features, e query width, R columns of the factor.

The relevance-tilted frames give mean, leading directions and left-over variances; the query moves them. The residual
is small at the start but not zero: a zero one would pass no gradient to the weights that read the query. What it does
to the factor (scaling features, adding columns of its own) does not depend on the signs and order of the directions,
which are arbitrary. A dense d×d head would need d³ weights (68.7 billion at d = 4096) and give no covariance.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, normalize

from ntlbg.modeling.law import ConditionalLaw, exact, without_autocast
from ntlbg.modeling.moments import weighted_moments

__all__ = ["ConditionalLaw", "NTLBGAttention"]

START = 0.02  # standard deviation of the residual before training, in standard deviations of a feature
FLOOR = 1e-3  # least diagonal, in mean variances: it bounds the condition number of Sigma
LIMIT = 2.0  # a log scale is moved by less than this: no step of training can overflow the law
GAINS = (1.0, 0.25)  # of relevance and of nearness to the law, in `choice.scores`


class NTLBGAttention(nn.Module):
    """features: d. query: e. rank: columns of the factor; a quarter of them, rounded down, are the query's own.

    gains: [2], the weights of relevance and law in `choice.scores`; trained with the rest.
    """

    def __init__(self, features: int, query: int, rank: int = 8, hidden: int = 64) -> None:
        super().__init__()
        self.features, self.rank = features, rank
        self.own = rank // 4
        self.read = nn.Linear(query, hidden)
        self.residual = nn.Linear(hidden, features * (3 + self.own))
        self.gains = nn.Parameter(torch.tensor(GAINS))
        nn.init.normal_(self.residual.weight, std=START / math.sqrt(hidden))
        nn.init.zeros_(self.residual.bias)

    def forward(self, features: Tensor, mask: Tensor, weights: Tensor, query: Tensor) -> ConditionalLaw:
        """features: [B, T, d]. mask: [B, T] bool, False at padding. weights: [B, T], the tilted law of each question
        (sum 1 over its frames). query: [B, e]; only its direction counts, and zeros stand for "no vector".
        """
        real = exact(weights) * mask
        real = real / real.sum(-1, keepdim=True).clamp(min=torch.finfo(real.dtype).tiny)
        # what lies in padding must not count, not even as 0 · infinity
        base = weighted_moments(features.masked_fill(~mask[..., None], 0), real, self.rank - self.own)
        shift, stretch, spread, own = self._residual(query)
        with without_autocast(features):
            scale = base.variance.sqrt()[:, None]
            mean = base.mean + scale * shift
            factor = torch.cat([stretch[..., None] * base.factor, scale[..., None] * own], dim=-1)
            diagonal = FLOOR * base.variance[:, None] + spread * base.diagonal
        return ConditionalLaw(mean, factor, diagonal)

    def _residual(self, query: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What the query does: shift [B, d], factors of the directions' and of the diagonal's scale [B, d], columns
        [B, d, own]; float32."""
        # unit vectors have entries of 1/sqrt(e): brought to 1, so that the bias does not drown the question
        hidden = gelu(self.read(normalize(exact(query), dim=-1) * math.sqrt(query.shape[-1])))
        out = exact(self.residual(layer_norm(hidden, hidden.shape[-1:])))
        shift, stretch, spread, own = out.split([self.features] * 3 + [self.features * self.own], dim=-1)
        return shift, _bounded_exp(stretch), _bounded_exp(spread), own.unflatten(-1, (self.features, self.own))


def _bounded_exp(x: Tensor) -> Tensor:
    """exp(x) near 0, between exp(-LIMIT) and exp(LIMIT) everywhere."""
    return (LIMIT * torch.tanh(x / LIMIT)).exp()
