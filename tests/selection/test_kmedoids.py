"""Weighted k-medoids."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ntlbg.selection.baselines.kmedoids import KMedoids, farthest_first, medoids
from ntlbg.statistics.points import nearest


def apart2(a, b):
    """Squared distance of two points, with a loop over coordinates."""
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def written_start(points, weights, k):
    """The point nearest the mean, then each time the largest w · squared distance to the nearest chosen one."""
    mean = [sum(w * y[axis] for w, y in zip(weights, points, strict=True)) for axis in range(len(points[0]))]
    chosen = [min(range(len(points)), key=lambda t: apart2(points[t], mean))]
    while len(chosen) < k:
        left = [t for t in range(len(points)) if t not in chosen]
        chosen.append(max(left, key=lambda t: weights[t] * min(apart2(points[t], points[c]) for c in chosen)))
    return sorted(chosen)


def written_cells(points, chosen):
    """The nearest medoid of every point, as a place in `chosen`."""
    return [min(range(len(chosen)), key=lambda j: apart2(y, points[chosen[j]])) for y in points]


def written_medoids(points, weights, chosen):
    """In every cell the point with the least sum of w · squared distance to all others, until none moves."""
    while True:
        cells = written_cells(points, chosen)
        moved = []
        for j in range(len(chosen)):
            members = [t for t, cell in enumerate(cells) if cell == j]
            moved.append(min(members, key=lambda m: sum(weights[t] * apart2(points[t], points[m]) for t in members)))
        if sorted(moved) == chosen:
            return chosen
        chosen = sorted(moved)


@pytest.mark.parametrize(("frames", "k"), [(20, 1), (30, 4), (40, 7), (60, 5), (60, 12), (9, 8)])
def test_it_is_the_written_rule(made_up, frames, k):
    """A whole selection equals the loops: start, medoids tried one by one, masses and explained share."""
    video, query = made_up(frames, width=12, seed=k)
    rule = KMedoids(rank=6)
    law = rule.law(video, query)
    points, weights = law.space.points.tolist(), law.weights.tolist()
    start = written_start(points, weights, k)
    assert farthest_first(law.space.points, law.weights, k).tolist() == start
    expected = written_medoids(points, weights, start)
    chosen = rule.select(video, query, k)
    assert chosen.indices.tolist() == expected
    cells = written_cells(points, expected)
    error = sum(w * apart2(y, points[expected[j]]) for w, y, j in zip(weights, points, cells, strict=True))
    mean = np.average(points, axis=0, weights=weights)
    trace = sum(w * apart2(y, mean) for w, y in zip(weights, points, strict=True))
    masses = [sum(w for w, cell in zip(weights, cells, strict=True) if cell == j) for j in range(k)]
    np.testing.assert_allclose(chosen.masses, masses, atol=1e-12)
    assert chosen.distortion == pytest.approx(error, rel=1e-9)
    assert chosen.explained == pytest.approx(1 - error / trace, abs=1e-9)


def cost(points, weights, chosen):
    """Weighted mean squared distance to the nearest chosen point."""
    return float(weights @ nearest(points, points[np.asarray(chosen)])[1])


@pytest.mark.parametrize("seed", range(5))
def test_no_medoid_of_a_cell_could_be_better(seed):
    """At the end every medoid is the best point of its own cell, tried one by one."""
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(60, 3)), rng.dirichlet(np.ones(60))
    chosen = medoids(points, weights, farthest_first(points, weights, 6), 50)
    cells, _ = nearest(points, points[chosen])
    for j, medoid in enumerate(chosen):
        members = np.flatnonzero(cells == j)
        within = np.square(points[members][:, None] - points[members][None]).sum(axis=2)
        assert members[np.argmin(within @ weights[members])] == medoid


def test_it_never_ends_worse_than_it_started():
    """More iterations never raise the error."""
    rng = np.random.default_rng(1)
    points, weights = rng.normal(size=(200, 4)), rng.dirichlet(np.ones(200))
    start = farthest_first(points, weights, 9)
    costs = [cost(points, weights, medoids(points, weights, start, n)) for n in range(1, 9)]
    assert np.all(np.diff([cost(points, weights, start), *costs]) <= 1e-12)


def test_separate_clusters_are_found_exactly():
    """Where clusters are far apart the best set of all is found."""
    rng = np.random.default_rng(2)
    points = np.concatenate([10 * np.eye(3)[i] + 0.3 * rng.normal(size=(5, 3)) for i in range(3)])
    weights = rng.dirichlet(np.ones(15))
    best = min(combinations(range(15), 3), key=lambda c: cost(points, weights, c))
    assert medoids(points, weights, farthest_first(points, weights, 3), 50).tolist() == sorted(best)


def test_equal_points_still_give_k_medoids():
    """Among identical points the first k are taken."""
    points, weights = np.zeros((6, 2)), np.full(6, 1 / 6)
    assert medoids(points, weights, farthest_first(points, weights, 4), 50).tolist() == [0, 1, 2, 3]
