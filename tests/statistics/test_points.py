"""Representative points against values known from the literature, and the properties they must have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, ortho_group

from ntlbg.statistics import laws
from ntlbg.statistics.nets import net_1d
from ntlbg.statistics.points import (
    cell_means,
    error_direct,
    error_from_masses,
    explained,
    lbg,
    nearest,
    repair,
)

# mean squared error of the k optimal points of N(0, 1): Max 1960, Lloyd 1982, to six digits by exact integrals
NORMAL = {
    1: 1.000000, 2: 0.363380, 3: 0.190174, 4: 0.117482, 5: 0.079941,
    6: 0.057978, 7: 0.044000, 8: 0.034548, 9: 0.027853, 10: 0.022937, 16: 0.009501, 32: 0.002505,
}  # fmt: skip
HALVES = {
    2: [0.79788], 3: [0, 1.22401], 4: [0.45278, 1.51042], 5: [0, 0.76457, 1.72415],
    8: [0.24509, 0.75601, 1.34391, 2.15195],
}  # fmt: skip


def normal_points(k, n=20_000, steps=3000):
    """k representative points of a fine net of N(0, 1)."""
    points = norm.ppf(net_1d(n))[:, None]
    return points, np.full(n, 1 / n), lbg(points, np.full(n, 1 / n), norm.ppf(net_1d(k))[:, None], steps)


def cloud(seed, n=120, r=3):
    """A clustered point set with unequal weights, and starting codewords."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, r)) + 3 * rng.normal(size=(4, r))[rng.integers(4, size=n)]
    return points, rng.dirichlet(np.full(n, 0.5)), points[rng.choice(n, 9, replace=False)]


@pytest.mark.parametrize("k", NORMAL)
def test_the_error_on_the_normal_law_is_the_known_one(k):
    """k optimal points of N(0, 1), to 1e-3 absolute and 1 % relative."""
    points, weights, found = normal_points(k)
    assert found.errors[-1] == pytest.approx(NORMAL[k], abs=1e-3, rel=1e-2)
    assert error_direct(points, weights, found.centres) == pytest.approx(found.errors[-1], abs=1e-6)


def test_two_points_of_the_normal_law_have_a_closed_form():
    """1 - 2/pi at ±sqrt(2/pi)."""
    _, _, found = normal_points(2)
    assert found.errors[-1] == pytest.approx(1 - 2 / np.pi, abs=1e-3)
    np.testing.assert_allclose(found.centres[:, 0], np.array([-1, 1]) * np.sqrt(2 / np.pi), atol=1e-3)


@pytest.mark.parametrize("k", HALVES)
def test_the_points_of_the_normal_law_are_the_known_ones(k):
    """Places, symmetric about 0, to 3e-3."""
    _, _, found = normal_points(k)
    half = np.array(HALVES[k])
    np.testing.assert_allclose(found.centres[:, 0], np.sort(np.concatenate([-half[half > 0], half])), atol=3e-3)


