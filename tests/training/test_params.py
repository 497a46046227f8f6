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
    "change", [{"batch_size": 0}, {"learning_rate": -1.0}, {"max_steps": -1}, {"precision": "fp16"}]
)
def test_what_cannot_train_is_refused(change):
    """Before weights are loaded."""
    with pytest.raises(ValidationError):
        TrainingParams(**{**GOOD, **change})
