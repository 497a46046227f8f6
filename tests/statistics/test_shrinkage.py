"""Ledoit and Wolf's shrinkage against scikit-learn, and with weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf_shrinkage

from ntlbg.errors import InputError
from ntlbg.statistics import shrinkage
from ntlbg.statistics.shrinkage import ledoit_wolf


@given(n=st.integers(2, 60), d=st.integers(2, 60), seed=st.integers(0, 500))
@settings(max_examples=60, deadline=None)
def test_equal_weights_give_the_published_estimate(n, d, seed):
    """More features than points or fewer; as scikit-learn computes it."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, d)) * rng.exponential(size=d) + rng.normal(size=d)
    assert ledoit_wolf(points) == pytest.approx(ledoit_wolf_shrinkage(points), abs=1e-8)


@given(seed=st.integers(0, 200), d=st.sampled_from([3, 30]))
@settings(max_examples=30, deadline=None)
def test_weights_are_the_definition(seed, d):
    """The sum of w_i² |x xᵀ - S|² over |S - (tr S / d) I|², with dense matrices."""
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(12, d)) * rng.exponential(size=d), rng.dirichlet(np.ones(12))
    x = points - weights @ points
    s = (x * weights[:, None]).T @ x
    variance = sum(w**2 * np.square(np.outer(row, row) - s).sum() for w, row in zip(weights, x, strict=True))
    distance = np.square(s - np.trace(s) / d * np.eye(d)).sum()
    assert ledoit_wolf(points, weights) == pytest.approx(min(1.0, variance / distance))


def test_blocks_change_nothing(monkeypatch):
    """Both sides, in blocks smaller than they are."""
    rng = np.random.default_rng(0)
    for shape in ((40, 90), (90, 40)):
        points = rng.normal(size=shape) * rng.exponential(size=shape[1])
        whole = ledoit_wolf(points)
        monkeypatch.setattr(shrinkage, "ROWS", 7)
        assert ledoit_wolf(points) == pytest.approx(whole, rel=1e-10)
        monkeypatch.undo()


def test_less_is_shrunk_with_more_points():
    """Ten times the points, about a tenth of the shrinkage; equal points are shrunk whole; none are refused."""
    rng = np.random.default_rng(0)
    scale = np.linspace(0.2, 3, 10)
    few, many = (ledoit_wolf(rng.normal(size=(n, 10)) * scale) for n in (100, 1000))
    assert 0 < many < 0.2 * few
    assert ledoit_wolf(np.ones((5, 3))) == 1.0
    with pytest.raises(InputError):
        ledoit_wolf(np.zeros((0, 3)))
