"""FOCUS: arms, close looks, and a draw from what was seen."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.rivals.draws import generator
from ntlbg.selection.rivals.focus import FOCUS, focus_raw


def written(times, relevance, k, draw):
    """The rule with loops: the picks and the frames it looked at."""
    count = len(times)
    first, second = draw.random((2, count))
    noise = draw.gumbel(size=count)
    frame_s = median(b - a for a, b in pairwise(times)) if count > 1 else 1.0
    length = times[-1] - times[0] + frame_s
    number = min(count, max(8, math.ceil(length / 16 - 1e-6)))
    arms = [list(range(i * count // number, (i + 1) * count // number)) for i in range(number)]
    arm_of = {t: i for i, arm in enumerate(arms) for t in arm}
    seen = set()
    for arm in arms:
        middle = arm[(len(arm) - 1) // 2]
        seen |= {middle, *sorted((t for t in arm if t != middle), key=lambda t: first[t])[:2]}

    def ranked(which):
        low, high = min(relevance[t] for t in seen), max(relevance[t] for t in seen)
        bounds = {}
        for i in which:
            scores = [(relevance[t] - low) / (high - low) if high > low else 0.0 for t in arms[i] if t in seen]
            n, mean, log = len(scores), sum(scores) / len(scores), math.log(len(seen))
            variance = max(1e-6, sum((s - mean) ** 2 for s in scores) / n)
            bounds[i] = mean + math.sqrt(2 * log * variance / n) + 3 * log / n
        return sorted(which, key=lambda i: -round(bounds[i], 12))

    zoomed = ranked(range(number))[: max(4, math.ceil(number / 4))]
    for i in zoomed:
        arm = arms[i]
        wanted = min(len(arm), max(1, int(times[arm[-1]] - times[arm[0]] + frame_s + 1e-6)))
        even = [arm[int((j + 0.5) * len(arm) / round(wanted / 2))] for j in range(round(wanted / 2))]
        closed = sorted((t for t in arm if t not in seen and t not in even), key=lambda t: second[t])
        seen |= {*even, *closed[: wanted - len(even)]}
    final = ranked(zoomed)[:32]

    guess = []
    for t in range(count):
        near = min((u for u in arms[arm_of[t]] if u in seen), key=lambda u: (abs(times[u] - times[t]), u))
        guess.append(relevance[near])
    gap = min(1.0, length / k / 4) if length / k > 0.2 else 0.0
    chosen = []

    def apart(t):
        return all(abs(times[t] - times[u]) >= gap - frame_s / 2 for u in chosen)

    def take(order, need):
        goal = len(chosen) + need
        for test in (apart, lambda _: True):
            for t in order:
                if len(chosen) < goal and t not in chosen and test(t):
                    chosen.append(t)

    take(sorted(seen, key=lambda t: (-relevance[t], t)), round(0.2 * min(k, len(seen))))
    rest = k - len(chosen)
    for place, i in enumerate(final):
        free = [t for t in arms[i] if t not in chosen]
        allowed = [t for t in free if apart(t)] or free
        if allowed:
            low, high = min(guess[t] for t in allowed), max(guess[t] for t in allowed)
            key = {t: ((guess[t] - low) / (high - low) if high > low else 0.0) / 0.06 + noise[t] for t in allowed}
            take(sorted(allowed, key=lambda t: -key[t]), rest // len(final) + (place < rest % len(final)))
    chosen += [t for t in sorted(range(count), key=lambda t: (-guess[t], t)) if t not in chosen][: k - len(chosen)]
    return sorted(chosen), sorted(seen)


def a_case(seed):
    """Times a second, a tenth of one or irregular gaps apart, and a curve that rounding cannot tie."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 160))
    times = [np.arange(count) * 1.0, np.arange(count) / 10, np.cumsum(rng.exponential(size=count) + 0.01)][seed % 3]
    return times, rng.integers(0, 1024, size=count) / 1024


def a_video(times):
    return VideoIndex("v", np.ones((len(times), 2)), times, 25.0, 25 * len(times), float(times[-1] + 1))


