"""KL of normal laws: known values, dense and low rank alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.statistics.covariance import LowRankDiagonal
from ntlbg.statistics.divergence import kl, kl_reduced


def law_of(d, rank, seed):
    rng = np.random.default_rng(seed)
    return LowRankDiagonal(rng.normal(size=d), rng.normal(size=(d, rank)), 0.05 + rng.random(d))


def dense(law):
    return law.factor @ law.factor.T + np.diag(law.diagonal)


@given(d=st.integers(1, 30), ranks=st.tuples(st.integers(0, 6), st.integers(0, 6)), seed=st.integers(0, 500))
@settings(max_examples=60, deadline=None)
def test_low_rank_is_the_dense_formula(d, ranks, seed):
    """Against the textbook expression with inverses and determinants; also in a reduced space."""
    p, q = law_of(d, ranks[0], seed), law_of(d, ranks[1], seed + 1000)
    inverse, moved = np.linalg.inv(dense(q)), q.mean - p.mean
    logs = np.linalg.slogdet(dense(q))[1] - np.linalg.slogdet(dense(p))[1]
    expected = 0.5 * (np.trace(inverse @ dense(p)) - d + moved @ inverse @ moved + logs)
    assert kl(p, q) == pytest.approx(expected, rel=1e-6, abs=1e-7)
    assert kl_reduced(p.mean, dense(p), q.mean, dense(q)) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@given(d=st.integers(1, 30), rank=st.integers(0, 6), seed=st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_it_is_nothing_for_equal_laws_alone(d, rank, seed):
    """0 for a law and itself; positive, and the other way round something else, for two."""
    p, q = law_of(d, rank, seed), law_of(d, rank, seed + 1000)
    assert kl(p, p) == pytest.approx(0, abs=1e-9)
    assert kl(p, q) > 1e-4
    assert kl(p, q) != pytest.approx(kl(q, p), rel=1e-9)


def test_on_the_line_it_is_known():
    """N(0, 1) from N(1, 4): log 2 + (1 + 1) / 8 - 1/2, in nats; and as a mean of log densities."""
    p = LowRankDiagonal(np.zeros(1), np.zeros((1, 0)), np.ones(1))
    q = LowRankDiagonal(np.ones(1), np.zeros((1, 0)), np.full(1, 4.0))
    assert kl(p, q) == pytest.approx(np.log(2) + 0.25 - 0.5)
    points = np.random.default_rng(0).normal(size=(200_000, 1))
    assert kl(p, q) == pytest.approx(float((p.log_density(points) - q.log_density(points)).mean()), abs=5e-3)


def test_laws_without_a_divergence_are_refused():
    """Different dimensions, a covariance without density."""
    with pytest.raises(InputError, match="3 and 4 dimensions"):
        kl(law_of(3, 1, 0), law_of(4, 1, 0))
    with pytest.raises(InputError, match="not positive definite"):
        kl_reduced(np.zeros(2), np.eye(2), np.zeros(2), np.diag([1.0, 0.0]))
