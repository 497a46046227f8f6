"""Weighted k-medoids."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ntlbg.selection.baselines.kmedoids import farthest_first, medoids
from ntlbg.statistics.points import nearest


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
