"""The chances of a selector that knows nothing of the question."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import chances


def test_uniform_agrees_with_every_place():
    """Over all places of five frames among 80, eight even picks hit as often as is said."""
    picks = np.arange(8) * 10 + 5
    hits = [any(0 <= pick - place < 5 for pick in picks) for place in range(76)]
    assert chances.of_uniform(5, 80, 8) == pytest.approx(np.mean(hits))
    assert chances.of_uniform(20, 80, 8) == 1


def test_random_agrees_with_draws():
    """The exact chance is that of many draws."""
    rng = np.random.default_rng(3)
    draws = [rng.choice(60, 8, replace=False).min() < 6 for _ in range(4000)]
    assert chances.of_random(6, 60, 8) == pytest.approx(np.mean(draws), abs=0.03)
    assert chances.of_random(0, 60, 8) == 0


def test_at_least_sums_the_law():
    """Two fair coins: both with 1/4, one or more with 3/4, none or more for certain."""
    assert [chances.at_least(n, [0.5, 0.5]) for n in (0, 1, 2)] == pytest.approx([1, 0.75, 0.25])
    assert chances.at_least(2, [0.1, 0.3]) == pytest.approx(0.03)


def test_three_of_three_says_little():
    """The exact interval of three hits of three begins at the cube root of 0.025."""
    assert chances.interval(3, 3) == pytest.approx((0.025 ** (1 / 3), 1.0))
