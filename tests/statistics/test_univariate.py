"""The points of the standard normal law by exact integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from ntlbg.errors import InputError
from ntlbg.statistics.univariate import normal_points


@pytest.mark.parametrize("k", [1, 2, 3, 8, 21])
def test_every_point_is_the_mean_of_its_cell(k):
    """Self-consistency, by numerical integration; masses and error too."""
    points, masses, error = normal_points(k)
    borders = np.concatenate([[-12.0], (points[1:] + points[:-1]) / 2, [12.0]])
    total = 0.0
    for j in range(k):
        low, high = borders[j], borders[j + 1]
        mass = quad(norm.pdf, low, high)[0]
        assert masses[j] == pytest.approx(mass, abs=1e-8)
        assert points[j] == pytest.approx(quad(lambda x: x * norm.pdf(x), low, high)[0] / mass, abs=1e-6)
        total += quad(lambda x, c=points[j]: (x - c) ** 2 * norm.pdf(x), low, high)[0]
    assert error == pytest.approx(total, abs=1e-8)
    assert error == pytest.approx(1 - masses @ points**2, abs=1e-12)


@pytest.mark.parametrize("k", [2, 7, 64, 1000])
def test_points_are_symmetric_and_in_order(k):
    """More points always help, and k² error rises to sqrt(3) pi / 2."""
    points, masses, error = normal_points(k)
    assert np.all(np.diff(points) > 0)
    np.testing.assert_array_equal(points, -points[::-1])
    assert masses.sum() == pytest.approx(1)
    assert error < normal_points(k - 1)[2]
    assert k**2 * error < 3**0.5 * np.pi / 2


def test_no_points_are_refused():
    """Nothing represents nothing."""
    with pytest.raises(InputError, match="represent nothing"):
        normal_points(0)
