"""Elliptical laws and their images of nets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ntlbg.errors import InputError
from ntlbg.statistics.cube import cube_net
from ntlbg.statistics.elliptical import Ball, Elliptical, Normal, Student, fixed_signs, principal

P = np.array([0.01, 0.2, 0.5, 0.9, 0.999])


@pytest.mark.parametrize("r", [1, 2, 5])
def test_radii_have_the_known_laws(r):
    """Quantiles against scipy's chi, F and the power law of the ball."""
    np.testing.assert_allclose(Normal().quantile(P, r), stats.chi(r).ppf(P))
    np.testing.assert_allclose(Student(5.0).quantile(P, r) ** 2 / r, stats.f(r, 5).ppf(P))
    np.testing.assert_allclose(Ball().quantile(P, r) ** r, P)


@pytest.mark.parametrize("radial", [Normal(), Student(8.0), Ball()])
@pytest.mark.parametrize("d", [1, 2, 4])
def test_the_image_of_a_net_has_the_laws_moments(radial, d):
    """Mean, covariance and trace, closely; tails make Student's the least exact."""
    rng = np.random.default_rng(d)
    root = rng.normal(size=(d, d))
    law = Elliptical(rng.normal(size=d), root, radial)
    points = law.image(cube_net("lattice", 8191, d))
    covariance = root @ root.T * radial.second_moment(d) / d
    off = 0.02 if isinstance(radial, Student) else 4e-3
    np.testing.assert_allclose(points.mean(axis=0), law.mean, atol=off * np.sqrt(law.trace))
    np.testing.assert_allclose(np.cov(points.T, bias=True).reshape(d, d), covariance, atol=off * law.trace)
    assert law.trace == pytest.approx(np.trace(covariance))


def test_on_the_line_the_image_is_the_quantile_function():
    """Normal and Student's t, against scipy."""
    unit = np.array([[1.0]])
    np.testing.assert_allclose(Elliptical(np.zeros(1), unit).image(P[:, None])[:, 0], stats.norm.ppf(P), atol=1e-12)
    t = Elliptical(np.zeros(1), unit, Student(5.0)).image(P[:, None])[:, 0]
    np.testing.assert_allclose(t, stats.t(5).ppf(P), atol=1e-9)


def test_both_ways_into_the_normal_law_agree():
    """Radius and sphere, and quantiles: the same distribution of lengths along a direction."""
    law = Elliptical(np.array([1.0, -1.0]), np.array([[2.0, 0.3], [0.0, 0.7]]))
    net = cube_net("lattice", 4093, 2)
    along = np.array([0.6, 0.8])
    for points in (law.image(net), law.image_of_quantiles(net)):
        sd = np.sqrt(along @ law.root @ law.root.T @ along)
        assert stats.kstest(points @ along, stats.norm(-0.2, sd).cdf).statistic < 5e-3


@given(seed=st.integers(0, 200), d=st.integers(1, 5), q=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_the_leading_law_holds_the_largest_variances(seed, d, q):
    """Its covariance is the best of rank q, and what it lost is the sum of the other eigenvalues."""
    root = np.random.default_rng(seed).normal(size=(d, d))
    law, lost = Elliptical(np.zeros(d), root).leading(q)
    values = np.linalg.eigvalsh(root @ root.T)[::-1]
    assert lost == pytest.approx(values[q:].sum(), abs=1e-9)
    np.testing.assert_allclose(np.linalg.eigvalsh(law.root @ law.root.T)[::-1][:q], values[:q], atol=1e-9)


def test_a_ball_is_not_cut():
    """Its projections are no balls: it comes back whole."""
    law = Elliptical(np.zeros(3), np.eye(3), Ball())
    assert law.leading(1) == (law, 0.0)


def test_a_law_of_a_covariance_is_degenerate_where_that_is():
    """Directions without variance are left out of the root, one stays."""
    law = Elliptical.of(np.zeros(3), np.diag([4.0, 0.0, 1.0]))
    np.testing.assert_allclose(law.root, [[2, 0], [0, 0], [0, 1]])
    assert Elliptical.of(np.zeros(2), np.zeros((2, 2))).root.shape == (2, 1)


def test_signs_are_fixed():
    """The largest entry of every column is positive; columns of zeros stay."""
    assert fixed_signs(np.array([[1.0, 1.0, 0.0], [-2.0, 0.5, 0.0]])).tolist() == [[-1.0, 1.0, 0.0], [2.0, 0.5, 0.0]]


def test_what_is_no_law_is_refused():
    """Shapes that do not fit, matrices that are no covariance, Student's law without variance, its quantile image."""
    with pytest.raises(InputError, match="does not fit"):
        Elliptical(np.zeros(2), np.eye(3))
    with pytest.raises(InputError, match="not a finite number"):
        Elliptical(np.array([0.0, np.nan]), np.eye(2))
    for matrix, words in (
        ([[1.0, 2.0], [0.0, 1.0]], "symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], "negative"),
        ([1], "square"),
    ):
        with pytest.raises(InputError, match=words):
            principal(np.array(matrix))
    with pytest.raises(InputError, match="no variance"):
        Student(2.0)
    with pytest.raises(InputError, match="only the normal law"):
        Elliptical(np.zeros(1), np.eye(1), Ball()).image_of_quantiles(np.full((1, 1), 0.5))
