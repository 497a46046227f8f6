"""The trainable choice and the masses of its picks."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.choice import choose, masses, scores
from tests.modeling.made_up import batch


@pytest.mark.parametrize("k", [1, 6, 512, 1024])
@pytest.mark.parametrize("frames", [1, 5, 1000, 4096, 8192])
def test_min_k_t_unique_sorted_frames_and_no_padding(frames, k):
    """For every length and budget: min(k, T) different frames in time order, in range, and a mask for the rest; in a
    batch with a shorter video padding is never chosen."""
    shorter = max(1, frames // 3)
    videos = batch((frames, shorter), d=8, e=4)
    torch.manual_seed(0)
    with torch.no_grad():
        _, choice, mass = videos.chosen(NTLBGAttention(8, 4), k)
    assert choice.indices.shape == choice.present.shape == choice.gate.shape == mass.shape == (2, k)
    for row, length in enumerate((frames, shorter)):
        picks = choice.indices[row][choice.present[row]]
        assert len(picks) == min(k, length)
        assert bool((picks.diff() > 0).all())
        assert int(picks.min()) >= 0
        assert int(picks.max()) < length
        assert choice.present[row].tolist() == [True] * len(picks) + [False] * (k - len(picks))
        assert choice.gate[row].tolist() == choice.present[row].float().tolist()
        assert float(mass[row].sum()) == pytest.approx(1, abs=1e-4)
        assert bool((mass[row][~choice.present[row]] == 0).all())


@settings(max_examples=60)
@given(
    values=st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    k=st.integers(1, 35),
    data=st.data(),
)
def test_the_highest_scores_are_chosen_and_ties_go_to_the_earlier(values, k, data):
    """Against a plain sort in Python, with frames that may not be chosen."""
    allowed = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    choice = choose(torch.tensor([values], dtype=torch.float32), torch.tensor([allowed]), k)
    order = sorted((-v, t) for t, (v, a) in enumerate(zip(values, allowed, strict=True)) if a)
    assert choice.indices[0][choice.present[0]].tolist() == sorted(t for _, t in order[:k])
    assert bool(choice.gate.isfinite().all())


def test_the_gate_hands_over_the_soft_responsibility():
    """Its value is 1; its gradient is that of log softmax, to chosen and unchosen frames, none to the others."""
    value = torch.tensor([[0.3, 2.0, -1.0, 0.7, 5.0]], requires_grad=True)
    allowed = torch.tensor([[True, True, True, True, False]])
    choice = choose(value, allowed, 2, temperature=0.5)
    assert choice.indices.tolist() == [[1, 3]]
    pull = torch.tensor([[1.0, -2.0]])
    (choice.gate * pull).sum().backward()
    soft = torch.softmax(value.detach()[:, :4] / 0.5, dim=-1)
    expected = torch.tensor([[0.0, 1.0, 0.0, -2.0]]) - soft * pull.sum()
    torch.testing.assert_close(value.grad[:, :4], expected / 0.5)
    assert float(value.grad[0, 4]) == 0


def test_noise_draws_from_the_responsibilities():
    """Perturbed choices of one frame come as often as softmax says, and repeat for the same generator."""
    value = torch.tensor([0.0, 1.0, 2.0, 9.0]).expand(20_000, 4)
    allowed = torch.tensor([True, True, True, False]).expand(20_000, 4)
    drawn = choose(value, allowed, 1, noise=torch.Generator().manual_seed(3)).indices[:, 0]
    again = choose(value, allowed, 1, noise=torch.Generator().manual_seed(3)).indices[:, 0]
    assert torch.equal(drawn, again)
    share = torch.bincount(drawn, minlength=4) / len(drawn)
    expected = torch.cat([torch.softmax(value[0, :3], dim=-1), torch.zeros(1)])
    torch.testing.assert_close(share, expected, atol=0.015, rtol=0)


def test_scores_weigh_relevance_and_law():
    """More relevance scores higher; a frame nearer to the law too; padding is out, and no score is NaN."""
    torch.manual_seed(0)
    videos = batch((60, 40))
    attention = NTLBGAttention(32, 24)
    law = attention(videos.features, videos.mask, videos.weights, videos.query)
    by_relevance = scores(law, videos.features, videos.mask, videos.relevance, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(by_relevance[videos.mask], videos.relevance[videos.mask])
    by_law = scores(law, videos.features, videos.mask, videos.relevance, torch.tensor([0.0, 1.0]))
    distance = law.distances(videos.features)
    for row, length in enumerate((60, 40)):
        assert by_law[row, :length].argsort().tolist() == distance[row, :length].argsort(descending=True).tolist()
        assert float(by_law[row, :length].detach().mean()) == pytest.approx(0, abs=1e-4)
    assert float(by_law[1, 40:].max()) < -1e20


def test_masses_follow_the_weight_of_the_cells():
    """Two tight groups with a pick each: each pick stands for the weight of its own group."""
    g = torch.Generator().manual_seed(0)
    centres = torch.zeros(1, 30, 8)
    centres[:, 20:, 0] = 10.0
    features = centres + 0.01 * torch.randn(1, 30, 8, generator=g)
    mask = torch.ones(1, 30, dtype=torch.bool)
    mass = masses(torch.zeros(1, 30), mask, torch.tensor([[4, 25]]), features)
    torch.testing.assert_close(mass, torch.tensor([[20 / 30, 10 / 30]]), atol=1e-3, rtol=0)


def test_masses_of_a_ragged_batch_are_those_of_its_videos():
    """Padding takes part in nothing, and where `present` is left out it is read off the indices."""
    torch.manual_seed(0)
    attention = NTLBGAttention(32, 24)
    videos = batch((90, 5, 40))
    law, choice, mass = videos.chosen(attention, 12)
    value = scores(law, videos.features, videos.mask, videos.relevance, attention.gains)
    torch.testing.assert_close(masses(value, videos.mask, choice.indices, videos.features), mass)
    for row in range(3):
        _, single_choice, single = videos.row(row).chosen(attention, 12)
        assert single_choice.indices.tolist() == choice.indices[row : row + 1].tolist()
        torch.testing.assert_close(single[0], mass[row], atol=1e-5, rtol=1e-4)


def test_masses_carry_a_gradient_to_the_scores():
    """Finite everywhere and non-zero at real frames, also where all frames are alike."""
    for features in (torch.randn(1, 20, 4), torch.ones(1, 20, 4)):
        value = torch.randn(1, 20, requires_grad=True)
        mass = masses(value, torch.ones(1, 20, dtype=torch.bool), torch.tensor([[2, 9, 0]]), features)
        (mass * torch.tensor([1.0, -1.0, 0.0])).sum().backward()
        assert bool(value.grad.isfinite().all())
        assert float(mass.sum()) == pytest.approx(1, abs=1e-5)
    assert float(mass[0, 2]) == 0
