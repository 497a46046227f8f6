"""Weights of the terms, and the learning rate."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from ntlbg.training.schedule import FLOOR, progress, rate, weights


@pytest.mark.parametrize(("p", "expected"), [(0.0, (1, 2, 0, 0.5)), (0.5, (1, 1, 0.5, 0.5)), (1.0, (1, 0, 1, 0.5))])
def test_weights_are_one_two_minus_p_p_half(p, expected):
    """task, constraint, alignment, context: (1, 2(1-p), p, 0.5)."""
    assert astuple(weights(p)) == expected


@pytest.mark.parametrize("total", [2, 3, 600])
def test_progress_begins_at_zero_and_ends_at_one(total):
    """p = step / (total - 1): the last update really has p = 1."""
    assert progress(0, total) == 0.0
    assert progress(total - 1, total) == 1.0
    assert progress(1, total) == 1 / (total - 1)


def test_a_single_update_has_no_way_to_go():
    """One update in all three stages: p = 0, not a division by zero."""
    assert progress(0, 1) == 0.0


def test_the_rate_rises_then_falls_to_its_floor():
    """Linear warm-up to the peak, a cosine to a twentieth of it; it never exceeds the peak and never reaches 0."""
    rates = [rate(step, 100, 2.0, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == rates[10] == 2.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(2.0 * FLOOR)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_stages_have_a_rate(steps):
    """Every update of a stage of any length has a positive rate."""
    assert all(0 < rate(step, steps, 1.0) <= 1.0 for step in range(steps))
