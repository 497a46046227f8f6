"""Nets of the cube by name, good points, shifts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from ntlbg.errors import InputError
from ntlbg.statistics.cube import KINDS, cube_net, good_points, shift, shifted, sobol


@given(kind=st.sampled_from(KINDS), n=st.integers(1, 200), d=st.integers(1, 6), number=st.integers(0, 50))
@settings(max_examples=60, deadline=None)
def test_every_net_lies_inside_the_cube(kind, n, d, number):
    """Quantiles are infinite at 0 and 1: no net and no shifted net reaches them."""
    net = cube_net(kind, n, d)
    assert net.shape == (n, d)
    for points in (net, shifted(net, shift(number, d))):
        assert points.min() > 0
        assert points.max() < 1


@pytest.mark.parametrize("m", [3, 6])
def test_every_elementary_interval_has_its_point_of_sobol(m):
    """In the plane 2^m points put one into each of rectangles of sides 2^-a, 2^-(m-a), whatever a: a (0, m, 2)-net."""
    net = sobol(2**m, 2)
    for a in range(m + 1):
        cells = np.floor(net * [2**a, 2 ** (m - a)]).astype(int)
        assert len({tuple(cell) for cell in cells}) == 2**m


def test_sobol_is_scipys_moved_to_the_middle():
    """Half a cell apart, for a power of two and for other numbers."""
    for n, cell in ((8, 1 / 8), (5, 1 / 8), (1, 1.0)):
        np.testing.assert_allclose(sobol(n, 3), qmc.Sobol(3, scramble=False).random_base2(3)[:n] + cell / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_nets_are_more_even_than_random_points(kind):
    """Centred discrepancy in four dimensions, by scipy; a shift keeps it low."""
    random = qmc.discrepancy(np.random.default_rng(0).random((512, 4)))
    net = cube_net(kind, 512, 4)
    assert qmc.discrepancy(net) < 0.15 * random
    assert qmc.discrepancy(shifted(net, shift(3, 4))) < 0.3 * random


def test_good_points_are_even_and_each_section_is_a_shift():
    """Low discrepancy; points from another number on are the first ones moved by one vector modulo 1."""
    assert qmc.discrepancy(good_points(512, 2)) < 0.1 * qmc.discrepancy(np.random.default_rng(0).random((512, 2)))
    np.testing.assert_allclose(good_points(20, 3, first=40), shifted(good_points(20, 3), shift(40, 3)), atol=1e-12)


def test_shifts_are_different_and_spread():
    """Number 0 is none; on the line they are the multiples of the golden ratio, no two of a hundred within 1 / 300."""
    assert shift(0, 3).tolist() == [0.0, 0.0, 0.0]
    assert shift(1, 1)[0] == pytest.approx((5**0.5 - 1) / 2)
    assert np.diff(np.sort([shift(i, 1)[0] for i in range(100)])).min() > 1 / 300


def test_what_is_no_net_is_refused():
    """No points, no dimensions, an unknown kind, more coordinates than there are directions."""
    for kind, n, d, words in (
        ("lattice", 0, 2, "0 points"),
        ("sobol", 4, 30_000, "30000"),
        ("halton", 4, 2, "no kind"),
    ):
        with pytest.raises(InputError, match=words):
            cube_net(kind, n, d)
