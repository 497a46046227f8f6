"""The whitened space of a law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from ntlbg.selection.seed.whitened import whitened


def points_and_law(seed, frames=60, width=6):
    """A stretched cloud and uneven weights."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(frames, width)) * np.arange(1.0, width + 1) + 3, rng.dirichlet(np.ones(frames))


@pytest.mark.parametrize("directions", [1, 3, 6, 64])
def test_mean_is_zero_and_covariance_one_under_the_law(directions):
    """Weighted moments of what comes out are those of a standard law, in as many directions as there are."""
    points, weights = points_and_law(0)
    scores = whitened(points, weights, directions)
    assert scores.shape == (60, min(6, directions))
    np.testing.assert_allclose(weights @ scores, 0, atol=1e-12)
    np.testing.assert_allclose((scores * weights[:, None]).T @ scores, np.eye(scores.shape[1]), atol=1e-12)


def test_its_norm_is_the_mahalanobis_distance():
    """With all directions, against scipy and a dense inverse."""
    points, weights = points_and_law(1)
    covariance = np.cov(points.T, aweights=weights, ddof=0)
    mean = weights @ points
    wanted = [mahalanobis(p, mean, np.linalg.inv(covariance)) for p in points]
    np.testing.assert_allclose(np.linalg.norm(whitened(points, weights, 6), axis=1), wanted)


def test_the_leading_directions_are_those_of_largest_variance():
    """The axis of largest spread comes first, with the sign of its largest entry."""
    rng = np.random.default_rng(2)
    points = rng.normal(size=(500, 3)) * [1, 100, 10]
    first = whitened(points, np.full(500, 1 / 500), 1)[:, 0]
    assert np.corrcoef(first, points[:, 1])[0, 1] > 0.999


def test_directions_without_variance_are_left_out():
    """A flat cloud has fewer directions, a single place none."""
    points, weights = points_and_law(3)
    flat = np.column_stack([points[:, :2], points[:, 0] + points[:, 1], np.ones(60)])
    assert whitened(flat, weights, 4).shape == (60, 2)
    assert whitened(np.ones((60, 4)), weights, 4).shape == (60, 0)
    assert whitened(np.zeros((60, 0)), weights, 4).shape == (60, 0)
