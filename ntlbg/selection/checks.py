"""Properties that every selector keeps: functions of a selector, each raising AssertionError with what went wrong.

A rule of your own is checked by `for check in checks.ALL: check(rule)`. Inputs are made up here, so nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector

Check = Callable[[Selector], None]


def a_video(frames: int, *, width: int = 24, seed: int = 0, times: Array | None = None) -> VideoIndex:
    """Shots of a few scenes, with noise; one frame per second where no times are given."""
    rng = np.random.default_rng([seed, frames])
    scenes = rng.normal(size=(5, width))
    features = scenes[rng.integers(5, size=frames // 8 + 1)[np.arange(frames) // 8]]
    features = features + 0.4 * rng.normal(size=(frames, width))
    times = np.arange(frames, dtype=np.float64) if times is None else times
    return VideoIndex(f"video-{seed}-{frames}", features, times, 25.0, 25 * frames, float(times[-1] + 1))


def a_query(frames: int, *, seed: int = 0) -> Query:
    """Noisy relevance with one peak."""
    rng = np.random.default_rng([seed, frames, 1])
    relevance = rng.normal(size=frames)
    relevance[frames // 3] += 4
    return Query("What is on the table?", relevance)


def keeps_the_contract(selector: Selector, video: VideoIndex, query: Query, k: int) -> Selection:
    """min(k, T) sorted unique frames with their own times, masses that sum to 1, and reports in their ranges."""
    chosen = selector.select(video, query, k)
    assert len(chosen) == min(k, len(video)), f"{len(chosen)} frames for k={k}, T={len(video)}"
    assert np.all(np.diff(chosen.indices) > 0), "indices are not sorted and unique"
    assert 0 <= chosen.indices[0] <= chosen.indices[-1] < len(video), "an index is no frame of the video"
    assert np.array_equal(chosen.timestamps_s, video.timestamps_s[chosen.indices]), "times are other frames'"
    assert abs(chosen.masses.sum() - 1) < 1e-9, f"masses sum to {chosen.masses.sum()}"
    assert np.all(chosen.masses >= 0), "a mass is negative"
    assert (chosen.selector, chosen.parameters) == (selector.name, selector.parameters), "signed by another"
    assert chosen.distortion is None or chosen.distortion >= 0, f"distortion is {chosen.distortion}"
    assert chosen.explained is None or chosen.explained <= 1, f"explained is {chosen.explained}"
    assert chosen.trust is None or 0 <= chosen.trust <= 1, f"trust is {chosen.trust}"
    return chosen


def any_budget_of_any_video(selector: Selector) -> None:
    """Exactly min(k, T) frames, from one frame of one up."""
    for frames in (1, 2, 3, 5, 17, 120):
        for k in (1, 2, 3, 4, 8, 16, 119, 120, 500):
            keeps_the_contract(selector, a_video(frames), a_query(frames), k)


def the_whole_video_where_k_allows(selector: Selector) -> None:
    """k ≥ T chooses every frame."""
    chosen = keeps_the_contract(selector, a_video(9), a_query(9), 9)
    assert chosen.indices.tolist() == list(range(9)), "a frame is missing"


def same_input_same_frames(selector: Selector) -> None:
    """Neither earlier calls nor another object of equal content changes the choice."""
    first = selector.select(a_video(90), a_query(90), 7)
    selector.select(a_video(90, seed=3), a_query(90, seed=5), 11)
    again = selector.select(a_video(90), a_query(90), 7)
    assert first.sha256 == again.sha256, "the second call chose other frames"
    assert np.array_equal(first.masses, again.masses), "the second call gave other masses"


def same_frames_on_any_number_of_threads(selector: Selector) -> None:
    """Equal hashes and masses with one BLAS thread and with two."""
    video, query = a_video(400, width=96), a_query(400)
    with threadpool_limits(1):
        one = selector.select(a_video(400, width=96), query, 12)
    with threadpool_limits(2):
        two = selector.select(video, query, 12)
    assert one.sha256 == two.sha256, "the choice depends on the number of threads"
    assert np.array_equal(one.masses, two.masses), "the masses depend on the number of threads"


def ties_go_to_the_earlier_frame(selector: Selector) -> None:
    """Of two equal frames with equal scores, a rule that looks at scores and draws nothing chooses the earlier one."""
    if not selector.uses_relevance or not selector.deterministic:
        return
    for gap_s in (0.04, 1.0, 90.0):
        pair = VideoIndex("pair", np.ones((2, 8)), np.array([0.0, gap_s]), 25.0, 50, 2 * gap_s)
        chosen = selector.select(pair, Query("q", np.array([0.3, 0.3])), 1)
        assert chosen.indices.tolist() == [0], f"the later of two equal frames, {gap_s} s apart, was chosen"


def constant_relevance_is_no_obstacle(selector: Selector) -> None:
    """A curve without contrast, at any level, gives the same valid selection, in which nothing was believed."""
    video, chosen = a_video(80), set()
    for level in (0.0, 0.27, -3.5):
        selection = keeps_the_contract(selector, video, Query("q", np.full(80, level)), 8)
        assert not selection.trust, f"trust in a constant curve is {selection.trust}"
        chosen.add(selection.sha256)
    assert len(chosen) == 1, "the level of a constant curve changes the choice"


def duplicate_frames_are_no_obstacle(selector: Selector) -> None:
    """A still picture, a picture without any feature, and a video shown twice still give k different frames."""
    for features in (np.ones((50, 8)), np.zeros((50, 8))):
        still = VideoIndex("still", features, np.arange(50.0), 25.0, 1250, 50.0)
        keeps_the_contract(selector, still, a_query(50), 9)
    keeps_the_contract(selector, _twice(25), a_query(50), 30)


def any_spacing_in_time(selector: Selector) -> None:
    """Irregular, sub-second, very short and very long gaps."""
    rng = np.random.default_rng(7)
    for times in (
        np.cumsum(rng.exponential(size=60) + 1e-3),
        np.arange(60) / 24.0,
        np.arange(60) * 1e-6,
        1e6 + np.arange(60) * 30.0,
        np.concatenate([np.arange(59) * 0.1, [4000.0]]),
    ):
        for k in (1, 7, 59):
            keeps_the_contract(selector, a_video(60, times=times), a_query(60), k)


def extreme_relevance_is_no_obstacle(selector: Selector) -> None:
    """Huge, tiny and nearly constant scores give valid selections."""
    curve = a_query(60).relevance
    lone = np.zeros(60)
    lone[20] = 1.0
    for relevance in (curve * 1e12, curve * 1e-12, 1 + curve * 1e-15, lone, lone * 1e9 - 1e9):
        keeps_the_contract(selector, a_video(60), Query("q", relevance), 9)


def the_input_stays_as_it_was(selector: Selector) -> None:
    """Neither the video nor the question is modified."""
    video, query = a_video(70), a_query(70)
    before = [a.copy() for a in (video.features, video.timestamps_s, query.relevance)]
    selector.select(video, query, 8)
    for old, new in zip(before, (video.features, video.timestamps_s, query.relevance), strict=True):
        assert np.array_equal(old, new), "an input array was changed"


def only_what_it_declares(selector: Selector) -> None:
    """A rule that draws has a seed to draw by; one that declares itself blind to relevance does not look at it."""
    assert selector.deterministic or "seed" in selector.parameters, "it draws, and no parameter says by which seed"
    if selector.uses_relevance:
        return
    video, query = a_video(70), a_query(70)
    other = Query(query.text, -query.relevance)
    assert selector.select(video, query, 8).sha256 == selector.select(video, other, 8).sha256, "it looked"


def wrong_arguments_are_refused(selector: Selector) -> None:
    """k < 1 and a curve of another video raise InputError."""
    for query, k in ((a_query(70), 0), (a_query(70), -1), (a_query(69), 8)):
        try:
            selector.select(a_video(70), query, k)
        except InputError:
            continue
        raise AssertionError(f"k={k} with {query.relevance.size} scores for 70 frames was accepted")


def _twice(frames: int) -> VideoIndex:
    """The same frames shown twice."""
    once = a_video(frames).features
    return VideoIndex("twice", np.concatenate([once, once]), np.arange(2.0 * frames), 25.0, 1, 2.0 * frames)


ALL: tuple[Check, ...] = (
    any_budget_of_any_video,
    the_whole_video_where_k_allows,
    same_input_same_frames,
    same_frames_on_any_number_of_threads,
    ties_go_to_the_earlier_frame,
    constant_relevance_is_no_obstacle,
    duplicate_frames_are_no_obstacle,
    any_spacing_in_time,
    extreme_relevance_is_no_obstacle,
    the_input_stays_as_it_was,
    only_what_it_declares,
    wrong_arguments_are_refused,
)
