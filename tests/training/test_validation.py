"""Watching a stage."""

from __future__ import annotations

import math

import pytest

from ntlbg.training.validation import Score, marks


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
