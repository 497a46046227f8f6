"""NT-LBG on laws and on weighted points: known values, and the properties that representative points have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.cluster import KMeans

from ntlbg.errors import InputError
from ntlbg.statistics import laws
from ntlbg.statistics.covariance import LowRankDiagonal
from ntlbg.statistics.elliptical import Ball, Elliptical, Student
from ntlbg.statistics.points import error_direct, nearest
from ntlbg.statistics.representative import Plan, far_start, of_law, of_points, of_wide_law, start_net, training_net
from ntlbg.statistics.univariate import normal_points

QUICK = Plan(screening=512, training=4096, starts=16)


def cloud(seed, n=90, r=3):
    """A clustered point set with unequal weights."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, r)) + 3 * rng.normal(size=(4, r))[rng.integers(4, size=n)]
    return points, rng.dirichlet(np.full(n, 0.5))


def law_of(variances, radial=None):
    """A law with these variances along the axes."""
    root = np.diag(np.sqrt(np.asarray(variances, dtype=float)))
    return Elliptical(np.zeros(len(root)), root, *([radial] if radial else []))


@pytest.mark.parametrize(("variances", "known"), [([4, 1], 5 - 8 / np.pi), ([1, 1, 1], 3 - 2 / np.pi)])
def test_two_points_have_a_closed_form(variances, known):
    """Error tr - (2/pi) lambda_1; points at ±sqrt(2/pi lambda_1) along the first direction."""
    found = of_law(law_of(variances), 2, QUICK)
    assert found.error == pytest.approx(known, abs=2e-3)
    np.testing.assert_allclose(np.abs(found.points[:, 0]), np.sqrt(2 / np.pi * max(variances)), atol=2e-3)
    np.testing.assert_allclose(found.masses, 0.5, atol=1e-3)


def test_four_points_of_a_long_law_leave_the_axis():
    """N(0, diag(4, 1)): 1.418 at a rhombus; from the axis alone LBG stays at 1.470."""
    found = of_law(law_of([4, 1]), 4, QUICK)
    assert found.error == pytest.approx(1.4179, abs=2e-3)
    axis = np.stack([2 * normal_points(4)[0], np.zeros(4)], axis=1)
    net = training_net(law_of([4, 1]), 4096, QUICK)
    assert error_direct(net, np.full(4096, 1 / 4096), axis) == pytest.approx(1.4699, abs=2e-3)


@pytest.mark.parametrize(("d", "k"), [(4, 3), (5, 4)])
def test_few_points_are_a_simplex_in_the_leading_directions(d, k):
    """k ≤ d + 1 points of N(0, I_d) have the error of k - 1 dimensions + d - k + 1, and equal distances."""
    found, fewer = of_law(law_of([1] * d), k, QUICK), of_law(law_of([1] * (k - 1)), k, QUICK)
    assert found.error == pytest.approx(fewer.error + d - k + 1, abs=1e-3)
    gaps = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)[~np.eye(k, dtype=bool)]
    assert gaps.max() / gaps.min() < 1.02
    assert np.linalg.matrix_rank(found.points - found.points.mean(axis=0), tol=1e-6) == k - 1


@pytest.mark.parametrize("law", [law_of([3, 1], Student(6.0)), law_of([3, 1], Ball()), law_of([3, 2, 1])])
@pytest.mark.parametrize("k", [1, 3, 6])
def test_points_are_the_means_of_their_cells(law, k):
    """Self-consistency of every elliptical law: both formulas agree to 1e-6, the points' mean is the law's, no step
    raised the error, masses sum to 1."""
    found = of_law(law, k, QUICK)
    assert found.error == pytest.approx(found.from_masses, abs=1e-6)
    np.testing.assert_allclose(found.masses @ found.points, law.mean, atol=0.02)
    assert np.all(np.diff(found.errors) <= 1e-12)
    assert found.masses.sum() == pytest.approx(1)
    assert found.explained == pytest.approx(1 - found.error / law.trace)


def test_points_of_the_line_are_the_exact_ones():
    """Nets against exact integrals, errors and places."""
    for k in (3, 7):
        found, (points, masses, error) = of_law(law_of([1]), k), normal_points(k)
        assert found.error == pytest.approx(error, abs=1e-4)
        np.testing.assert_allclose(found.points[:, 0], points, atol=1e-3)
        np.testing.assert_allclose(found.masses, masses, atol=1e-3)


def test_in_the_disc_they_are_known():
    """Uniform on the unit disc, two points: (±4 / 3 pi, 0), the centroids of half discs; error 1/2 - (4 / 3 pi)²."""
    found = of_law(Elliptical(np.zeros(2), np.eye(2), Ball()), 2, QUICK)
    there = 4 / (3 * np.pi)
    assert found.error == pytest.approx(0.5 - there**2, abs=1e-3)
    np.testing.assert_allclose(np.linalg.norm(found.points, axis=1), there, atol=3e-3)


