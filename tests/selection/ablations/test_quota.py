"""The first design: a quota of relevant frames, representative points for the rest."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest

from ntlbg.selection.ablations.quota import normal_net
from ntlbg.selection.registry import make


def slowly(video, law, k):
    """The rule, step by step, with loops."""
    points, weights, times = law.space.points, law.weights, video.timestamps_s
    by_relevance = sorted(range(len(times)), key=lambda t: (-law.z[t], t))
    spaced = []
    for t in by_relevance:
        if len(spaced) < k and all(abs(times[t] - times[s]) >= 2.0 for s in spaced):
            spaced.append(t)
    spaced += [t for t in by_relevance if t not in spaced][: k - len(spaced)]
    taken = spaced[: ceil(k / 4)]
    centres = list(normal_net(points, weights, k - len(taken), 8)) if k > len(taken) else []
    cells: list[int] = []
    for _ in range(3 if centres else 0):
        distances = [[float(np.square(y - c).sum()) for c in centres] for y in points]
        cells = [int(np.argmin(row)) for row in distances]
        error = [row[cell] for row, cell in zip(distances, cells, strict=True)]
        for j in range(len(centres)):
            if j not in cells:
                free = [t for t in range(len(times)) if cells.count(cells[t]) > 1]
                worst = max(free, key=lambda t: (weights[t] * error[t], -t))
                cells[worst], error[worst] = j, 0.0
        centres = [
            sum(weights[t] * points[t] for t in range(len(times)) if cells[t] == j)
            / sum(weights[t] for t in range(len(times)) if cells[t] == j)
            for j in range(len(centres))
        ]
    for j, centre in enumerate(centres):
        free = [t for t in range(len(times)) if cells[t] == j and t not in taken]
        if free:
            taken.append(min(free, key=lambda t: (float(np.square(points[t] - centre).sum()), t)))
    taken += [t for t in spaced if t not in taken][: k - len(taken)]
    return sorted(taken)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 2, 7, 12])
def test_it_is_the_rule_done_slowly(made_up, seed, k):
    """Quota, net, three steps, nearest frames and fill-up, against plain loops."""
    video, query = made_up(45 + seed, width=12, seed=seed)
    rule = make("ntlbg_quota")
    assert rule.select(video, query, k).indices.tolist() == slowly(video, rule.law(video, query), k)


def test_a_quarter_of_the_frames_are_the_most_relevant(made_up):
    """Two of eight: the best frame, and the best one at least two seconds away from it."""
    video, query = made_up(300)
    rule = make("ntlbg_quota")
    z = rule.law(video, query).z
    first = int(np.argmax(z))
    second = int(np.argmax(np.where(np.abs(np.arange(300) - first) >= 2, z, -np.inf)))
    assert {first, second} <= set(rule.select(video, query, 8).indices.tolist())


def test_the_net_has_the_moments_of_the_law():
    """Many points of the net have the law's mean and, along its leading directions, its covariance."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(500, 3)) @ np.diag([3.0, 1.0, 0.3]) + 5
    weights = rng.dirichlet(np.ones(500))
    mean = weights @ points
    covariance = (points - mean).T @ ((points - mean) * weights[:, None])
    net = normal_net(points, weights, 4093, 3)
    np.testing.assert_allclose(net.mean(axis=0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(net.T, bias=True), covariance, atol=0.05)
    thin = normal_net(points, weights, 101, 1)
    assert np.linalg.matrix_rank(thin - thin.mean(axis=0), tol=1e-9) == 1


def test_the_quota_may_be_the_whole_budget(made_up):
    """With a quota of all, it is relevance with suppression on the denoised curve."""
    video, query = made_up(120)
    rule = make("ntlbg_quota", quota=1.0)
    chosen = rule.select(video, query, 6).indices
    assert np.all(np.diff(chosen) >= 2)
    assert int(np.argmax(rule.law(video, query).z)) in chosen
