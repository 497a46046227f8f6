"""Support points: least energy distance, then one frame each."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import energy_distance

from ntlbg.selection.rivals.support_points import SupportPoints, convex_concave, energy, snapped


def a_case(seed, n, width=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)), rng.dirichlet(np.ones(n))


def written_step(points, weights, places, softening):
    """One step of the convex-concave procedure, with loops over coordinates."""

    def apart(a, b):
        return math.sqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) + softening**2)

    k, moved = len(places), []
    for i, x in enumerate(places):
        total = sum(w / apart(x, y) for w, y in zip(weights, points, strict=True))
        new = []
        for axis in range(len(x)):
            pull = sum(w * y[axis] / apart(x, y) for w, y in zip(weights, points, strict=True))
            push = sum((x[axis] - z[axis]) / apart(x, z) for j, z in enumerate(places) if j != i)
            new.append((pull + push / k) / total)
        moved.append(new)
    return moved


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_written_procedure(seed):
    """Three steps equal the loops."""
    points, weights = a_case(seed, 20 + seed)
    places = start = points[: 2 + seed % 5]
    for _ in range(3):
        places = written_step(points.tolist(), weights.tolist(), np.asarray(places).tolist(), 0.05)
    np.testing.assert_allclose(convex_concave(points, weights, start, 3, 0.0, 0.05), places, rtol=0, atol=1e-10)


def written_rule(points, weights, k, iterations=100, tolerance=1e-3, softening=0.01):
    """Start at the time quantiles, step until no point moves far, then the best of all assignments of frames."""

    def apart2(a, b):
        return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))

    axes = range(len(points[0]))
    mean = [sum(w * y[axis] for w, y in zip(weights, points, strict=True)) for axis in axes]
    unit = math.sqrt(sum(w * apart2(y, mean) for w, y in zip(weights, points, strict=True)))
    start = []
    for i in range(k):
        frame, reached = 0, weights[0]
        while reached < (i + 0.5) / k and frame + 1 < len(points):
            frame += 1
            reached += weights[frame]
        start.append(max(frame, start[-1] + 1) if start else frame)
    assert start[-1] < len(points)  # else the last ones would have to make room
    places = [points[t] for t in start]
    for _ in range(iterations):
        moved = written_step(points, weights, places, softening * unit)
        farthest = max(math.sqrt(apart2(a, b)) for a, b in zip(moved, places, strict=True))
        places = moved
        if farthest <= tolerance * unit:
            break
    costs = [[apart2(x, y) for y in points] for x in places]
    tried = permutations(range(len(points)), k)
    return sorted(min(tried, key=lambda frames: sum(costs[i][t] for i, t in enumerate(frames))))


@pytest.mark.parametrize(("frames", "k"), [(30, 1), (40, 2), (40, 3), (22, 4), (60, 3)])
def test_a_whole_selection_is_the_written_one(made_up, frames, k):
    """From the law to the frames: start, units of softening and tolerance, the end of the steps, the snap."""
    video, query = made_up(frames, width=12, seed=k)
    rule = SupportPoints(rank=6)
    law = rule.law(video, query)
    expected = written_rule(law.space.points.tolist(), law.weights.tolist(), k)
    assert rule.select(video, query, k).indices.tolist() == expected


@pytest.mark.parametrize("seed", range(4))
def test_no_step_raises_the_energy(seed):
    """Bounding by parabola and tangent makes every step a descent."""
    points, weights = a_case(seed, 120)
    energies = [energy(points, weights, points[:8], 0.05)]
    energies += [
        energy(points, weights, convex_concave(points, weights, points[:8], n, 0.0, 0.05), 0.05) for n in range(1, 15)
    ]
    assert np.all(np.diff(energies) <= 1e-12)
    assert energies[-1] < energies[0] - 0.01


def test_in_one_dimension_they_are_the_quantiles():
    """On the line the energy distance is least at the quantiles (i - 1/2) / k, its known solution."""
    points = np.linspace(0, 1, 401)[:, None]
    weights = np.full(401, 1 / 401)
    places = convex_concave(points, weights, points[[0, 20, 90, 200, 390]], 3000, 1e-9, 1e-3)
    np.testing.assert_allclose(np.sort(places[:, 0]), [0.1, 0.3, 0.5, 0.7, 0.9], atol=3e-3)


def test_they_represent_the_law_better_than_chance(made_up):
    """After snapping, the energy is below that of every one of 200 random subsets of frames."""
    video, query = made_up(frames=200, width=24)
    rule = SupportPoints()
    law = rule.law(video, query)
    points = law.space.points
    ours = energy(points, law.weights, points[rule.select(video, query, 12).indices])
    rng = np.random.default_rng(0)
    chance = [energy(points, law.weights, points[rng.choice(200, 12, replace=False)]) for _ in range(200)]
    assert ours < min(chance)


@pytest.mark.parametrize("seed", range(8))
def test_each_place_gets_a_frame_of_its_own_at_the_least_distance(seed):
    """The snap is the best of all assignments, tried one by one, even where places share their nearest frame."""
    rng = np.random.default_rng(seed)
    points, places = rng.normal(size=(6, 2)), 0.3 * rng.normal(size=(3, 2))
    costs = {
        frames: sum(float(np.square(places[i] - points[t]).sum()) for i, t in enumerate(frames))
        for frames in permutations(range(6), 3)
    }
    assert snapped(points, places, 1.0).tolist() == sorted(min(costs, key=costs.get))


def test_the_snap_is_an_optimal_transport():
    """Each place sends an eighth of the mass, each frame takes an eighth at most: the frames of the best plan.

    POT 0.9.7.post1: ot.partial.partial_wasserstein(np.full(8, 1 / 8), np.full(64, 1 / 8), distance2, m=1.0), whose
    cost is 0.21404213135173691; three of the places share one nearest frame, and two another.
    """
    points = np.sin(np.arange(1, 65)[:, None] * [1.0, 1.7, 2.3])
    places = 0.4 * points[:8, ::-1]
    frames = snapped(points, places, 1.0)
    assert frames.tolist() == [6, 18, 21, 36, 40, 43, 49, 62]
    distance2 = np.square(places[:, None] - points[frames]).sum(axis=2)
    cost = min(distance2[list(order), range(8)].mean() for order in permutations(range(8)))
    assert cost == pytest.approx(0.21404213135173691, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_on_the_line_the_energy_is_scipys(seed):
    """scipy's energy distance squared is the energy less the law's own mean distance, which no points change."""
    points, weights = a_case(seed, 40, width=1)
    places = np.random.default_rng(seed + 100).normal(size=(5, 1))
    own = float(weights @ np.abs(points - points.T) @ weights)
    expected = energy_distance(places[:, 0], points[:, 0], v_weights=weights) ** 2
    assert energy(points, weights, places) - own == pytest.approx(expected, abs=1e-12)
