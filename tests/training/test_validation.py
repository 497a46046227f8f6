"""Watching a stage."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from ntlbg.training.loop import accelerator_for
from ntlbg.training.validation import Score, marks, validate
from tests.training.tiny import Tiny, TinySample, tiny_batches, tiny_objective, tiny_params


def test_marks_are_of_the_options_alone():
    """Loss: -log of the right option's share; the first of equals counts as the answer."""
    scores = [math.log(0.2), math.log(0.1), math.log(0.1)]
    loss, right = marks(scores, 0)
    assert loss == pytest.approx(-math.log(0.5))
    assert right == 1.0
    assert marks(scores, 1) == (pytest.approx(-math.log(0.25)), 0.0)
    assert marks([-1.0, -1.0], 1)[1] == 0.0


def test_large_log_likelihoods_do_not_overflow():
    """Hundreds of nats apart."""
    assert marks([-2000.0, -1000.0], 1)[0] == pytest.approx(0.0)
    assert marks([-2000.0, -1000.0], 0)[0] == pytest.approx(1000.0)


def test_an_open_question_counts_in_the_loss_alone():
    """There is nothing to confuse its answer with."""
    assert marks([-3.5], 0) == (3.5, None)


def test_better_is_by_what_is_watched():
    """Equal accuracy by loss; equal in all is not better; without accuracy the loss decides."""
    old = Score(0, 1.0, 0.5)
    assert Score(1, 9.0, 0.6).better_than(old, "accuracy")
    assert not Score(1, 9.0, 0.6).better_than(old, "loss")
    assert Score(1, 0.9, 0.5).better_than(old, "accuracy")
    assert not Score(1, 1.0, 0.5).better_than(old, "accuracy")
    assert Score(1, 0.9, None).better_than(Score(0, 1.0, None), "accuracy")


def test_no_dropout_is_left_while_watching():
    """Neither the model's nor that of the encoder's last block beside it; afterwards all of it is as it was."""
    objective, params = tiny_objective(Tiny(dropout=0.5)), tiny_params()
    objective.last = torch.nn.Dropout(0.5)

    def seen(samples: list[TinySample]) -> list[TinySample]:
        return [replace(s, features=objective.last(torch.as_tensor(s.features)).numpy()) for s in samples]

    objective.seen = seen
    objective.train()
    scores = [validate(objective, tiny_batches(), params, accelerator_for(params), 3) for _ in range(2)]
    assert scores[0] == scores[1]
    assert objective.last.training
    assert objective.model.training
