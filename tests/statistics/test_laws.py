"""Laws on frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.statistics import laws

CURVES = st.lists(st.floats(-50, 50), min_size=1, max_size=60).map(np.array)


@given(z=CURVES, shift=st.floats(-20, 20))
def test_a_tilt_is_a_law_and_only_differences_count(z, shift):
    """Non-negative, sum 1, never less for more relevance, the same for a shifted curve."""
    weights = laws.tilt(z, (0.3, 1.0, 2.0))
    assert np.all(weights >= 0)
    assert weights.sum() == pytest.approx(1)
    assert np.all(np.diff(weights[np.argsort(z)]) >= 0)
    np.testing.assert_allclose(laws.tilt(z + shift, (0.3, 1.0, 2.0)), weights, atol=1e-9)


def test_temperatures_mix():
    """One beta is a softmax, beta 0 the plain law, several their mean."""
    z = np.array([0.0, 1.0, -2.0])
    soft = np.exp(z) / np.exp(z).sum()
    np.testing.assert_allclose(laws.tilt(z, (1.0,)), soft)
    np.testing.assert_allclose(laws.tilt(z, (0.0,)), 1 / 3)
    np.testing.assert_allclose(laws.tilt(z, (0.0, 1.0)), (soft + 1 / 3) / 2)


def test_no_score_is_too_large():
    """Exponentials do not overflow: the best frame takes all."""
    assert laws.tilt(np.array([0.0, 1e6]), (2.0,)).tolist() == [0.0, 1.0]


def test_moments_are_the_weighted_ones():
    """Mean and trace against numpy's weighted covariance."""
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(40, 3)), rng.dirichlet(np.ones(40))
    np.testing.assert_allclose(laws.mean(points, weights), np.average(points, axis=0, weights=weights))
    covariance = np.cov(points.T, aweights=weights, ddof=0)
    assert laws.trace(points, weights) == pytest.approx(np.trace(covariance))


def test_the_effective_share_counts_frames():
    """Equal weights: all; one frame of four: a quarter; two equal ones: a half."""
    assert laws.effective_share(np.full(4, 0.25)) == pytest.approx(1)
    assert laws.effective_share(np.array([1.0, 0, 0, 0])) == pytest.approx(0.25)
    assert laws.effective_share(np.array([0.5, 0.5, 0, 0])) == pytest.approx(0.5)
