"""Relevance and log-determinant."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import checks
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.rivals.logdet import LogDet


def greedy(scores, looks, k, weight, jitter):
    """Each time the frame of largest r + λ (log det with it - log det without), by determinants."""
    scores = [(s - min(scores)) / (max(scores) - min(scores)) for s in scores]
    chosen = []

    def volume(frames):
        matrix = np.array([[looks[i] @ looks[j] for j in frames] for i in frames])
        return np.linalg.slogdet(matrix + jitter * np.eye(len(frames)))[1] if frames else 0.0

    for _ in range(k):
        worth = {
            i: scores[i] + weight * (volume([*chosen, i]) - volume(chosen))
            for i in range(len(scores))
            if i not in chosen
        }
        chosen.append(max(worth, key=worth.get))
    return sorted(chosen)


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_greedy_rule(seed):
    """Determinants, each computed anew, give the same frames."""
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(5, 25))
    video = VideoIndex("case", rng.normal(size=(frames, 6)), np.arange(float(frames)), 25.0, 25 * frames, float(frames))
    scores = rng.normal(size=frames)
    looks = video.features.astype(np.float64)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    k, weight = int(rng.integers(1, min(frames, 9))), float(rng.choice([0.1, 0.5, 2.0]))
    chosen = LogDet(weight=weight).select(video, Query("q", scores), k).indices.tolist()
    assert chosen == greedy(scores.tolist(), looks, k, weight, 0.01)


def test_the_weight_trades_relevance_for_diversity(made_up):
    """A small weight gives the most relevant frames, a large one frames of more volume."""
    video, query = made_up(frames=120)
    top = np.sort(np.argsort(-query.relevance)[:6])
    assert np.array_equal(LogDet(weight=1e-6).select(video, query, 6).indices, top)
    looks = video.features / np.linalg.norm(video.features, axis=1, keepdims=True)
    volumes = []
    for weight in (1e-6, 0.5, 100.0):
        chosen = looks[LogDet(weight=weight).select(video, query, 6).indices].astype(np.float64)
        volumes.append(np.linalg.slogdet(chosen @ chosen.T + 0.01 * np.eye(6))[1])
    assert volumes[0] < volumes[1] < volumes[2]


def test_scale_and_level_of_relevance_do_not_matter(made_up):
    """Scores of any unit give the same frames."""
    video, query = made_up(frames=120)
    other = Query("q", 3.0 + 0.01 * query.relevance)
    assert LogDet().select(video, query, 9).sha256 == LogDet().select(video, other, 9).sha256


def test_equal_frames_go_by_time(made_up):
    """A video shown twice gives frames of its first showing, while they differ from the chosen ones."""
    video, query = made_up(frames=60)
    twice = VideoIndex("twice", np.tile(video.features, (2, 1)), np.arange(120.0), 25.0, 3000, 120.0)
    chosen = LogDet().select(twice, Query("q", np.tile(query.relevance, 2)), 12).indices
    assert chosen.tolist() == LogDet().select(video, query, 12).indices.tolist()


def test_denoised_inputs_are_those_of_ntlbg(made_up):
    """The same rule on the smoothed features and scores, and other frames than without."""
    video, query = made_up(frames=200)
    law = NTLBG().law(video, query)
    smooth = VideoIndex("smooth", law.space.features, video.timestamps_s, 25.0, 5000, 200.0)
    chosen = LogDet(denoised=True).select(video, query, 8).indices
    assert np.array_equal(chosen, LogDet().select(smooth, Query("q", law.z), 8).indices)
    assert not np.array_equal(chosen, LogDet().select(video, query, 8).indices)


@pytest.mark.parametrize(
    "check",
    [
        checks.any_budget_of_any_video,
        checks.constant_relevance_is_no_obstacle,
        checks.duplicate_frames_are_no_obstacle,
        checks.extreme_relevance_is_no_obstacle,
    ],
)
def test_denoised_keeps_the_contract(check):
    """The variant that is not the default."""
    check(LogDet(denoised=True))
