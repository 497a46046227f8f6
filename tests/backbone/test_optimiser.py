"""Muon beside AdamW."""

from __future__ import annotations

import pytest
import torch

from ntlbg.backbone.optimiser import Optimiser, orthogonal, rate


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (30, 30)])
def test_updates_are_nearly_orthogonal(shape):
    """Singular values come near one, singular vectors stay."""
    torch.manual_seed(0)
    update = torch.randn(shape)
    values = torch.linalg.svdvals(orthogonal(update))
    assert values.min() > 0.3
    assert values.max() < 1.3
    assert (orthogonal(update) * update).sum() > 0


def test_it_finds_a_minimum():
    """A small regression is solved."""
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(20, 32), torch.nn.Tanh(), torch.nn.Linear(32, 20))
    x, optimiser = torch.randn(64, 20), Optimiser(net.named_parameters())
    losses = []
    for step in range(150):
        loss = ((net(x) - x) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step(rate(step, 150, 3e-3))
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


def test_the_rate_rises_once_and_falls():
    """Warm-up to the peak, then down to a twentieth."""
    rates = [rate(step, 200, 1.0) for step in range(200)]
    top = rates.index(max(rates))
    assert 0 < top <= 8
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] == pytest.approx(0.05, abs=0.01)
