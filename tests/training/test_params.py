"""`training` in a tier."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.training.params import TrainingParams

GOOD = {"batch_size": 2, "gradient_accumulation": 32, "learning_rate": 5e-5, "max_steps": 10, "precision": "float16"}


def test_one_update_sees_batch_times_accumulation():
    """What a learning rate is meant for."""
    assert TrainingParams(**GOOD).effective_batch_size == 64


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 0},
        {"learning_rate": -1.0},
        {"max_steps": -1},
        {"precision": "fp16"},
        {"perturb": 1.0},
        {"selectors": []},
        {"selectors": ["ntlbg", "ntlbg"]},
        {"steps": {"last": 3}},
        {"likelihood": -1.0},
        {"device": "tpu"},
    ],
)
def test_what_cannot_train_is_refused(change):
    """Before weights are loaded."""
    with pytest.raises(ValidationError):
        TrainingParams(**{**GOOD, **change})


def test_stages_lie_one_after_the_other_on_one_schedule():
    """The weights of the terms depend on the progress over all three stages; a stage may have its own length."""
    params = TrainingParams(**GOOD, steps={"joint": 4})
    assert [params.steps_of(stage) for stage in ("select", "joint", "full")] == [10, 4, 10]
    assert [params.span(stage) for stage in ("select", "joint", "full")] == [(0, 24), (10, 24), (14, 24)]
