"""Low rank + diagonal against dense algebra in float64."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from ntlbg.errors import InputError
from ntlbg.statistics.covariance import LowRankDiagonal, leading_directions


def law_of(d, rank, seed=0, spread=1.0):
    """A random law whose factor has columns of length about `spread` · sqrt(d)."""
    rng = np.random.default_rng(seed)
    return LowRankDiagonal(rng.normal(size=d), spread * rng.normal(size=(d, rank)), 0.05 + rng.random(d))


def dense(law):
    """Sigma in full: for tests of few dimensions."""
    return law.factor @ law.factor.T + np.diag(law.diagonal)


@pytest.mark.parametrize(("spread", "off"), [(0.01, 1e-9), (1.0, 1e-9), (1000.0, 1e-6)])
@pytest.mark.parametrize(("d", "rank"), [(5, 8), (64, 0), (384, 16)])
def test_distances_and_log_det_are_the_dense_cholesky_ones(d, rank, spread, off):
    """To 1e-4 relative and better, also for points in the directions of the factor.

    Where the factor outweighs the diagonal a million times, the dense matrix itself has lost the last digits.
    """
    law = law_of(d, rank, spread=spread)
    rng = np.random.default_rng(1)
    points = law.mean + np.concatenate([rng.normal(size=(9, rank)) @ law.factor.T + 0.1, rng.normal(size=(9, d))])
    triangle = np.linalg.cholesky(dense(law))
    expected = np.square(np.linalg.solve(triangle, (points - law.mean).T)).sum(axis=0)
    np.testing.assert_allclose(law.distances2(points), expected, rtol=off)
    assert law.log_det == pytest.approx(2 * np.log(np.diagonal(triangle)).sum(), rel=off)


@given(
    d=st.integers(1, 40), rank=st.integers(0, 12), seed=st.integers(0, 500), spread=st.sampled_from([0.1, 1.0, 10.0])
)
@settings(max_examples=60, deadline=None)
def test_every_product_is_the_dense_one(d, rank, seed, spread):
    """Sigma x, Sigma⁻¹ x, the diagonal of Sigma⁻¹ and the trace."""
    law = law_of(d, rank, seed, spread)
    sigma, columns = dense(law), np.random.default_rng(seed).normal(size=(d, 3))
    np.testing.assert_allclose(law.times(columns), sigma @ columns, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(sigma @ law.solved(columns), columns, atol=1e-7)
    np.testing.assert_allclose(law.inverse_diagonal(), np.diagonal(np.linalg.inv(sigma)), rtol=1e-6)
    assert law.trace == pytest.approx(np.trace(sigma))
    assert np.all(law.distances2(columns.T) >= 0)


def test_the_density_is_scipys():
    """Log density of the normal law, in nats."""
    law = law_of(12, 3)
    points = np.random.default_rng(2).normal(size=(7, 12))
    expected = multivariate_normal(law.mean, dense(law)).logpdf(points)
    np.testing.assert_allclose(law.log_density(points), expected, rtol=1e-9)


@given(n=st.integers(1, 40), d=st.integers(1, 30), rank=st.integers(0, 8), seed=st.integers(0, 300))
@settings(max_examples=50, deadline=None)
def test_a_fitted_law_has_the_points_moments(n, d, rank, seed):
    """Mean and variances of single features are the weighted points' whatever the rank; Sigma is positive definite."""
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(n, d)), rng.dirichlet(np.ones(n))
    law = LowRankDiagonal.fitted(points, weights, rank)
    centred = points - weights @ points
    variances = weights @ centred**2
    np.testing.assert_allclose(law.mean, weights @ points)
    got = law.diagonal + np.square(law.factor).sum(axis=1)
    np.testing.assert_allclose(got, variances, atol=2e-6 * variances.mean() + 1e-9)
    assert law.diagonal.min() > 0
    assert np.isfinite(law.log_det)


def test_a_fitted_law_of_full_rank_is_the_sample_covariance():
    """All directions kept: the dense weighted covariance, but for the floor."""
    rng = np.random.default_rng(0)
    points, weights = rng.normal(size=(200, 6)) * np.arange(1, 7), np.full(200, 1 / 200)
    law = LowRankDiagonal.fitted(points, weights, 6)
    np.testing.assert_allclose(dense(law), np.cov(points.T, bias=True), atol=1e-4)


def test_shrinking_keeps_the_trace_and_ends_at_the_scaled_unit():
    """(1 - s) Sigma + s (tr / d) I, for s between none and all; other s are refused."""
    law = law_of(10, 3)
    for s in (0.0, 0.3, 1.0):
        expected = (1 - s) * dense(law) + s * np.trace(dense(law)) / 10 * np.eye(10)
        np.testing.assert_allclose(dense(law.shrunk(s)), expected, atol=1e-12)
    with pytest.raises(InputError, match="not between"):
        law.shrunk(1.5)


@given(d=st.integers(1, 40), q=st.integers(0, 6), seed=st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_leading_directions_are_the_eigenvectors(d, q, seed):
    """Values to 1e-6, orthonormal directions, largest entries positive; never more than there are."""
    law = law_of(d, 6, seed)
    values, directions = law.leading(q)
    expected = np.linalg.eigvalsh(dense(law))[::-1][: min(q, d)]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    np.testing.assert_allclose(directions.T @ directions, np.eye(min(q, d)), atol=1e-10)
    assert all(column[np.argmax(np.abs(column))] > 0 for column in directions.T)


def test_directions_of_nothing_are_orthonormal_too():
    """A covariance of zeros has eigenvalues 0 and still an orthonormal basis; asked again it is the same."""
    one, other = (leading_directions(np.zeros_like, 7, 3) for _ in range(2))
    assert one[0].tolist() == [0.0] * 3
    np.testing.assert_allclose(one[1].T @ one[1], np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(one[1], other[1])


def test_no_dense_matrix_is_made():
    """At 4,096 features nothing of the size d × d (128 MiB) is ever allocated."""
    law = law_of(4096, 8)
    points = np.random.default_rng(0).normal(size=(32, 4096))
    tracemalloc.start()
    law.distances2(points)
    law.inverse_diagonal()
    law.leading(3)
    LowRankDiagonal.fitted(points, np.full(32, 1 / 32), 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20
    assert np.isfinite(law.log_det)


def test_what_is_no_law_is_refused():
    """Shapes that do not fit, values that are not finite, a diagonal that is not positive."""
    ones = np.ones(3)
    for parts, words in (
        ((ones, np.ones((2, 1)), ones), "are not"),
        ((ones, np.full((3, 1), np.inf), ones), r"factor\[0, 0\]"),
        ((ones, np.ones((3, 1)), np.array([1.0, 0.0, 1.0])), r"diagonal\[1\]"),
    ):
        with pytest.raises(InputError, match=words):
            LowRankDiagonal(*parts)
