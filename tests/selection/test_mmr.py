"""Maximal marginal relevance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make


def plain(features, relevance, share, k):
    """The written rule with loops over frames, chosen frames and entries."""
    low, high = min(relevance), max(relevance)

    def cosine(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))

    picks = []
    while len(picks) < k:
        best, best_value = None, -math.inf
        for t in range(len(features)):
            if t in picks:
                continue
            value = share * (relevance[t] - low) / (high - low)
            if picks:
                value -= (1 - share) * max(cosine(features[t], features[p]) for p in picks)
            if value > best_value:
                best, best_value = t, value
        picks.append(best)
    return sorted(picks)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize(("frames", "k"), [(12, 4), (25, 8), (6, 6), (20, 1)])
def test_it_is_the_written_rule(share, frames, k):
    """Same frames as plain loops."""
    for seed in range(3):
        rng = np.random.default_rng([seed, frames])
        features, relevance = rng.normal(size=(frames, 5)).astype(np.float32), rng.normal(size=frames)
        video = VideoIndex("v", features, np.arange(float(frames)), 25.0, 25, 1.0)
        chosen = make("mmr", relevance_share=share).select(video, Query("q", relevance), k)
        assert chosen.indices.tolist() == plain(features.astype(float).tolist(), relevance.tolist(), share, k)


def test_scale_and_level_of_the_scores_mean_nothing(made_up):
    """Scores of another encoder's scale give the same frames."""
    video, query = made_up(120)
    first = make("mmr").select(video, query, 9).sha256
    assert make("mmr").select(video, Query("q", 0.25 + query.relevance / 64), 9).sha256 == first


def test_copies_come_last():
    """A video shown twice gives each picture once while there are others, and the earlier copy of it."""
    once = np.eye(6)
    video = VideoIndex("v", np.concatenate([once, once]), np.arange(12.0), 25.0, 300, 12.0)
    chosen = make("mmr").select(video, Query("q", np.tile(np.arange(6.0), 2)), 6)
    assert chosen.indices.tolist() == list(range(6))