@pytest.mark.parametrize("seed", range(36))
def test_it_is_the_written_rule(seed):
    """Same frames picked and same frames looked at, for any spacing and budget."""
    times, relevance = a_case(seed)
    query = Query(f"question {seed}", relevance)
    for k in sorted({1, min(6, len(times)), len(times) // 2 + 1, len(times)}):
        wanted, seen = written(times.tolist(), relevance.tolist(), k, generator(0, a_video(times), query))
        picks, opened = FOCUS().picks(times, relevance, k, generator(0, a_video(times), query))
        assert np.flatnonzero(opened).tolist() == seen
        assert picks.tolist() == wanted
        assert FOCUS().select(a_video(times), query, k).indices.tolist() == wanted


def test_closed_values_change_nothing(made_up):
    """The curve may say anything where the rule did not look; at one frame a second that is 61 % of an hour."""
    video, query = made_up(3600, width=2)
    picks, opened = FOCUS().picks(video.timestamps_s, query.relevance, 32, np.random.default_rng(0))
    assert 0.38 < opened.mean() < 0.4
    other = np.where(opened, query.relevance, 1e6)
    again, same = FOCUS().picks(video.timestamps_s, other, 32, np.random.default_rng(0))
    assert np.array_equal(picks, again)
    assert np.array_equal(opened, same)


def test_close_looks_count():
    """An arm that is good, but not where it was first looked at, is ranked and drawn from by what a close look saw."""
    times = np.arange(64.0)  # 8 arms of 8 frames, 4 of them looked at closely
    coarse = FOCUS(fine_s=100.0).picks(times, np.zeros(64), 1, np.random.default_rng(0))[1]
    relevance = np.zeros(64)
    relevance[:8] = 0.5
    relevance[8:32] = np.where(coarse[8:32], 0.4, 0.0)
    relevance[16:24] = np.where(coarse[16:24], 0.4, 1.0)
    picks, opened = FOCUS().picks(times, relevance, 2, np.random.default_rng(0))
    assert opened[16:24].all()
    assert relevance[picks].tolist() == [0.5, 1.0]


# of the release, its steps copied line by line: (frames, frames per second, k, list), each from a new default_rng(42)
RELEASED = [
    (100, 1.0, 8, [5, 44, 55, 56, 62, 64, 66, 67]),
    (127, 1.0, 16, [16, 20, 21, 30, 60, 61, 62, 66, 67, 85, 86, 87, 88, 105, 106, 107]),
    (250, 25.0, 12, [3, 8, 59, 61, 188, 189, 190, 199, 232, 237, 243, 246]),
    (64, 1.0, 60, [*range(24), *range(40, 48)]),
]


@pytest.mark.parametrize(("frames", "rate", "k", "wanted"), RELEASED)
def test_raw_gives_the_lists_of_the_release(frames, rate, k, wanted):
    """On a curve with ties, for a short and a full list, several frames a second included."""
    i = np.arange(frames)
    relevance = (37 * i * i + 11 * i) % 101 / 101
    assert focus_raw(relevance, rate, k, np.random.default_rng(42)).tolist() == wanted


def test_raw_learns_nothing_from_its_close_looks():
    """Without a best fifth, the values that only close looks opened may be anything: arms and estimates stay."""
    video, rng = a_video(np.arange(64.0)), np.random.default_rng(7)
    relevance, rule = rng.random(64), FOCUS(raw=True, top=0.0)
    first = generator(0, video, Query("q", relevance))  # it draws the first looks as the release does, arm by arm
    seen = [[a + 3, *first.choice(np.delete(np.arange(a, a + 8), 3), size=2, replace=False)] for a in range(0, 64, 8)]
    closed = np.setdiff1d(np.arange(64), np.ravel(seen))
    changed = relevance.copy()
    changed[closed] = rng.random(len(closed))
    before, after = (rule.select(video, Query("q", curve), 8).sha256 for curve in (relevance, changed))
    assert before == after


def test_raw_leaves_lists_short_and_ours_does_not():
    """Four arms of 12 frames cannot give what 64 asks of them."""
    video = a_video(np.arange(100.0))
    query = Query("q", np.random.default_rng(0).random(100))
    assert len(FOCUS(raw=True).select(video, query, 64)) < 64
    assert len(FOCUS().select(video, query, 64)) == 64


def test_raw_never_sees_the_last_frames():
    """127 frames make 8 arms of 15: what the last seven show is in no arm of the release."""
    relevance = np.full(127, 0.1)
    relevance[121:] = 0.9
    query, video = Query("q", relevance), a_video(np.arange(127.0))
    assert FOCUS(raw=True).select(video, query, 8).indices.max() < 121
    assert FOCUS().select(video, query, 8).indices.max() >= 121


def test_raw_forgets_the_gap_for_its_best_frames():
    """At 10 frames per second the best fifth of the release are neighbours; ours lie a second apart."""
    times = np.arange(1200) / 10
    relevance = np.exp(-np.square(times - 60.0) / 8)
    query, video = Query("q", relevance), a_video(times)
    raw, ours = (FOCUS(raw=r).select(video, query, 20).timestamps_s for r in (True, False))
    assert np.diff(raw).min() < 0.5
    assert np.diff(ours).min() > 0.94


def test_raw_is_lost_where_scores_are_no_probabilities(made_up):
    """The release cuts estimates to [0, 1]; the level of the curve moves its picks, and not ours."""
    video, _ = made_up(400, width=2)
    relevance = np.random.default_rng(3).integers(0, 1024, size=400) / 1024
    level, lower = Query("q", relevance), Query("q", relevance - 8)
    assert FOCUS(raw=True).select(video, level, 16).sha256 != FOCUS(raw=True).select(video, lower, 16).sha256
    assert FOCUS().select(video, level, 16).sha256 == FOCUS().select(video, lower, 16).sha256


def test_raw_is_sorted_and_different(made_up):
    """Whatever the length, its list holds frames of the video, each once."""
    for count, rate in [(1, 1.0), (2, 1.0), (9, 25.0), (300, 1.0), (300, 0.5)]:
        for k in (1, 8, 40):
            picks = focus_raw(np.random.default_rng(count).random(count), rate, k, np.random.default_rng(1))
            assert np.all(np.diff(picks) > 0)
            assert len(picks) <= k
            assert not len(picks) or 0 <= picks[0] <= picks[-1] < count


def test_another_seed_is_another_draw(made_up):
    """The seed is a parameter."""
    video, query = made_up(400, width=2)
    assert FOCUS(seed=1).select(video, query, 8).sha256 != FOCUS().select(video, query, 8).sha256
