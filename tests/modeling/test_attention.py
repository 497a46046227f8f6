"""The law of a question: positive definite at any start, moved by the question, trained by the task."""

from __future__ import annotations

import pytest
import torch

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.choice import choose, masses, scores
from ntlbg.modeling.rich_points import RichPointConstructor
from tests.modeling.made_up import Batch, batch

BUDGET = 2_000_000  # parameters at d = 4096; a dense head would have 68.7 billion


def check_initialisations(d: int, times: int) -> None:
    """So many random starts, in turn the module's own and ones 10 and 100 times as wild: Sigma positive definite,
    distances ≥ 0, everything finite."""
    torch.manual_seed(d)
    videos = batch((24,), d=d, e=8)
    attention = NTLBGAttention(d, 8)
    sizes = {linear: float(linear.weight.detach().std()) for linear in (attention.read, attention.residual)}
    for n in range(times):
        with torch.no_grad():
            for linear, size in sizes.items():
                linear.weight.normal_(std=size * 10 ** (n % 3))
                linear.bias.normal_(std=size * 10 ** (n % 3))
            law = attention(videos.features, videos.mask, videos.weights, torch.randn(1, 8))
            distances, log_det = law.distances(videos.features), law.log_det()
        # F Fᵀ is never negative; what is left to show is that the diagonal is positive
        assert float(law.diagonal.min()) > 0
        for part in (law.factor, law.mean, distances, log_det):
            assert bool(part.isfinite().all())
        assert float(distances.min()) >= 0
        if d <= 64:
            sigma = law.factor.double() @ law.factor.double().mT + torch.diag_embed(law.diagonal.double())
            assert float(torch.linalg.eigvalsh(sigma).min()) > 0


@pytest.mark.parametrize(("d", "times"), [(64, 300), (1152, 60), (4096, 15)])
def test_sigma_is_positive_definite_at_any_start(d, times):
    """Random initialisations, in turn the module's own and ones 10 and 100 times as wild."""
    check_initialisations(d, times)


@pytest.mark.slow
@pytest.mark.parametrize("d", [64, 1152, 4096])
def test_sigma_is_positive_definite_at_a_thousand_starts(d):
    """The same a thousand times, at the widths of real encoders too."""
    check_initialisations(d, 1000)


def test_parameters_stay_within_the_budget():
    """At d = 4096 and a query as wide: below two million."""
    assert sum(p.numel() for p in NTLBGAttention(4096, 4096).parameters()) < BUDGET


def test_a_fresh_law_is_close_to_the_frames_own():
    """Before training the residual is small: frames are at distance about 1, and the mean is the tilted mean."""
    torch.manual_seed(0)
    videos = batch((300,))
    with torch.no_grad():
        law = NTLBGAttention(32, 24)(videos.features, videos.mask, videos.weights, videos.query)
    distance = (videos.weights * law.distances(videos.features)).sum(-1)
    assert 0.8 < float(distance) < 1.25
    mean = (videos.weights[..., None] * videos.features).sum(1)
    spread = (videos.features - mean[:, None]).square().mean().sqrt()
    moved = float(((law.mean - mean) / spread).square().mean().sqrt())
    assert 0.005 < moved < 0.08


