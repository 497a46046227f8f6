"""The greedy k-centre."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make
from ntlbg.selection.rivals.farthest_point import farthest_picks


def unit_rows(frames, width, seed):
    """Random looks."""
    rows = np.random.default_rng([seed, frames]).normal(size=(frames, width))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plain(rows, k):
    """The written rule with loops: nearest to the mean, then the largest distance to the nearest chosen."""
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    picks = [min(range(len(rows)), key=lambda t: (math.dist(rows[t], mean), t))]
    while len(picks) < k:
        away = {t: min(math.dist(rows[t], rows[p]) for p in picks) for t in range(len(rows)) if t not in picks}
        picks.append(max(away, key=lambda t: (away[t], -t)))
    return picks


@pytest.mark.parametrize(("frames", "k"), [(12, 4), (40, 9), (6, 6), (20, 1)])
def test_it_is_the_written_rule(frames, k):
    """Same frames in the same order as plain loops, whatever the features' norms."""
    for seed in range(4):
        rows = unit_rows(frames, 5, seed)
        assert farthest_picks(rows, k).tolist() == plain(rows.tolist(), k)
        stretched = rows * np.random.default_rng(seed).uniform(0.5, 2, size=(frames, 1))
        video = VideoIndex("v", stretched, np.arange(float(frames)), 25.0, 25, 1.0)
        chosen = make("farthest_point").select(video, Query("q", np.zeros(frames)), k)
        assert chosen.indices.tolist() == sorted(plain(rows.tolist(), k))


@pytest.mark.parametrize("seed", range(4))
def test_no_set_covers_twice_as_closely(seed):
    """Its covering radius is at most twice the best of all sets, tried one by one."""
    rows = unit_rows(11, 3, seed)
    apart = np.sqrt(np.square(rows[:, None] - rows[None]).sum(axis=2))

    def radius(chosen):
        return apart[:, list(chosen)].min(axis=1).max()

    for k in (1, 2, 3, 4):
        best = min(radius(chosen) for chosen in combinations(range(11), k))
        assert radius(farthest_picks(rows, k).tolist()) <= 2 * best + 1e-9


def test_copies_come_last_and_in_order():
    """Every different picture comes before any copy; copies are taken from the start."""
    rows = np.concatenate([unit_rows(5, 4, 0)] * 3)
    picks = farthest_picks(rows, 9)
    assert sorted(picks[:5].tolist()) == [0, 1, 2, 3, 4]
    assert picks[5:].tolist() == [5, 6, 7, 8]
