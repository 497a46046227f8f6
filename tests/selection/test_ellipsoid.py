"""The seed's rule as it was meant."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm, qmc

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make
from ntlbg.selection.seed.ellipsoid import on_sphere, shell_band, snapped, sphere_net


def cloud(seed, frames=80, width=4):
    """Standardised points and a law on them."""
    rng = np.random.default_rng([seed, frames])
    points, weights = rng.normal(size=(frames, width)), rng.dirichlet(np.ones(frames))
    return points - weights @ points, weights


def error(points, weights, directions, rho):
    """Mean squared distance to the nearest point rho u_i."""
    return sum(w * min(np.sum((x - rho * u) ** 2) for u in directions) for x, w in zip(points, weights, strict=True))


def plain(points, weights, k, steps):
    """The written rule: loops over frames and directions. Returns c and the frames of the cells."""
    n, q = points.shape
    primes = [p for p in range(2, 400) if all(p % d for d in range(2, p))][:q]
    u = np.array([[norm.ppf((i * p**0.5) % 1) for p in primes] for i in range(1, k + 1)])
    u = np.array([row / np.sqrt(sum(row**2)) for row in u])
    rho = sum(weights[t] * max(points[t] @ v for v in u) for t in range(n))
    cells = [int(np.argmax([points[t] @ v for v in u])) for t in range(n)]
    far = [np.sum((points[t] - rho * u[cells[t]]) ** 2) for t in range(n)]
    for _ in range(steps):
        for empty in [i for i in range(k) if i not in cells]:
            crowded = [t for t in range(n) if cells.count(cells[t]) > 1]
            worst = max(crowded, key=lambda t: (weights[t] * far[t], -t))
            cells[worst], far[worst] = empty, 0.0
        sums = [sum(weights[t] * points[t] for t in range(n) if cells[t] == i) for i in range(k)]
        rho = sum(np.sqrt(s @ s) for s in sums)
        u = np.array([s / np.sqrt(s @ s) for s in sums])
        kept = list(cells)
        cells = [int(np.argmax([points[t] @ v for v in u])) for t in range(n)]
        far = [np.sum((points[t] - rho * u[cells[t]]) ** 2) for t in range(n)]
        if cells == kept:
            break
    frames = []
    for i in range(k):
        members = [t for t in range(n) if kept[t] == i]
        frames.append(min(members, key=lambda t: (np.sum((points[t] - rho * u[i]) ** 2), t)))
    return rho**2, frames


@pytest.mark.parametrize(("frames", "k", "width"), [(40, 3, 2), (60, 8, 4), (30, 12, 5), (9, 9, 2), (30, 2, 1)])
@pytest.mark.parametrize("steps", [1, 20])
def test_it_is_the_written_rule(frames, k, width, steps):
    """Same shell and same frames as loops."""
    for seed in range(3):
        points, weights = cloud(seed, frames, width)
        shell = on_sphere(points, weights, k, steps)
        c, chosen = plain(points, weights, k, steps)
        assert shell.c == pytest.approx(c)
        assert snapped(points, shell).tolist() == chosen


def test_the_rule_works_in_the_whitened_space_of_the_law(made_up):
    """The selected frames are those of the loops on the law's whitened scores."""
    video, query = made_up(150)
    rule = make("ellipsoid", directions=5)
    law = rule.law(video, query)
    scores = law.space.points[:, :-1] - law.weights @ law.space.points[:, :-1]
    values, vectors = np.linalg.eigh((scores * law.weights[:, None]).T @ scores)
    white = scores @ vectors[:, ::-1][:, :5] / np.sqrt(values[::-1][:5])
    largest = [np.argmax(np.abs(v)) for v in vectors[:, ::-1].T[:5]]
    white *= np.sign([vectors[j, -1 - i] for i, j in enumerate(largest)])
    _, frames = plain(white, law.weights, 6, rule.steps)
    chosen = rule.select(video, query, 6)
    assert chosen.indices.tolist() == sorted(frames)
    assert chosen.explained == pytest.approx(
        1 - error(white, law.weights, white[chosen.indices], 1.0) / (law.weights @ np.square(white).sum(axis=1))
    )


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_c_is_the_argmin_of_the_error(steps):
    """For the directions of the net no other radius does better, and the formula E max <x, u> gives it.

    After steps it is the best for the cells they were computed from, so no worse than it was before.
    """
    points, weights = cloud(5)
    net = sphere_net(6, 4)
    formula = sum(w * max(x @ u for u in net) for x, w in zip(points, weights, strict=True))
    best = minimize_scalar(lambda rho: error(points, weights, net, rho), bounds=(0, 10), method="bounded")
    assert formula == pytest.approx(best.x, abs=1e-4)
    shell = on_sphere(points, weights, 6, steps)
    assert shell.errors[0] == pytest.approx(best.fun)
    assert shell.errors[-1] == pytest.approx(weights @ np.square(points).sum(axis=1) - shell.c)