def test_padding_changes_nothing():
    """A ragged batch, whatever lies in its padding, gives what its videos give one by one."""
    torch.manual_seed(0)
    attention = NTLBGAttention(32, 24)
    videos = batch((300, 1, 77))
    law = attention(videos.features, videos.mask, videos.weights, videos.query)
    for b in range(3):
        alone = videos.row(b)
        single = attention(alone.features, alone.mask, alone.weights, alone.query)
        torch.testing.assert_close(single.mean[0], law.mean[b], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(single.diagonal[0], law.diagonal[b], rtol=1e-4, atol=1e-5)
        sigma = law.factor[b] @ law.factor[b].T  # the columns' signs are free
        torch.testing.assert_close(single.factor[0] @ single.factor[0].T, sigma, rtol=1e-4, atol=1e-5)


def test_a_question_without_a_vector_has_a_law():
    """A query of zeros stands for none: finite, and gradients too."""
    videos = batch((20,))
    attention = NTLBGAttention(32, 24)
    law = attention(videos.features, videos.mask, videos.weights, torch.zeros(1, 24))
    law.nll(videos.features, videos.weights).sum().backward()
    assert bool(law.mean.isfinite().all())
    assert all(bool(p.grad.isfinite().all()) for p in attention.parameters() if p.grad is not None)


@pytest.mark.parametrize("allowed", ["all frames", "the picks of a rule"])
def test_the_task_loss_trains_mu_sigma_and_the_query_weights(allowed):
    """A loss on the tokens that the language model would read has a non-zero, finite gradient at all of them, from the
    first step on; also where a rule has chosen and only masses and gates are learned."""
    torch.manual_seed(0)
    videos = batch((120, 80))
    videos.features, videos.relevance = videos.features.nan_to_num(), videos.relevance.nan_to_num()
    attention, constructor = NTLBGAttention(32, 24), RichPointConstructor(32, 48, 16, 8, 48)
    law = attention(videos.features, videos.mask, videos.weights, videos.query)
    for part in (law.mean, law.factor, law.diagonal):
        part.retain_grad()
    k = 12
    value = scores(law, videos.features, videos.mask, videos.relevance, attention.gains)
    some = torch.zeros_like(videos.mask)
    some[:, 3 : 3 + 5 * k : 5] = True
    choice = choose(value, videos.mask if allowed == "all frames" else some, k)
    mass = masses(value, videos.mask, choice.indices, videos.features, choice.present)
    times = torch.arange(120.0).expand(2, -1)
    visual = torch.randn(2, k, 1, 48)
    rich = constructor(
        videos.features,
        videos.mask,
        times,
        torch.tensor([120.0, 80.0]),
        choice.indices,
        choice.present,
        visual,
        mass,
        choice.gate,
    )
    logits = rich.embeds.mean((1, 2)) @ torch.randn(48, 5)
    torch.nn.functional.cross_entropy(logits, torch.tensor([1, 3])).backward()
    gradients = {
        "mu": law.mean.grad,
        "factor": law.factor.grad,
        "diagonal": law.diagonal.grad,
        "query": attention.read.weight.grad,
        "residual": attention.residual.weight.grad,
        "gains": attention.gains.grad,
    }
    for name, gradient in gradients.items():
        assert bool(gradient.isfinite().all()), name
        assert float(gradient.abs().max()) > 1e-9, name


def other_question(videos: Batch, seed: int) -> Batch:
    """The same videos, asked something else: another vector and another relevance."""
    other = batch(tuple(int(n) for n in videos.mask.sum(-1)), seed=seed)
    return Batch(videos.features, videos.mask, other.relevance, other.weights, other.query)


def test_another_question_changes_the_choice():
    """On one video two questions choose other frames; and so do two vectors alone, relevance being equal."""
    torch.manual_seed(0)
    attention = NTLBGAttention(32, 24)
    videos = batch((400,))
    _, first, _ = videos.chosen(attention, 32)
    _, second, _ = other_question(videos, 9).chosen(attention, 32)
    assert first.indices.tolist() != second.indices.tolist()
    values = []
    for query in (videos.query, -videos.query):
        law = attention(videos.features, videos.mask, videos.weights, query)
        values.append(scores(law, videos.features, videos.mask, torch.zeros_like(videos.relevance), attention.gains))
    one, two = (choose(v, videos.mask, 32).indices.tolist() for v in values)
    assert one != two


def test_bf16_agrees_with_fp32_on_the_frames():
    """Under autocast no number is NaN, statistics are float32, and at least 95 % of the indices are the same."""
    torch.manual_seed(0)
    attention = NTLBGAttention(256, 24)
    videos = batch((1000, 600), d=256)
    usual = videos.chosen(attention, 64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = videos.chosen(attention, 64)
    same = sum(len(set(a) & set(b)) for a, b in zip(usual[1].indices.tolist(), low[1].indices.tolist(), strict=True))
    assert same >= 0.95 * 2 * 64
    for part in (low[0].mean, low[0].factor, low[0].diagonal, low[1].gate, low[2]):
        assert part.dtype == torch.float32
        assert bool(part.isfinite().all())