def test_two_points_of_a_longer_law_lie_on_its_first_direction():
    """N(0, diag(4, 1)), k = 2: error 5 - (2/pi) 4, points (±1.5958, 0)."""
    rng = np.random.default_rng(0)
    points = np.concatenate([p := rng.normal(size=(40_000, 2)) * [2, 1], -p])
    found = lbg(points, np.full(80_000, 1 / 80_000), np.array([[-1.0, 0.5], [1.0, 0.2]]), 100)
    assert found.errors[-1] == pytest.approx(5 - 8 / np.pi, abs=0.03)
    np.testing.assert_allclose(np.abs(found.centres[:, 0]), 1.5958, atol=0.02)
    np.testing.assert_allclose(found.centres[:, 1], 0, atol=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_both_error_formulas_agree_at_a_fixed_point_only(seed):
    """E min |y - c|² = tr - sum p |c - mu|² where codewords are the means of their cells, and not before."""
    points, weights, start = cloud(seed)
    end = lbg(points, weights, start, 500)
    direct, masses = (f(points, weights, end.centres) for f in (error_direct, error_from_masses))
    assert direct == pytest.approx(masses, abs=1e-9)
    assert error_direct(points, weights, start) != pytest.approx(error_from_masses(points, weights, start), abs=1e-3)


@given(seed=st.integers(0, 500), steps=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_no_step_raises_the_error(seed, steps):
    """Assignment, repair and means each lower the error or leave it; no cell ends empty; masses are a law."""
    points, weights, start = cloud(seed, n=30 + seed % 50)
    found = lbg(points, weights, start, steps)
    assert np.all(np.diff(found.errors) <= 1e-12)
    assert np.all(np.bincount(found.cells, minlength=9) > 0)
    assert found.masses.sum() == pytest.approx(1)
    assert float(weights @ found.distance2) == pytest.approx(found.errors[-1])


def test_more_points_leave_less_error():
    """The error of the normal law's points falls with k."""
    errors = [normal_points(k, n=2000)[2].errors[-1] for k in range(1, 20)]
    assert np.all(np.diff(errors) < 0)


@given(seed=st.integers(0, 200), scale=st.floats(0.1, 10), shift=st.floats(-10, 10))
@settings(max_examples=25, deadline=None)
def test_points_move_with_the_space(seed, scale, shift):
    """Rotated, scaled and moved points have rotated, scaled and moved codewords, and the error scales by the square."""
    points, weights, start = cloud(seed)
    turn = ortho_group.rvs(3, random_state=seed)

    def moved(x):
        return scale * x @ turn + shift

    one, other = lbg(points, weights, start, 4), lbg(moved(points), weights, moved(start), 4)
    np.testing.assert_allclose(other.centres, moved(one.centres), atol=1e-7 * (1 + abs(shift)))
    assert other.errors[-1] == pytest.approx(scale**2 * one.errors[-1], rel=1e-6)


@given(n=st.integers(1, 300), m=st.integers(1, 220), r=st.integers(1, 6), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_nearest_is_the_nearest(n, m, r, seed):
    """Blocks, and bounds that leave codewords out where they are many, change nothing against all distances."""
    rng = np.random.default_rng(seed)
    points, centres = rng.normal(size=(n, r)), rng.normal(size=(m, r))
    points = points[np.argsort(points[:, -1])]
    full = np.square(points[:, None] - centres[None]).sum(axis=2)
    cells, distance2 = nearest(points, centres)
    assert cells.tolist() == full.argmin(axis=1).tolist()
    np.testing.assert_allclose(distance2, full.min(axis=1), atol=1e-12)
    known = full[np.arange(n), rng.integers(m, size=n)]
    assert nearest(points, centres, known)[0].tolist() == cells.tolist()
    assert nearest(points, centres, full.min(axis=1))[0].tolist() == cells.tolist()


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e12, 1e30])
@pytest.mark.parametrize("gap", [1e-1, 1e-5, 1e-9, 1e-13])
def test_single_precision_decides_nothing_that_it_cannot_tell(scale, gap):
    """Codewords in pairs that single precision cannot tell apart, in units in which it overflows or vanishes."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 7))
    centres = np.repeat(rng.normal(size=(15, 7)), 2, axis=0)
    centres[1::2] += gap * rng.normal(size=(15, 7))
    full = np.square(points[:, None] - centres[None]).sum(axis=2)
    cells = nearest(scale * points, scale * centres)[0]
    least = full.min(axis=1)
    assert np.all(full[np.arange(200), cells] <= least + 1e-12)
    assert gap < 1e-9 or cells.tolist() == full.argmin(axis=1).tolist()


def written(points, weights, start, steps):
    """The LBG steps with a whole table of distances each time; empty cells and ties as documented."""
    m, centres = len(start), start
    distinct = np.flatnonzero(np.concatenate([[True], np.any(start[1:] != start[:-1], axis=1)]))
    order = distinct[np.argsort(start[distinct, -1], kind="stable")]
    errors = []
    for step in range(steps + 1):
        table = np.square(points[:, None] - centres[order][None]).sum(axis=2)
        cells = order[np.argmin(table, axis=1)]
        distance2 = table.min(axis=1)
        if step == 0:
            errors.append(float(weights @ distance2))
        if step == steps:
            break
        repair(cells, distance2, weights, m)
        centres = cell_means(points, weights, cells, m)
        own2 = np.square(points - centres[cells]).sum(axis=1)
        errors.append(float(weights @ own2))
        order, used = np.argsort(centres[:, -1], kind="stable"), cells
    return centres, used, errors


@pytest.mark.parametrize("few", [0, 96])
@pytest.mark.parametrize("seed", range(20))
def test_the_steps_are_the_plain_steps(seed, few, monkeypatch):
    """Comparing settled points with moved codewords only changes nothing, nor does leaving far codewords out."""
    monkeypatch.setattr("ntlbg.statistics.points.FEW", few)
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 200))
    points, weights, _ = cloud(seed, n=n)
    points = points[np.argsort(points[:, -1])]
    start = points[np.sort(rng.integers(n, size=n // 3))]  # some of them more than once: empty cells
    for steps in (1, 2, 3, 6):
        found = lbg(points, weights, start, steps)
        centres, cells, errors = written(points, weights, start, len(found.errors) - 1)
        assert found.cells.tolist() == cells.tolist()
        np.testing.assert_allclose(found.centres, centres, atol=1e-12)
        np.testing.assert_allclose(found.errors, errors, atol=1e-12)


def test_equal_codewords_go_to_the_lower_index():
    """Of two equal codewords the first has all the points."""
    points = np.random.default_rng(0).normal(size=(50, 4))
    assert nearest(points, np.ones((3, 4)))[0].tolist() == [0] * 50


@pytest.mark.parametrize("seed", range(30))
def test_empty_cells_are_filled_one_after_another(seed):
    """The same as looking anew for the costliest point that is not alone, for each empty cell in turn."""
    rng = np.random.default_rng(seed)
    n, m = 40, int(rng.integers(5, 41))
    cells = rng.integers(max(1, m // 3), size=n)
    weights, distance2 = rng.integers(3, size=n) / n, rng.integers(4, size=n) / 1.0  # many ties
    wanted, left = cells.copy(), distance2.copy()
    given = np.zeros(n, dtype=bool)
    for cell in range(m):
        if not np.any(wanted == cell):
            order = np.argsort(-weights * distance2, kind="stable")
            point = next(t for t in order if not given[t] and np.sum(wanted == wanted[t]) > 1)
            wanted[point], left[point], given[point] = cell, 0.0, True
    repair(cells, distance2, weights, m)
    assert cells.tolist() == wanted.tolist()
    assert distance2.tolist() == left.tolist()


def test_an_empty_cell_takes_the_costliest_point_and_empties_none():
    """Weight · distance² decides; a point alone in its cell stays."""
    cells = np.array([0, 1, 1, 1])
    distance2 = np.array([9.0, 1.0, 2.0, 2.0])
    repair(cells, distance2, np.full(4, 0.25), 4)
    assert cells.tolist() == [0, 1, 2, 3]
    assert distance2.tolist() == [9.0, 1.0, 0.0, 0.0]


def test_a_cell_without_weight_still_has_a_place():
    """Weights that underflowed to 0 leave the plain mean, not a division by zero."""
    points, cells = np.array([[0.0], [2.0], [5.0]]), np.array([0, 0, 1])
    assert cell_means(points, np.array([0.0, 0.0, 1.0]), cells, 2).ravel().tolist() == [1.0, 5.0]


def test_explained_runs_from_the_mean_to_all_points():
    """The mean alone explains nothing, every point explains all, a wrong point less than nothing."""
    points, weights, _ = cloud(3)
    trace = laws.trace(points, weights)
    mean = laws.mean(points, weights)[None]
    assert explained(error_direct(points, weights, mean), trace) == pytest.approx(0)
    assert explained(error_direct(points, weights, points), trace) == 1
    assert explained(error_direct(points, weights, mean + 9), trace) < 0
    assert explained(0.0, 0.0) == 1


def test_the_error_is_an_optimal_transport():
    """The squared Wasserstein distance from the law to its codewords with the masses of their cells.

    POT 0.9.7.post1: ot.emd2(weights, masses, ot.dist(points, codewords, metric="sqeuclidean")); with masses of a fifth
    each it is 1.7259302845949849, as other masses only cost more.
    """
    points = np.sin(np.arange(1, 65)[:, None] * [1.0, 1.7, 2.3])
    weights = 1.5 + np.cos(np.arange(64))
    weights /= weights.sum()
    codewords = points[[3, 17, 29, 41, 58]]
    assert error_direct(points, weights, codewords) == pytest.approx(1.209349736781161, rel=1e-12)
