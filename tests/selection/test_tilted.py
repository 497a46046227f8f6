"""The space of a video and the law of a question."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import tilted
from ntlbg.selection.registry import make


def test_a_video_is_prepared_once_for_all_questions_and_rules(made_up):
    """The second question, and the next rule on the same law, find the space ready."""
    video, query = made_up(100)
    tilted.prepared.cache_clear()
    for rule in ("ntlbg", "kmedoids"):
        for level in range(3):
            make(rule).select(video, Query(str(level), query.relevance + level), 4)
    assert (tilted.prepared.cache_info().misses, tilted.prepared.cache_info().hits) == (1, 5)


def test_few_videos_are_kept(made_up):
    """Memory does not grow with the corpus."""
    for seed in range(2 * tilted.PREPARED_VIDEOS):
        video, query = made_up(30, seed=seed)
        make("ntlbg").select(video, query, 3)
    assert tilted.prepared.cache_info().currsize <= tilted.PREPARED_VIDEOS


def test_time_weighs_as_much_as_all_directions_together(made_up):
    """Scores have rms row norm 1, time has variance 1, both are centred."""
    video, query = made_up(200)
    points = make("ntlbg").law(video, query).space.points
    np.testing.assert_allclose(np.square(points[:, :-1]).sum(axis=1).mean(), 1.0)
    np.testing.assert_allclose(np.square(points[:, -1]).mean(), 1.0)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-9)


def test_what_look_alikes_earn_elsewhere_is_discounted():
    """Of two equal bumps, one on a background that scores everywhere and one on its own, the latter wins."""
    rng = np.random.default_rng(0)
    kitchen, street, garden = rng.normal(size=(3, 40)) * 3
    scenes = [kitchen, garden, garden, kitchen, garden, street, garden, garden, kitchen, garden]
    features = np.repeat(scenes, 40, axis=0) + 0.3 * rng.normal(size=(400, 40))
    relevance = 0.2 * rng.normal(size=400)
    for start in (0, 120, 320):
        relevance[start : start + 40] += 1.0  # the kitchen as such looks like the answer
    relevance[200:240] += 1.0  # so does the street, seen once
    video = VideoIndex("v", features, np.arange(400.0), 25.0, 10_000, 400.0)
    z = make("ntlbg").law(video, Query("q", relevance)).z
    plain = make("ntlbg", contrast=0.0).law(video, Query("q", relevance)).z
    assert z[200:240].mean() > 1.2 * z[120:160].mean()
    assert 0.9 < plain[200:240].mean() / plain[120:160].mean() < 1.1


def test_neighbours_are_no_look_alikes(made_up):
    """Within the gap a frame's relevance is evidence: nothing of it is held against itself."""
    video, query = made_up(200, gap_s=0.1)  # 20 s in all, every frame within 30 s of every other
    rule = make("ntlbg")
    assert not rule.law(video, query).space.lookalikes.any()
    np.testing.assert_allclose(rule.law(video, query).z, make("ntlbg", contrast=0.0).law(video, query).z, atol=1e-9)
