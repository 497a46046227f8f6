"""Kernel herding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ntlbg.selection.rivals.herding import Herding, herd


def written(points, weights, width2, k):
    """argmax of E k(y, Y) - (1/n) sum k(y, chosen) over frames not chosen, with loops."""

    def kernel(a, b):
        return math.exp(-sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / width2)

    chosen = []
    for n in range(1, k + 1):
        best, pick = -math.inf, None
        for t, y in enumerate(points):
            lacking = sum(w * kernel(y, x) for w, x in zip(weights, points, strict=True))
            lacking -= sum(kernel(y, points[c]) for c in chosen) / n
            if t not in chosen and lacking > best + 1e-11:
                best, pick = lacking, t
        chosen.append(pick)
    return chosen


def discrepancy2(points, weights, width2, chosen):
    """Squared MMD between the law and the equal-weight law on the chosen points."""
    signed = weights.copy()
    np.subtract.at(signed, chosen, 1 / len(chosen))
    distance2 = np.square(points[:, None] - points[None]).sum(axis=2)
    return float(signed @ np.exp(-distance2 / width2) @ signed)


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_written_rule(seed):
    """Same points in the same order as the loops, at several widths of the kernel."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 30))
    points, weights = rng.normal(size=(n, 3)), rng.dirichlet(np.ones(n))
    width2, k = (0.5, 2.0, 8.0)[seed % 3], int(rng.integers(1, n + 1))
    assert herd(points, weights, width2, k).tolist() == written(points, weights, width2, k)


def test_it_is_the_herding_of_goodpoints():
    """Same points in the same order as another house's program, on a law of equal weights.

    goodpoints 0.6.3: herding.herding(points, 2, kernel, unique=True) with kernel(y, x) = exp(-|x - y|² / 0.8).
    """
    points = np.sin(np.arange(1, 65)[:, None] * [1.0, 1.7, 2.3])
    theirs = [40, 5, 58, 42, 63, 29, 38, 26, 50, 30, 34, 54, 14, 2, 17, 59]
    assert herd(points, np.full(64, 1 / 64), 0.8, 16).tolist() == theirs


def test_it_represents_the_law_better_than_chance():
    """The discrepancy is below half of that of the best of 100 random subsets of the same size."""
    rng = np.random.default_rng(3)
    points, weights = rng.normal(size=(120, 2)), rng.dirichlet(np.full(120, 5.0))
    ours = discrepancy2(points, weights, 4.0, herd(points, weights, 4.0, 16))
    chance = [discrepancy2(points, weights, 4.0, rng.choice(120, 16, replace=False)) for _ in range(100)]
    assert 0 <= ours < min(chance) / 2


def test_blocks_and_a_law_without_spread(monkeypatch):
    """The kernel a row or seven at a time gives the same points; where nothing differs the earlier ones are taken."""
    rng = np.random.default_rng(4)
    points, weights = rng.normal(size=(90, 3)), rng.dirichlet(np.ones(90))
    whole = herd(points, weights, 3.0, 30)
    for rows in (1, 7):
        monkeypatch.setattr("ntlbg.selection.rivals.herding.ROWS", rows)
        assert np.array_equal(herd(points, weights, 3.0, 30), whole)
    assert herd(np.zeros((6, 2)), np.full(6, 1 / 6), 0.0, 4).tolist() == [0, 1, 2, 3]


def test_more_picks_where_the_question_looks(made_up):
    """A moment gets more of the selection than under a constant curve, and the selection says how far it believed."""
    video, query = made_up(moment=120)
    _, flat = made_up(flat=True)
    asked, plain = (Herding().select(video, q, 12) for q in (query, flat))
    near = [int(np.sum(np.abs(s.indices - 122) < 12)) for s in (asked, plain)]
    assert near[0] > near[1]
    assert asked.trust > 0.3
    assert plain.trust == 0
