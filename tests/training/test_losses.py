"""Each term of the loss: what it is, and that it cannot be made small without merit."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.rich_points import RichPointConstructor
from ntlbg.training.losses import (
    IGNORED,
    Transition,
    alignment_loss,
    constraint_loss,
    context_loss,
    contour,
    gaussian_kl,
    likelihood_loss,
    task_loss,
)
from ntlbg.training.reference import Reference, measure
from ntlbg.training.schedule import progress, weights


@pytest.fixture(autouse=True)
def seeded():
    """The same numbers in every run of a test."""
    torch.manual_seed(7)


# --- task


def test_the_task_loss_judges_each_token_by_what_precedes_it():
    """Shifted: a model that foretells the next token has no loss, one that copies its input has a large one."""
    ids = torch.tensor([[3, 1, 4, 2, 0]])
    labels = torch.tensor([[IGNORED, IGNORED, 4, 2, 0]])
    foretells, copies = (torch.zeros(1, 5, 6) for _ in range(2))
    for place in range(4):
        foretells[0, place, ids[0, place + 1]] = 50
    for place in range(5):
        copies[0, place, ids[0, place]] = 50
    assert task_loss(foretells, labels).item() == pytest.approx(0.0, abs=1e-6)
    assert task_loss(copies, labels).item() > 10


def test_the_task_loss_is_causal():
    """Gradient reaches only the places before answer tokens: neither the last place nor the question's."""
    logits = torch.randn(2, 6, 5, requires_grad=True)
    labels = torch.tensor([[IGNORED, IGNORED, IGNORED, 2, 1, IGNORED], [IGNORED, IGNORED, IGNORED, IGNORED, 0, 3]])
    task_loss(logits, labels).sum().backward()
    reached = (logits.grad.abs().sum(-1) > 0).tolist()
    assert reached == [[False, False, True, True, False, False], [False, False, False, True, True, False]]


def test_the_task_loss_is_the_answers_mean_over_its_tokens():
    """Two answers of different lengths count alike, and equal a computation by hand."""
    logits = torch.randn(2, 4, 5)
    labels = torch.tensor([[IGNORED, 2, IGNORED, IGNORED], [IGNORED, 1, 4, 0]])
    log_p = torch.log_softmax(logits, -1)
    by_hand = [-log_p[0, 0, 2], -(log_p[1, 0, 1] + log_p[1, 1, 4] + log_p[1, 2, 0]) / 3]
    assert torch.allclose(task_loss(logits, labels), torch.stack(by_hand))


# --- constraint and likelihood


def test_the_contour_is_the_median_of_the_picks_present():
    """Entries that are no picks take no part; where there are none it is 0."""
    picked = torch.tensor([[3.0, 1.0, 2.0, 99.0], [5.0, 99.0, 99.0, 99.0], [99.0] * 4])
    present = torch.tensor([[True, True, True, False], [True, False, False, False], [False] * 4])
    assert contour(picked, present, picked, torch.full_like(picked, 0.25), "median").tolist() == [2.0, 5.0, 0.0]


def test_the_argmin_contour_is_nearest_to_all_frames():
    """Of all ellipsoids it has the least mean squared distance to the frames, in the law's own space."""
    everything = torch.rand(1, 50) * 3
    law = torch.softmax(torch.randn(1, 50), -1)
    c = contour(everything, torch.ones(1, 50, dtype=torch.bool), everything, law, "argmin")

    def error(value: torch.Tensor) -> float:
        return (law * (everything.sqrt() - value.sqrt()).square()).sum().item()

    assert all(error(c) <= error(c * factor) for factor in (0.5, 0.9, 0.99, 1.01, 1.1, 2.0))


def test_the_constraint_is_zero_on_one_ellipsoid_only():
    """The seed's (d² - c)², by hand."""
    present = torch.tensor([[True, True, True, False]])
    on = torch.tensor([[2.0, 2.0, 2.0, 9.0]])
    loss, variation = constraint_loss(on, present, torch.tensor([2.0]))
    assert (loss.item(), variation.item()) == (0.0, 0.0)
    loss, variation = constraint_loss(torch.tensor([[1.0, 2.0, 3.0, 9.0]]), present, torch.tensor([2.0]))
    assert loss.item() == pytest.approx(2 / 3 / 4)
    assert variation.item() == pytest.approx((2 / 3) ** 0.5 / 2)


@pytest.mark.parametrize("target", ["median", "argmin"])
def test_a_wider_sigma_does_not_lower_the_constraint(target):
    """All distances a hundredth: the same loss, and no gradient in that direction."""
    everything, present = 0.1 + torch.rand(2, 40), torch.ones(2, 9, dtype=torch.bool)
    law = torch.softmax(torch.randn(2, 40), -1)
    scale = torch.ones((), requires_grad=True)

    def loss(factor: torch.Tensor) -> torch.Tensor:
        distances = factor * everything
        picked = distances[:, :9]
        return constraint_loss(picked, present, contour(picked, present, distances, law, target))[0].sum()

    assert loss(torch.tensor(0.01)).item() == pytest.approx(loss(scale).item(), rel=1e-3)
    loss(scale).backward()
    assert abs(scale.grad.item()) < 1e-4


