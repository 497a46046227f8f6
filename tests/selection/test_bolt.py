"""BOLT, and what its release returns."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.selection.registry import make
from ntlbg.selection.rivals.bolt import bolt_raw


def walked(scores, k, power, grid):
    """The first frame at which the cumulative share reaches each step, with loops; T where none does."""
    low, high = min(scores), max(scores)
    mass = [((s - low) / (high - low)) ** power for s in scores]
    picks = []
    for step in grid:
        reached, frame = 0.0, 0
        while frame < len(mass) and reached + mass[frame] / sum(mass) < step:
            reached += mass[frame] / sum(mass)
            frame += 1
        picks.append(frame)
    return picks


def steps(k):
    """k numbers from 1/k to 1 - 1/k."""
    return [1 / k + i * (1 - 2 / k) / max(k - 1, 1) for i in range(k)]


def relevance(seed, frames):
    """A smooth curve with a bump."""
    rng = np.random.default_rng([seed, frames])
    curve = rng.normal(size=frames) * 0.3
    curve[frames // 3 : frames // 3 + 4] += rng.exponential(2)
    return curve


CASES = [(40, 3), (64, 8), (90, 16), (200, 64), (8, 8), (5, 12)]


@pytest.mark.parametrize(("frames", "k"), CASES)
@pytest.mark.parametrize("power", [1.0, 2.5, 3.0])
def test_the_raw_list_is_the_written_one(frames, k, power):
    """Same frames as plain loops, repeats included."""
    for seed in range(5):
        scores = relevance(seed, frames)
        assert bolt_raw(scores, k, power).tolist() == walked(scores.tolist(), k, power, steps(k))


@pytest.mark.parametrize(("frames", "k"), [*CASES[:-1], (30, 1), (30, 2)])
@pytest.mark.parametrize("midpoints", [False, True])
def test_the_rule_is_the_list_without_repeats_filled_up(made_up, frames, k, midpoints):
    """Different frames of the list, then the most relevant of the others; midpoints for k ≤ 2."""
    video, _ = made_up(frames)
    for seed in range(5):
        scores = relevance(seed, frames)
        grid = [(i + 0.5) / k for i in range(k)] if midpoints or k <= 2 else steps(k)
        picks = list(dict.fromkeys(walked(scores.tolist(), k, 3.0, grid)))
        for frame in sorted(range(frames), key=lambda t: (-scores[t], t)):
            if frame not in picks and len(picks) < k:
                picks.append(frame)
        rule = make("bolt", midpoints=midpoints)
        assert rule.select(video, Query("q", scores), k).indices.tolist() == sorted(picks)


def test_raw_returns_heavy_frames_again_and_again(made_up):
    """Of 64 picks at power 3 many are the same; in double precision all of them are among the mended rule's."""
    video, _ = made_up(600)
    query = Query("q", np.square(np.random.default_rng(0).normal(size=600)))  # a few peaks above much of little
    raw = make("bolt", raw=True).select(video, query, 64)
    assert len(raw) < 0.9 * 64
    assert set(bolt_raw(query.relevance, 64)) <= set(make("bolt").select(video, query, 64).indices)


def test_raw_at_two_frames_is_one_frame_twice(made_up):
    """Both ends of the grid are 1/2."""
    video, query = made_up(100)
    first, second = bolt_raw(query.relevance, 2)
    assert first == second
    assert len(make("bolt", raw=True).select(video, query, 2)) == 1


def test_raw_at_one_frame_may_lie_past_the_end(made_up):
    """The grid is 1 itself, which a rounded distribution function may never reach; no frame is then an error."""
    past = [s for s in range(40) if bolt_raw(relevance(s, 90).astype(np.float16), 1)[0] == 90]
    assert past
    video, _ = made_up(90)
    with pytest.raises(InputError, match="`bolt`"):
        make("bolt", raw=True).select(video, Query("q", relevance(past[0], 90)), 1)


@pytest.mark.filterwarnings("error")
def test_raw_a_constant_curve_gives_the_first_frame_k_times(made_up):
    """0 / 0 raises nothing there; the mended rule walks equal masses."""
    assert bolt_raw(np.full(50, 0.25), 8).tolist() == [0] * 8
    video, _ = made_up(50)
    assert np.diff(make("bolt").select(video, Query("q", np.full(50, 0.25)), 8).indices).max() <= 7


def test_half_precision_is_theirs_to_keep():
    """float16 scores are walked in float16, as released: the sum over an hour is then too coarse to end at 1."""
    scores = np.random.default_rng(0).random(3600).astype(np.float16)
    assert bolt_raw(scores, 16, 1.0).tolist() != bolt_raw(scores.astype(np.float64), 16, 1.0).tolist()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("frames", [300, 3600])
def test_raw_walks_in_half_precision(made_up, frames):
    """The rule with `raw` casts the scores as the release has them, whatever type the question holds; huge ones too."""
    video, _ = made_up(frames, width=8)
    query = Query("q", np.random.default_rng(0).random(frames))
    raw = make("bolt", raw=True, power=1.0).select(video, query, 16).indices.tolist()
    walked_so = bolt_raw(query.relevance.astype(np.float16), 16, 1.0)
    assert raw == sorted({pick for pick in walked_so.tolist() if pick < frames})
    if frames == 3600:
        assert raw != bolt_raw(query.relevance, 16, 1.0).tolist()
    huge = Query("q", query.relevance * 1e9)
    assert make("bolt", raw=True).select(video, huge, 4).indices.tolist() == [0]
