"""Conditional k-DPP."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.rivals.kdpp import FLOOR, KDPP, kdpp_raw


def a_case(seed, frames, width=8):
    """Noise of full rank, its unit rows, and scores."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(frames, width))
    video = VideoIndex("case", features, np.arange(float(frames)), 25.0, 25 * frames, float(frames))
    looks = video.features.astype(np.float64)
    return video, rng.normal(size=frames), looks / np.linalg.norm(looks, axis=1, keepdims=True)


def greedy(scores, looks, k, power, jitter):
    """Each time the frame that makes det(L_S) largest, L = quality × (similarity + noise) × quality."""
    width = max(scores) - min(scores)
    quality = [((s - min(scores)) / width + FLOOR) ** power for s in scores]
    chosen = []
    for _ in range(k):
        worth = {}
        for i in set(range(len(scores))) - set(chosen):
            frames = [*chosen, i]
            matrix = [
                [quality[a] * (looks[a] @ looks[b] + jitter * (a == b)) * quality[b] for b in frames] for a in frames
            ]
            worth[i] = np.linalg.slogdet(np.array(matrix))[1]
        chosen.append(max(worth, key=lambda i: (round(worth[i], 9), -i)))  # at power 0 the first pick is a tie
    return chosen


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_greedy_most_probable_set(seed):
    """Determinants of the whole kernel, each computed anew, give the same frames."""
    rng = np.random.default_rng([seed, 1])
    frames = int(rng.integers(5, 25))
    video, scores, looks = a_case(seed, frames)
    k, power = int(rng.integers(1, min(frames, 9))), float(rng.choice([0.0, 0.5, 1.0]))
    chosen = KDPP(power=power).select(video, Query("q", scores), k).indices.tolist()
    assert chosen == sorted(greedy(scores.tolist(), looks, k, power, 0.01))


@pytest.mark.parametrize("seed", range(6))
def test_raw_is_the_release(seed):
    """Within the rank of the features it is the same rule without noise."""
    _, scores, looks = a_case(seed, 20)
    assert kdpp_raw(scores, looks, 6).tolist() == greedy(scores.tolist(), looks, 6, 1.0, 0.0)


def test_raw_gives_the_list_of_the_release():
    """Its steps copied line by line and run in double precision, on frames that come in threes of a kind."""
    i, j = np.arange(48)[:, None], np.arange(1, 7)
    looks = np.cos(i // 3 * j * 0.7) + 0.3 * np.sin(i * (j + 0.5)) + 0.2 * j
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    text = np.cos(0.7 * j)
    relevance = looks @ (text / np.linalg.norm(text))
    assert kdpp_raw(relevance, looks, 6).tolist() == [25, 32, 24, 3, 30, 43]


def test_raw_is_lost_on_a_constant_curve():
    """1e-6 / 0: the release returns two frames in turn; the rule here is diversity alone."""
    video, _, looks = a_case(0, 30)
    query = Query("q", np.full(30, 0.25))
    assert kdpp_raw(query.relevance, looks, 6).tolist() == [0, 1, 0, 1, 0, 1]
    assert KDPP(raw=True).select(video, query, 6).indices.tolist() == [0, 1]
    assert len(KDPP().select(video, query, 6)) == 6
    level = Query("q", np.full(30, 7.0))
    assert KDPP().select(video, query, 6).sha256 == KDPP(power=0.0).select(video, level, 6).sha256


def test_raw_is_lost_beyond_the_rank():
    """Features of rank 3 cannot span more than 3 frames: the release repeats itself, the rule goes on."""
    rng = np.random.default_rng(0)
    few = rng.integers(-2, 3, size=(3, 8)).astype(float)
    video = VideoIndex("flat", few[rng.integers(3, size=40)], np.arange(40.0), 25.0, 1000, 40.0)
    query = Query("q", rng.normal(size=40))
    assert len(KDPP(raw=True).select(video, query, 12)) < 12
    assert len(KDPP().select(video, query, 12)) == 12


def test_the_power_of_quality_trades_relevance_for_diversity(made_up):
    """Power 0 never looks at the question; a large one gives the most relevant frames."""
    video, query = made_up(frames=120)
    other = Query("q", -query.relevance)
    assert KDPP(power=0.0).select(video, query, 6).sha256 == KDPP(power=0.0).select(video, other, 6).sha256
    top = np.sort(np.argsort(-query.relevance)[:6])
    assert np.array_equal(KDPP(power=200.0).select(video, query, 6).indices, top)
