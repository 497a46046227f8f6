"""The low rank + diagonal law against dense algebra in float64, and what pins it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.law import ConditionalLaw
from tests.modeling.made_up import batch


def law_of(d: int, rank: int, seed: int = 0, spread: float = 1.0, size: int = 2) -> ConditionalLaw:
    """A random law whose factor has columns of length about `spread` · sqrt(d)."""
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(size, d, generator=g)
    return ConditionalLaw(
        mean, spread * torch.randn(size, d, rank, generator=g), 0.05 + torch.rand(size, d, generator=g)
    )


def dense(law: ConditionalLaw, features: Tensor) -> tuple[Tensor, Tensor]:
    """Distances / d and log det through the Cholesky factor of the dense Sigma, in the precision of its parts."""
    sigma = law.factor @ law.factor.mT + torch.diag_embed(law.diagonal)
    triangle = torch.linalg.cholesky(sigma)
    solved = torch.linalg.solve_triangular(triangle, (features - law.mean[:, None]).mT, upper=False)
    d = features.shape[-1]
    return solved.square().sum(1) / d, 2 * triangle.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def leaves(law: ConditionalLaw, dtype: torch.dtype) -> ConditionalLaw:
    """A copy in another precision whose parts collect gradients."""
    return ConditionalLaw(*(t.detach().to(dtype).requires_grad_() for t in (law.mean, law.factor, law.diagonal)))


@pytest.mark.parametrize("spread", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(("d", "rank"), [(5, 8), (64, 8), (384, 16), (1152, 32)])
def test_low_rank_is_the_dense_cholesky_to_1e_4_gradients_too(d, rank, spread):
    """float32 distances, log det and their gradients against float64, also for frames in the directions of the factor.

    Where the factor outweighs the diagonal a million times, the values still hold; a gradient is then a small
    difference of large numbers, which float32 does not have.
    """
    law = law_of(d, rank, spread=spread)
    g = torch.Generator().manual_seed(1)
    inside = law.mean[:, None] + torch.randn(2, 20, rank, generator=g) @ law.factor.mT
    features = torch.cat([inside, law.mean[:, None] + torch.randn(2, 20, d, generator=g)], dim=1)
    ours, truth = leaves(law, torch.float32), leaves(law, torch.float64)
    distances, log_det = ours.distances(features), ours.log_det()
    expected, expected_log_det = dense(truth, features.double())
    torch.testing.assert_close(distances.double(), expected, rtol=1e-4, atol=0)
    torch.testing.assert_close(log_det.double(), expected_log_det, rtol=1e-4, atol=0)
    (distances.mean() + log_det.mean() / d).backward()
    (expected.mean() + expected_log_det.mean() / d).backward()
    for name in ("mean", "factor", "diagonal") if spread <= 1 else ():
        got, want = getattr(ours, name).grad.double(), getattr(truth, name).grad
        assert (got - want).norm() <= 1e-4 * want.norm(), name


def test_the_likelihood_is_the_normal_laws():
    """`nll` against torch's own low-rank normal distribution, per feature and without the constant."""
    law, d = law_of(48, 6), 48
    features = torch.randn(2, 30, d)
    weights = torch.softmax(torch.randn(2, 30), dim=-1)
    parts = (part[:, None] for part in (law.mean, law.factor, law.diagonal))
    normal = torch.distributions.LowRankMultivariateNormal(*parts)
    constant = 0.5 * torch.tensor(2 * torch.pi).log()
    expected = -(weights * normal.log_prob(features)).sum(-1) / d - constant
    torch.testing.assert_close(law.nll(features, weights), expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=30)
@given(frames=st.integers(1, 70), chunk=st.integers(1, 80), seed=st.integers(0, 1000))
def test_any_chunk_gives_the_same_distances(frames, chunk, seed):
    """Chunks bound the memory and change nothing."""
    law = law_of(24, 4, seed)
    features = torch.randn(2, frames, 24, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(law.distances(features, chunk), law.distances(features), rtol=1e-5, atol=1e-6)


def test_half_precision_features_are_measured_in_float32():
    """Under bf16 autocast, as without it, the law's numbers are float32 and the same."""
    law = law_of(64, 8)
    features = torch.randn(2, 10, 64)
    weights = torch.full((2, 10), 0.1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = law.distances(features), law.log_det(), law.nll(features, weights)
    for got, want in zip(inside, (law.distances(features), law.log_det(), law.nll(features, weights)), strict=True):
        assert got.dtype == torch.float32
        assert torch.equal(got, want)
    assert law.distances(features.bfloat16()).dtype == torch.float32


def trained(constraint: float, likelihood: float, steps: int = 250) -> tuple[Tensor, Tensor]:
    """Mean distance of the weighted frames and log det of a law trained on these two terms: ([B], [B]).

    constraint: weight of the picks' squared distance from one shell (their median), in units of their mean distance
    as in training; likelihood: of `nll`.
    """
    torch.manual_seed(1)
    videos = batch((200, 160))
    features, weights = videos.features.nan_to_num(), videos.weights
    attention = NTLBGAttention(32, 24)
    optimiser = torch.optim.Adam(attention.parameters(), 1e-2)
    for _ in range(steps):
        law = attention(features, videos.mask, weights, videos.query)
        picks = law.distances(features)[:, :160:4]
        far = (picks - picks.median(dim=-1, keepdim=True).values) / picks.mean(dim=-1, keepdim=True)
        shell = far.square().mean()
        loss = constraint * shell + likelihood * law.nll(features, weights).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        law = attention(features, videos.mask, weights, videos.query)
        return (weights * law.distances(features)).sum(-1), law.log_det()


@pytest.fixture(scope="module")
def anchored() -> Tensor:
    """The log det that the frames alone ask for."""
    return trained(constraint=0.0, likelihood=1.0)[1]


def sound(distance: Tensor, log_det: Tensor, anchored: Tensor) -> bool:
    """Whether a law still measures the frames: they are at distance 1, and Sigma is no larger than theirs."""
    in_range = bool(((distance >= 0.8) & (distance <= 1.25)).all())
    return in_range and bool(((log_det - anchored).abs() <= 0.05 * anchored.abs()).all())


def test_the_likelihood_keeps_the_law_on_its_frames(anchored):
    """With the shell's weight at its highest in the schedule, mean d²/d stays in [0.8, 1.25] and log det within 5 %."""
    assert sound(*trained(constraint=2.0, likelihood=1.0), anchored)


def test_without_the_likelihood_the_law_degenerates(anchored):
    """Nothing ties Sigma to the frames any more: the same condition fails, so the likelihood is what holds it."""
    assert not sound(*trained(constraint=2.0, likelihood=0.0), anchored)
