"""Nets on the sphere: on it, and even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.statistics.cube import cube_net
from ntlbg.statistics.sphere import sphere_net, sphere_of_normal


@given(d=st.integers(2, 12), n=st.integers(1, 60), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_points_lie_on_the_sphere(d, n, seed):
    """Norm 1 for any point of the cube, by both ways."""
    cube = np.random.default_rng(seed).random((n, d))
    for points in (sphere_net(cube[:, 1:]), sphere_of_normal(cube)):
        assert points.shape == (n, d)
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("d", [2, 3, 4, 7])
def test_the_net_is_even(d):
    """Mean 0, E u uᵀ = I / d, and the fourth moment 3 / (d (d + 2)) of a uniform direction, closely."""
    n = 4093
    for points in (sphere_net(cube_net("lattice", n, d - 1)), sphere_of_normal(cube_net("lattice", n, d))):
        np.testing.assert_allclose(points.mean(axis=0), 0, atol=2e-3)
        np.testing.assert_allclose(points.T @ points / n, np.eye(d) / d, atol=2e-3)
        np.testing.assert_allclose((points**4).mean(axis=0), 3 / (d * (d + 2)), atol=3e-3)


def test_circle_and_globe_have_their_closed_forms():
    """An angle 2 pi c on the circle; height 1 - 2c and longitude on the globe (Archimedes)."""
    c = np.array([[0.1, 0.3], [0.6, 0.9]])
    angle = 2 * np.pi * c
    np.testing.assert_allclose(sphere_net(c[:, :1]), np.hstack([np.cos(angle[:, :1]), np.sin(angle[:, :1])]))
    z = 1 - 2 * c[:, 0]
    flat = np.sqrt(1 - z**2)
    expected = np.stack([z, flat * np.cos(angle[:, 1]), flat * np.sin(angle[:, 1])], axis=1)
    np.testing.assert_allclose(sphere_net(c), expected)


def test_a_cap_has_the_share_of_its_area():
    """In five dimensions: the share of points above a height is the share of the sphere that lies above it."""
    points = sphere_net(cube_net("sobol", 4096, 4))
    random = np.random.default_rng(0).normal(size=(400_000, 5))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    for height in (-0.5, 0.2, 0.6):
        for axis in range(5):
            assert np.mean(points[:, axis] > height) == pytest.approx(np.mean(random[:, axis] > height), abs=4e-3)


def test_the_middle_of_the_cube_has_a_direction():
    """Normal quantiles are all 0 there: it is sent along the first axis, not to NaN."""
    assert sphere_of_normal(np.full((1, 3), 0.5)).tolist() == [[1.0, 0.0, 0.0]]


def test_a_sphere_of_no_coordinates_is_refused():
    """One dimension has two points and no sphere."""
    with pytest.raises(InputError, match="at least one coordinate"):
        sphere_net(np.zeros((3, 0)))