@pytest.mark.parametrize(("frames", "k"), [(80, 6), (80, 40), (50, 50), (300, 20)])
def test_no_step_raises_the_error_and_no_cell_is_empty(frames, k):
    """All points lie on the sphere of radius sqrt(c); every one has frames, and gets one of its own."""
    for seed in range(4):
        points, weights = cloud(seed, frames)
        shell = on_sphere(points, weights, k, 20)
        assert np.all(np.diff(shell.errors) <= 1e-12)
        np.testing.assert_allclose(np.square(shell.points).sum(axis=1), shell.c)
        assert set(shell.cells) == set(range(k))
        assert len(set(snapped(points, shell))) == k


@pytest.mark.parametrize("q", [1, 2, 3, 8, 16])
def test_the_net_is_spread_over_the_sphere(q):
    """Unit rows, all different for q > 1, their mean nearer to the centre than random ones' (1 / sqrt(n))."""
    net = sphere_net(512, q)
    np.testing.assert_allclose(np.linalg.norm(net, axis=1), 1, atol=1e-12)
    assert np.linalg.norm(net.mean(axis=0)) < 0.75 / np.sqrt(512)
    assert q == 1 or len(np.unique(net.round(12), axis=0)) == 512


def test_on_the_circle_its_angles_are_more_even_than_random_ones():
    """Discrepancy of the angles below that of random angles of the same number."""
    x, y = sphere_net(256, 2).T
    angles = np.mod(np.arctan2(y, x) / (2 * np.pi), 1.0)[:, None]
    random = np.mean([qmc.discrepancy(np.random.default_rng(s).random((256, 1))) for s in range(20)])
    assert qmc.discrepancy(angles) < 0.3 * random


def test_two_points_are_those_of_the_normal_law():
    """In one direction and with two points the best c of the standard normal law is 2 / pi."""
    n = 20_000
    points = np.sort(np.random.default_rng(0).normal(size=n))[:, None]
    shell = on_sphere(points - points.mean(), np.full(n, 1 / n), 2, 20)
    assert shell.c == pytest.approx(2 / np.pi, rel=0.02)
    low, high = shell_band(points, snapped(points, shell), shell.c)
    assert 0.99 < low <= high < 1.01


def test_one_point_is_the_mean():
    """A single point of a sphere represents best when the sphere shrinks to the mean: the frame nearest to it."""
    points, weights = cloud(2)
    shell = on_sphere(points, weights, 1, 20)
    assert shell.c == pytest.approx(0, abs=1e-20)
    assert snapped(points, shell).tolist() == [int(np.argmin(np.square(points).sum(axis=1)))]


def test_frames_all_alike_have_no_ellipsoid():
    """The first k are taken, the law is all explained."""
    video = VideoIndex("still", np.ones((20, 4)), np.arange(20.0), 25.0, 500, 20.0)
    chosen = make("ellipsoid").select(video, Query("q", np.arange(20.0)), 5)
    assert chosen.indices.tolist() == [0, 1, 2, 3, 4]
    assert chosen.explained == 1
