"""Made-up batches for the tests of the trained parts: no video is read."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.choice import Choice, choose, masses, scores
from ntlbg.modeling.law import ConditionalLaw


@dataclass
class Batch:
    """features [B, T, d], mask [B, T], relevance [B, T] (standardised), weights [B, T] (its tilt), query [B, e]."""

    features: Tensor
    mask: Tensor
    relevance: Tensor
    weights: Tensor
    query: Tensor

    def row(self, b: int) -> Batch:
        """One video of the batch alone, its padding cut off."""
        n = int(self.mask[b].sum())
        cut = (t[b : b + 1, :n] for t in (self.features, self.mask, self.relevance, self.weights))
        return Batch(*cut, self.query[b : b + 1])

    def chosen(self, attention: NTLBGAttention, k: int) -> tuple[ConditionalLaw, Choice, Tensor]:
        """Law, choice and masses, all the way."""
        law = attention(self.features, self.mask, self.weights, self.query)
        value = scores(law, self.features, self.mask, self.relevance, attention.gains)
        choice = choose(value, self.mask, k)
        return law, choice, masses(value, self.mask, choice.indices, self.features, choice.present)


def batch(lengths: tuple[int, ...], d: int = 32, e: int = 24, seed: int = 0) -> Batch:
    """Videos of shots, with so many frames each; padding holds NaN, which no result may show."""
    g = torch.Generator().manual_seed(seed)
    longest, size = max(lengths), len(lengths)
    mask = torch.arange(longest) < torch.tensor(lengths)[:, None]
    shots = torch.randn(size, longest // 8 + 1, d, generator=g).repeat_interleave(8, dim=1)[:, :longest]
    features = torch.nn.functional.normalize(shots + 0.5 * torch.randn(size, longest, d, generator=g), dim=-1)
    relevance = torch.randn(size, longest, generator=g)
    weights = torch.softmax(relevance.masked_fill(~mask, -torch.inf), dim=-1)
    query = torch.nn.functional.normalize(torch.randn(size, e, generator=g), dim=-1)
    nan = torch.nan
    return Batch(features.masked_fill(~mask[..., None], nan), mask, relevance.masked_fill(~mask, nan), weights, query)
