"""Representative points of laws and of weighted points."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.statistics.check import long, normal
from ntlbg.statistics.representative import of_points


def test_small_tables_in_the_plane_and_on_a_long_law():
    """Known errors to 1e-3, the rhombus before the four points on the axis, which are a local optimum."""
    assert normal(2, 3).error == pytest.approx(0.92570, abs=1e-3)
    assert normal(2, 4).error == pytest.approx(0.72676, abs=1e-3)
    assert long(4).error == pytest.approx(1.4179, abs=2e-3)


def test_weighted_points_are_represented_in_any_order():
    """Masses are shares of the weights, and a permuted input gives the same points."""
    rng = np.random.default_rng(2)
    points, weights = rng.normal(size=(80, 3)), rng.dirichlet(np.ones(80))
    found = of_points(points, weights, 5)
    assert found.masses.sum() == pytest.approx(1.0)
    order = rng.permutation(80)
    again = of_points(points[order], weights[order], 5)
    assert again.error == pytest.approx(found.error, rel=1e-9)


def test_more_points_than_there_are_is_refused():
    """By name and number."""
    with pytest.raises(InputError):
        of_points(np.zeros((3, 2)), np.full(3, 1 / 3), 4)