def degenerate(likelihood: float, constraint: bool = True, steps: int = 100) -> tuple[float, float]:
    """(mean d²/d of all frames, log det Sigma) after training attention on the seed's schedule.

    likelihood: its weight. constraint: whether it is there at all.
    """
    torch.manual_seed(0)
    B, T, d, k = 4, 100, 16, 12
    frames = torch.randn(B, T, d) @ (torch.randn(B, d, d) / d**0.5) + torch.randn(B, 1, d)
    law_weights = torch.softmax(0.5 * torch.randn(B, T), -1)
    query, mask = torch.randn(B, 8), torch.ones(B, T, dtype=torch.bool)
    picks = torch.stack([torch.randperm(T)[:k].sort().values for _ in range(B)])
    present = torch.ones_like(picks, dtype=torch.bool)
    attention = NTLBGAttention(d, 8)
    optimiser = torch.optim.Adam(attention.parameters(), lr=1e-2)
    for step in range(steps):
        law = attention(frames, mask, law_weights, query)
        distances = law.distances(frames)
        picked = distances.gather(1, picks)
        c = contour(picked, present, distances, law_weights, "median")
        unequal, _ = constraint_loss(picked, present, c)
        terms = constraint * weights(progress(step, steps)).constraint * unequal
        loss = (terms + likelihood * likelihood_loss(law, frames, law_weights)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    law = attention(frames, mask, law_weights, query)
    return (law_weights * law.distances(frames)).sum(-1).mean().item(), law.log_det().mean().item()


def test_the_likelihood_keeps_the_law_from_degenerating():
    """With all terms mean d²/d stays near 1 and log det where the likelihood alone puts it; without it both drift."""
    distance, log_det = degenerate(likelihood=1.0)
    _, anchored = degenerate(likelihood=1.0, constraint=False)
    assert 0.8 <= distance <= 1.25
    assert log_det == pytest.approx(anchored, rel=0.05)
    distance, log_det = degenerate(likelihood=0.0)
    assert not 0.8 <= distance <= 1.25
    assert log_det != pytest.approx(anchored, rel=0.05)


# --- alignment


def test_kl_equals_that_of_torch_distributions():
    """The closed form, against an implementation that is not ours."""
    r, B = 5, 3
    means, targets = torch.randn(B, r), torch.randn(B, r)
    a, b = torch.randn(B, r, r), torch.randn(B, r, r)
    mine, other = a @ a.mT + torch.eye(r), b @ b.mT + torch.eye(r)
    expected = kl_divergence(MultivariateNormal(means, mine), MultivariateNormal(targets, other))
    assert torch.allclose(gaussian_kl(means, mine, targets, other), expected, rtol=1e-4, atol=1e-5)


def test_the_alignment_is_the_kl_of_the_whole_space():
    """Leading directions and rest together equal the dense KL of the two laws they stand for."""
    D, r, n = 6, 3, 40
    reference = measure([torch.randn(500, D).numpy() @ torch.randn(D, D).numpy()], rank=r)
    embeds = torch.randn(2, n, 1, D)
    present = torch.ones(2, n, dtype=torch.bool)
    got = alignment_loss(embeds, present, reference)
    basis = reference.basis
    projector = torch.eye(D) - basis.T @ basis
    expected_covariance = basis.T @ torch.diag(reference.variances) @ basis + reference.rest * projector
    for row in range(2):
        x = embeds[row, :, 0]
        mean, centred = x.mean(0), x - x.mean(0)
        sample, shrink = centred.T @ centred / n, r / (r + n)
        inside = (1 - shrink) * basis @ sample @ basis.T + shrink * torch.diag(reference.variances)
        rest = (1 - shrink) * torch.trace(projector @ sample) / (D - r) + shrink * reference.rest
        covariance = basis.T @ inside @ basis + rest * projector
        dense = kl_divergence(
            MultivariateNormal(mean, covariance), MultivariateNormal(reference.mean, expected_covariance)
        )
        assert got[row].item() == pytest.approx(dense.item() / D, rel=1e-3)


@pytest.mark.parametrize("k", [1, 2, 7])
def test_the_alignment_is_finite_for_fewer_points_than_directions(k):
    """k < d: the points' covariance is singular, its shrunk form is not; the gradient is finite too."""
    reference = measure([torch.randn(300, 32).numpy()], rank=16)
    embeds = torch.randn(2, k, 1, 32, requires_grad=True)
    loss = alignment_loss(embeds, torch.ones(2, k, dtype=torch.bool), reference)
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(embeds.grad).all()


def test_the_alignment_ignores_what_is_no_pick():
    """Entries that are no picks change nothing."""
    reference = measure([torch.randn(300, 8).numpy()], rank=4)
    embeds = torch.randn(1, 5, 2, 8)
    present = torch.tensor([[True, True, True, False, False]])
    other = embeds.clone()
    other[:, 3:] = 100.0
    assert torch.allclose(alignment_loss(embeds, present, reference), alignment_loss(other, present, reference))
    assert torch.allclose(
        alignment_loss(embeds, present, reference),
        alignment_loss(embeds[:, :3], present[:, :3], reference),
        rtol=1e-5,
    )


def test_the_alignment_is_least_where_points_are_as_expected():
    """Draws from the reference itself align better than shifted or stretched ones."""
    reference = Reference(torch.zeros(8), torch.eye(8)[:4], torch.ones(4), torch.tensor(1.0))
    present = torch.ones(1, 400, dtype=torch.bool)
    drawn = torch.randn(1, 400, 1, 8)
    alike = alignment_loss(drawn, present, reference)
    assert alike < 0.05
    assert alignment_loss(drawn + 2, present, reference) > 10 * alike
    assert alignment_loss(3 * drawn, present, reference) > 10 * alike


# --- context


def trained_context(shuffled: bool, steps: int = 120) -> tuple[float, float]:
    """(context loss, least spread of a context feature) after training constructor and transition on it alone.

    The videos are new at every step, so that nothing is learnt by heart.
    """
    torch.manual_seed(1)
    B, T, d, k, D = 8, 60, 10, 15, 8
    look = torch.randn(d, D) / d**0.5
    picks = torch.arange(0, T, T // k)[:k].expand(B, k)
    mask, present = torch.ones(B, T, dtype=torch.bool), torch.ones(B, k, dtype=torch.bool)
    times = torch.arange(T, dtype=torch.float32).expand(B, T)
    constructor = RichPointConstructor(d, D, 6, 8, D, window=2, hidden=16)
    transition = Transition(6, D, 16)
    optimiser = torch.optim.Adam([*constructor.parameters(), *transition.parameters()], lr=1e-2)
    even, gate = torch.full((B, k), 1 / k), torch.ones(B, k)
    last = []
    for _ in range(steps):
        frames = torch.randn(B, T, d).cumsum(1) / 4
        if shuffled:
            frames = torch.stack([video[torch.randperm(T)] for video in frames])
        visual = (frames @ look).gather(1, picks[..., None].expand(B, k, D))
        rich = constructor(
            frames, mask, times, torch.full((B,), float(T)), picks, present, visual[:, :, None], even, gate
        )
        loss = context_loss(transition, rich.context, visual, present, times.gather(1, picks)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        last = [*last[-19:], loss.item()]
    return sum(last) / len(last), rich.context.std(1).min().item()


def test_the_context_loss_does_not_fall_to_zero_on_shuffled_frames():
    """Nothing can be foretold there, and no collapse makes it look otherwise; where time has an order it falls."""
    loss, spread = trained_context(shuffled=True)
    assert loss > 0.85
    assert spread > 0.01
    assert trained_context(shuffled=False)[0] < loss - 0.08


def test_a_constant_context_is_no_way_out():
    """Collapse costs as much as foretelling nothing, however well f copies it."""
    transition = Transition(6, 8, 16)
    context = torch.full((2, 9, 6), 0.3)
    loss = context_loss(
        transition, context, torch.randn(2, 9, 8), torch.ones(2, 9, dtype=torch.bool), torch.arange(9.0).expand(2, 9)
    )
    assert (loss >= 0.9).all()


def test_shrinking_the_context_gains_nothing():
    """The target is standardised: a context of half the size is not half as hard to foretell."""
    transition = Transition(6, 8, 16)
    for parameter in transition.mix[-1].parameters():
        torch.nn.init.zeros_(parameter)  # foretells the mean whatever it sees
    context, visual = torch.randn(2, 9, 6), torch.randn(2, 9, 8)
    present, times = torch.ones(2, 9, dtype=torch.bool), torch.arange(9.0).expand(2, 9)
    large = context_loss(transition, context, visual, present, times)
    assert torch.allclose(large, context_loss(transition, 0.5 * context, visual, present, times), rtol=1e-4)


def test_the_context_target_carries_no_gradient():
    """The last pick's context is a target only: nothing pulls it towards the prediction."""
    transition = Transition(6, 8, 16)
    context = torch.randn(1, 4, 6, requires_grad=True)
    context_loss(
        transition, context, torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.bool), torch.arange(4.0)[None]
    ).sum().backward()
    assert context.grad[0, -1].abs().max() == 0
    assert context.grad[0, 0].abs().max() > 0


def test_context_of_absent_picks_changes_nothing():
    """Entries after the last pick are neither target nor source; fewer than three picks have no transition."""
    transition = Transition(6, 8, 16)
    context, visual = torch.randn(1, 6, 6), torch.randn(1, 6, 8)
    times = torch.tensor([[0.0, 1.0, 3.0, 4.0, 0.0, 0.0]])
    present = torch.tensor([[True] * 4 + [False] * 2])
    whole = context_loss(transition, context, visual, present, times)
    assert torch.allclose(
        whole, context_loss(transition, context[:, :4], visual[:, :4], present[:, :4], times[:, :4]), rtol=1e-5
    )
    assert context_loss(transition, context[:, :2], visual[:, :2], present[:, :2], times[:, :2]).item() == 0.0