@given(seed=st.integers(0, 100), scale=st.floats(0.1, 10))
@settings(max_examples=6, deadline=None)
def test_points_move_with_the_law(seed, scale):
    """a G X + b has the points a G x + b and a² times the error."""
    turn, shift = ortho_group.rvs(2, random_state=seed), np.array([5.0, -3.0])
    one = of_law(law_of([3, 1]), 4, QUICK)
    other = of_law(Elliptical(shift, scale * turn @ law_of([3, 1]).root), 4, QUICK)
    assert other.error == pytest.approx(scale**2 * one.error, rel=1e-6)
    there = scale * one.points @ turn.T + shift
    np.testing.assert_allclose(nearest(there, other.points)[1], 0, atol=1e-10 * scale**2)


def test_a_wide_law_has_the_points_of_its_leading_directions():
    """Low rank + diagonal in 300 dimensions, against the dense law of its eigenvalues; nothing is lost but the tail."""
    rng = np.random.default_rng(0)
    law = LowRankDiagonal(rng.normal(size=300), rng.normal(size=(300, 3)) * [3, 2, 1], np.full(300, 0.5))
    found = of_wide_law(law, 4, QUICK)
    values = np.linalg.eigvalsh(law.factor @ law.factor.T + np.diag(law.diagonal))[::-1]
    reduced = of_law(law_of(values[:3]), 4, QUICK)
    assert found.error == pytest.approx(reduced.error + values[3:].sum(), rel=1e-6)
    assert found.trace == pytest.approx(values.sum())
    np.testing.assert_allclose(found.masses @ found.points, law.mean, atol=0.02 * np.sqrt(values[0]))


@given(seed=st.integers(0, 300), k=st.integers(1, 7))
@settings(max_examples=10, deadline=None)
def test_the_order_of_points_changes_nothing(seed, k):
    """A permuted set has the same points, masses and error, to the last bit."""
    points, weights = cloud(seed, n=40)
    order = np.random.default_rng(seed + 1).permutation(40)
    one, other = of_points(points, weights, k, QUICK), of_points(points[order], weights[order], k, QUICK)
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.masses, other.masses)
    assert one.error == other.error


@given(seed=st.integers(0, 300), k=st.integers(1, 8))
@settings(max_examples=10, deadline=None)
def test_weighted_points_are_represented_by_a_fixed_point(seed, k):
    """Both formulas agree, the error is that of the points returned, and it's within the trace."""
    points, weights = cloud(seed, n=60)
    found = of_points(points, weights, k, QUICK)
    assert found.error == pytest.approx(found.from_masses, abs=1e-6)
    assert found.error == pytest.approx(error_direct(points, weights, found.points))
    assert 0 <= found.error <= laws.trace(points, weights) + 1e-9
    assert found.trace == pytest.approx(laws.trace(points, weights))


@pytest.mark.parametrize("seed", range(3))
def test_it_is_not_behind_k_means(seed):
    """Weighted k-means of scikit-learn with as many restarts leaves at most 1 % less error."""
    points, weights = cloud(seed, n=300)
    rival = KMeans(7, n_init=16, random_state=seed).fit(points, sample_weight=weights)
    assert of_points(points, weights, 7, QUICK).error <= 1.01 * rival.inertia_


def test_points_alike_are_represented_without_error():
    """All points in one place, or as many representatives as points: error 0, finite numbers, no division by zero."""
    same = of_points(np.ones((6, 2)), np.full(6, 1 / 6), 3, QUICK)
    assert same.error == 0
    assert np.isfinite(same.points).all()
    points, weights = cloud(1, n=5)
    assert of_points(points, weights, 5, QUICK).error == pytest.approx(0, abs=1e-12)


def test_starts_differ_and_every_second_one_is_wide():
    """Shifted nets are different starts; those of even number are as wide as many representatives of a normal law."""
    law = law_of([1, 1])
    starts = [start_net(law, 200, number, QUICK) for number in range(4)]
    spreads = [np.square(start).sum(axis=1).mean() for start in starts]
    np.testing.assert_allclose(spreads, [4, 2, 4, 2], rtol=0.1)
    assert len({start.tobytes() for start in starts}) == 4


def test_a_far_start_meets_every_cluster():
    """Ten tight clusters far apart, one of a single point: every one has its codeword, at any net point."""
    rng = np.random.default_rng(0)
    sizes = [100] * 9 + [1]
    places = np.repeat(100 * np.stack([np.arange(10), np.arange(10) ** 2], axis=1), sizes, axis=0)
    points = places + 0.01 * rng.normal(size=places.shape)
    for quantiles in rng.random((20, 10)):
        start = far_start(points, np.full(901, 1 / 901), quantiles)
        assert len({tuple(np.round(row / 100).astype(int)) for row in start}) == 10


def test_what_cannot_be_represented_is_refused():
    """No representatives, more than points, weights that are no law, points that are not finite."""
    points, weights = cloud(0, n=5)
    for arguments, words in (
        ((points, weights, 0), "0 points"),
        ((points, weights, 6), "6 points cannot represent 5"),
        ((points, 2 * weights, 2), "not a law"),
        ((np.full((5, 3), np.nan), weights, 2), "not a finite number"),
    ):
        with pytest.raises(InputError, match=words):
            of_points(*arguments, QUICK)
    with pytest.raises(InputError, match="0 points"):
        of_law(law_of([1]), 0)
