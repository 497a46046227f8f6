"""GIFT: irreplaceability in rounds."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.rivals.gift import GIFT, irreplaceable


def written(features, relevance, k, batch):
    """The paper's steps with loops over all pairs; equal relevance and equal scores go to the earlier frame."""
    pool, chosen = list(range(len(features))), []
    low, high = min(relevance), max(relevance)
    r = [(s - low) / (high - low) if high > low else 1.0 for s in relevance]

    def apart(i, j):
        return sum((a - b) ** 2 for a, b in zip(features[i], features[j], strict=True))

    while len(chosen) < k:
        scores, largest = {}, max(apart(i, j) for i in pool for j in pool)
        for t in pool:
            better = [j for j in pool if r[j] > r[t] or (r[j] == r[t] and j < t)]
            scores[t] = r[t] * (min(apart(t, j) for j in better) if better else largest)
        best = sorted(pool, key=lambda t: (-scores[t], -r[t], t))[: min(batch, k - len(chosen))]
        chosen += best
        pool = [t for t in pool if t not in best]
    return chosen


@pytest.mark.parametrize("seed", range(24))
def test_it_is_the_written_rule(seed):
    """Same frames in the same order as the paper's steps, at any size of a round, tied relevance included."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 26))
    features = rng.normal(size=(n, 4))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    relevance = rng.normal(size=n) if seed % 3 else rng.integers(0, 4, size=n).astype(float)
    r = (relevance - relevance.min()) / np.ptp(relevance) if np.ptp(relevance) else np.ones(n)
    k, batch = int(rng.integers(1, n + 1)), int(rng.integers(1, 10))
    assert irreplaceable(features, r, k, batch).tolist() == written(features, relevance, k, batch)


def test_the_blocks_change_nothing(monkeypatch):
    """Distances computed a row at a time give the same frames."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(80, 6))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    relevance = rng.random(80)
    whole = irreplaceable(features, relevance, 40, 9)
    monkeypatch.setattr("ntlbg.selection.rivals.gift.BLOCK", 1)
    assert np.array_equal(irreplaceable(features, relevance, 40, 9), whole)


def test_a_copy_of_a_better_frame_waits(made_up):
    """Equal pictures stand for each other: with three scenes shown 20 times each, three frames show all three."""
    scenes = np.repeat(np.eye(3), 20, axis=0)
    video = VideoIndex("scenes", scenes, np.arange(60.0), 25.0, 1500, 60.0)
    for seed in range(5):
        query = Query("q", np.random.default_rng(seed).random(60))
        assert np.unique(GIFT().select(video, query, 3).indices // 20).tolist() == [0, 1, 2]


def test_constant_relevance_leaves_pure_diversity():
    """Min-max has no value on a constant curve; the rule then seeks what looks different."""
    features = np.concatenate([np.tile([1.0, 0.0, 0.0], (30, 1)), [[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]])
    video = VideoIndex("odd", features, np.arange(32.0), 25.0, 800, 32.0)
    assert GIFT().select(video, Query("q", np.full(32, 0.3)), 3).indices.tolist() == [0, 30, 31]


def test_the_published_cap_holds(made_up):
    """All picks are among 128 uniform candidates; without the cap others are met."""
    video, query = made_up(frames=600, width=16)
    capped, free = GIFT().select(video, query, 16), GIFT(pool=0).select(video, query, 16)
    assert set(capped.indices) <= {(2 * i + 1) * 600 // 256 for i in range(128)}
    assert capped.sha256 != free.sha256
