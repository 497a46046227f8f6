"""`ntlbg` for a batch of questions: frame for frame what the rule picks for each alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry
from ntlbg.selection.checks import a_query, a_video
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.ntlbg_torch import select_batch


def assert_same(found, wanted):
    """Equal frames; equal masses and shares but for the order of sums."""
    assert [s.sha256 for s in found] == [s.sha256 for s in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one.timestamps_s, other.timestamps_s)
        assert np.allclose(one.masses, other.masses, atol=1e-12)
        assert np.isclose(one.distortion, other.distortion)
        assert np.isclose(one.explained, other.explained)
        assert (one.trust, one.selector, one.parameters) == (other.trust, other.selector, other.parameters)


def questions(frames, count):
    return [a_query(frames, seed=seed) for seed in range(count)]


@pytest.mark.parametrize("k", [1, 4, 8, 40])
@pytest.mark.parametrize("frames", [2, 5, 60, 400])
def test_a_batch_picks_what_each_question_picks_alone(frames, k):
    """Questions do not disturb each other, whatever k and T."""
    video, rule = a_video(frames), NTLBG()
    asked = questions(frames, 5)
    assert_same(select_batch(rule, video, asked, k), [rule.select(video, q, k) for q in asked])


@settings(max_examples=12, deadline=None)
@given(st.integers(2, 120), st.integers(1, 40), st.integers(0, 10**6), st.booleans())
def test_twins_are_settled_alike(frames, k, seed, twins):
    """Frames that repeat, coarse curves and irregular times give the same frames as the rule."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.05, 4, size=frames))
    video = a_video(frames, seed=seed, times=times)
    if twins:
        video = VideoIndex("twins", video.features[np.arange(frames) // 3], times, 25.0, 25 * frames, times[-1] + 1)
    asked = [Query("What is on the table?", rng.normal(size=frames).round(1)) for _ in range(3)]
    rule = NTLBG()
    assert_same(select_batch(rule, video, asked, k), [rule.select(video, q, k) for q in asked])


def test_flat_curves_keep_the_contract():
    """Two frames of a cell are then equally far from its centre, so rounding decides: as good, not the same."""
    video, rule = a_video(200), NTLBG()
    flat = Query("What is on the table?", np.full(200, 0.25))
    (found,) = select_batch(rule, video, [flat], 16)
    alone = rule.select(video, flat, 16)
    assert len(found) == 16
    assert np.all(np.diff(found.indices) > 0)
    assert found.distortion == pytest.approx(alone.distortion, rel=0.1)
    assert found.trust == alone.trust == 0


def test_other_settings_reach_every_step():
    """Constants are read from the rule."""
    rule = NTLBG(representatives=40, steps=1, snap=0.5, relevance_weight=0.5, time_share=0.5, sharp_to=0.6)
    video, asked = a_video(200), questions(200, 4)
    assert_same(select_batch(rule, video, asked, 9), [rule.select(video, q, 9) for q in asked])


def test_words_that_ask_about_the_whole_get_coverage():
    """In a batch with others, in their places."""
    video, asked = a_video(150), questions(150, 3)
    asked.insert(1, Query("What is this video mainly about?", asked[0].relevance))
    rule = NTLBG()
    assert rule.covers(asked[1])
    assert_same(select_batch(rule, video, asked, 8), [rule.select(video, q, 8) for q in asked])


def test_little_memory_changes_nothing():
    """Blocks and turns are of no consequence."""
    video, asked, rule = a_video(300), questions(300, 5), NTLBG(representatives=64)
    assert_same(select_batch(rule, video, asked, 8, memory=1 << 17), select_batch(rule, video, asked, 8))


def test_no_questions_no_selections():
    """An empty batch is no mistake."""
    assert select_batch(NTLBG(), a_video(10), [], 4) == []


def test_a_curve_of_another_video_is_refused():
    """As by `select`."""
    with pytest.raises(InputError, match="9 relevance values for 10 candidate frames"):
        select_batch(NTLBG(), a_video(10), [a_query(9)], 4)
    with pytest.raises(InputError, match="at least one frame"):
        select_batch(NTLBG(), a_video(10), [a_query(10)], 0)


@pytest.mark.parametrize("name", ["ntlbg_no_thinning", "ntlbg_uniform_pool"])
def test_variants_have_no_batched_form(name):
    """They change steps that the batch takes by itself: refused, not silently taken for `ntlbg`."""
    with pytest.raises(InputError, match="no batched form"):
        select_batch(registry.make(name), a_video(10), [a_query(10)], 4)
