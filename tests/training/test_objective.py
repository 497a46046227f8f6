"""The terms together, over the model's forward pass."""

from __future__ import annotations

import pytest
import torch

from ntlbg.training.schedule import weights
from ntlbg.training.trainable import TERMS
from tests.training.tiny import Tiny, tiny_objective, tiny_samples

SAMPLES = tiny_samples(4, seed=1)


@pytest.mark.parametrize("stage", ["select", "joint", "full"])
def test_the_loss_is_the_weighted_sum_of_the_stages_terms(stage):
    """All terms are told; those of the stage count, by (1, 2(1-p), p, 0.5), and the likelihood by its own weight."""
    objective = tiny_objective(Tiny(), stage, likelihood=0.7)
    values = objective(SAMPLES, weights(0.3))
    counts = {"task": 1.0, "constraint": 1.4, "alignment": 0.3, "context": 0.5, "likelihood": 0.7}
    assert counts.keys() <= values.keys()
    expected = sum(counts[name] * values[name].item() for name in TERMS[stage])
    assert values["loss"].item() == pytest.approx(expected, rel=1e-5)


def test_the_task_loss_reaches_law_and_question():
    """Its gradient at the weights behind mu, Sigma and the query is finite and not zero."""
    model = Tiny()
    objective = tiny_objective(model, terms=("task",))
    objective(tiny_samples(6, seed=1, pool=12), weights(0.0))["loss"].backward()
    for name, parameter in model.attention.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name
    d = model.attention.features
    for part in model.attention.residual.weight.grad.split([d, d, d, d * model.attention.own]):
        assert part.abs().max() > 0


def test_terms_that_do_not_count_have_no_gradient():
    """f_transition learns nothing in a stage without the context term, whatever the weights say."""
    objective = tiny_objective(Tiny(), "select")
    objective(SAMPLES, weights(0.5))["loss"].backward()
    assert all(p.grad is None for p in objective.transition.parameters())


def test_a_batch_is_the_mean_of_its_parts():
    """No term looks across questions."""
    objective = tiny_objective(Tiny().eval())
    whole = objective(SAMPLES, weights(0.5))
    parts = [objective([sample], weights(0.5)) for sample in SAMPLES]
    for name, value in whole.items():
        assert value.item() == pytest.approx(sum(part[name].item() for part in parts) / 4, rel=1e-3, abs=1e-5), name


def test_statistics_keep_their_precision_under_autocast():
    """bfloat16 matrix products do not touch the sums of squares; the terms stay within its rounding."""
    objective = tiny_objective(Tiny().eval())
    exact = objective(SAMPLES, weights(0.5))
    with torch.autocast("cpu", torch.bfloat16):
        rough = objective(SAMPLES, weights(0.5))
    for name in ("constraint", "likelihood", "distance", "alignment", "task"):
        assert rough[name].dtype == torch.float32
        assert rough[name].item() == pytest.approx(exact[name].item(), rel=0.05, abs=0.02), name
