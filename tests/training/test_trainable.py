"""What each stage trains, and that it trains nothing else."""

from __future__ import annotations

import pytest
import torch

from ntlbg.errors import NTLBGError
from ntlbg.training.loop import fit
from ntlbg.training.trainable import TERMS, group_of, groups, optimiser_groups, set_trainable
from tests.training.tiny import Tiny, tiny_objective, tiny_params


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("model.attention.residual.weight", "ours"),
        ("model.constructor.leave.bias", "ours"),
        ("model.adapter.model.base_model.model.language_model.layers.0.q_proj.lora_A.default.weight", "lora"),
        ("model.adapter.model.base_model.model.language_model.layers.0.q_proj.base_layer.weight", "base"),
        ("model.adapter.model.visual.blocks.0.attention.weight", "base"),
        ("transition.look.weight", "transition"),
        ("last.block.mlp.fc1.weight", "encoder"),
        ("last.norm.weight", "base"),
    ],
)
def test_names_tell_the_group(name, group):
    """A vision tower's own `attention` is the answerer's, not ours."""
    assert group_of(name) == group


def test_stages_add_terms_and_never_drop_one():
    """The last stage has them all; the likelihood is wherever the constraint is."""
    assert set(TERMS["select"]) < set(TERMS["joint"]) < set(TERMS["full"])
    assert set(TERMS["full"]) == {"task", "constraint", "likelihood", "context", "alignment"}
    assert all("likelihood" in terms for terms in TERMS.values() if "constraint" in terms)
    assert groups("joint") == groups("full")
    assert [stage for stage in ("select", "joint", "full") if "encoder" in groups(stage, True)] == ["select"]


@pytest.mark.parametrize("stage", ["select", "joint", "full"])
def test_parameters_outside_a_stages_set_are_bit_identical_after_it(stage, batches, checkpoints):
    """And those inside it have moved, in every group that the stage trains."""
    objective = tiny_objective(Tiny(), stage)
    before = {name: p.detach().clone() for name, p in objective.named_parameters()}
    fit(objective, batches, tiny_params(), stage=stage, seed=1, checkpoints=checkpoints, log=lambda step, values: None)
    moved = {name for name, p in objective.named_parameters() if not torch.equal(p, before[name])}
    assert {group_of(name) for name in moved} == set(groups(stage))


def test_a_group_without_parameters_is_an_error():
    """A stage that should train LoRA matrices does not silently train less."""
    model = Tiny()
    model.adapter = torch.nn.Linear(2, 2)
    with pytest.raises(NTLBGError, match="no parameters of the group `lora`"):
        set_trainable(tiny_objective(model), "joint")


def test_only_matrices_decay_and_lora_has_its_own_rate():
    """Biases and gains are not drawn to zero."""
    trained = set_trainable(tiny_objective(Tiny()), "full")
    found = optimiser_groups(trained, tiny_params(weight_decay=0.1, learning_rate=1e-3, lora_learning_rate=2e-4))
    assert sum(len(group["params"]) for group in found) == len(trained)
    for group in found:
        assert group["weight_decay"] == (0.1 if group["params"][0].ndim > 1 else 0.0)
    assert {group["peak"] for group in found} == {1e-3, 2e-4}
