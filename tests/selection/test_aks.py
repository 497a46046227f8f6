"""AKS, and what its release returns."""

from __future__ import annotations

import heapq
from collections import deque

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.selection.registry import make
from ntlbg.selection.rivals.aks import aks_raw


def curve(seed, frames):
    """Noise with a few steps and peaks; every third curve has ties."""
    rng = np.random.default_rng([seed, frames])
    scores = rng.normal(size=frames) * rng.choice([0.05, 1.0])
    for _ in range(rng.integers(4)):
        start = rng.integers(frames)
        scores[start : start + rng.integers(1, 20)] += rng.exponential(3)
    return np.round(scores * 8) if seed % 3 == 0 else scores


def judged_and_split(scores, k, gap, spread, depth, *, halve_top=False):
    """The procedure of the paper on plain lists, from a queue."""
    low, high = min(scores), max(scores)
    queue = deque([([(s - low) / (high - low) for s in scores], list(range(len(scores))), 0)])
    picks = []
    while queue:
        part, frames, level = queue.popleft()
        top = heapq.nlargest(k // 2**level if halve_top else k, part)
        whole = False
        if part:
            mean = sum(part) / len(part)
            deviation = (sum((s - mean) ** 2 for s in part) / len(part)) ** 0.5
            whole = sum(top) / len(top) - mean > gap and deviation > spread
        if not whole and level < depth:
            middle = len(part) // 2
            queue.append((part[:middle], frames[:middle], level + 1))
            queue.append((part[middle:], frames[middle:], level + 1))
        else:
            best = heapq.nlargest(int(k / 2**level), range(len(part)), key=part.__getitem__)
            picks += [frames[i] for i in best]
    return sorted(picks)


CASES = [(40, 3), (64, 8), (90, 16), (90, 33), (200, 64), (7, 7), (30, 1)]


@pytest.mark.parametrize(("frames", "k"), CASES)
@pytest.mark.parametrize("settings", [{}, {"gap": 0.3}, {"gap": 0.3, "spread": 0.2, "depth": 3}])
def test_the_raw_list_is_the_written_procedure(frames, k, settings):
    """Same list as the queue of the paper, losses included."""
    for seed in range(5):
        scores = curve(seed, frames)
        wanted = judged_and_split(scores.tolist(), k, *({"gap": 0.8, "spread": -100, "depth": 5} | settings).values())
        assert aks_raw(scores, k, **settings).tolist() == wanted


@pytest.mark.parametrize(("frames", "k"), CASES)
@pytest.mark.parametrize("settings", [{}, {"gap": 0.3}, {"gap": 0.2, "halve_top": True}])
def test_the_rule_is_the_procedure_with_its_losses_made_good(made_up, frames, k, settings):
    """Depth at most log2 k, then the most relevant frames left out."""
    video, _ = made_up(frames)
    for seed in range(5):
        scores = curve(seed, frames)
        depth = min(5, int(np.log2(k)))
        picks = judged_and_split(
            scores.tolist(), k, settings.get("gap", 0.8), -100, depth, halve_top=settings.get("halve_top", False)
        )
        assert len(picks) <= k
        for frame in sorted(range(frames), key=lambda t: (-scores[t], t)):
            if frame not in picks and len(picks) < k:
                picks.append(frame)
        assert make("aks", **settings).select(video, Query("q", scores), k).indices.tolist() == sorted(picks)


def test_raw_the_usual_answer_to_a_small_budget_is_empty(made_up):
    """At k = 8 most curves leave no part above depth 4, so no part gives a frame: an error that says so."""
    video, query = made_up(300)
    empty = [len(aks_raw(np.random.default_rng(seed).normal(size=300), 8)) == 0 for seed in range(40)]
    assert np.mean(empty) > 0.5
    noise = Query("q", np.random.default_rng(0).normal(size=300))
    with pytest.raises(InputError, match="`aks`"):
        make("aks", raw=True).select(video, noise, 8)
    assert len(make("aks").select(video, query, 8)) == 8


def test_raw_a_budget_that_is_no_power_of_two_loses_frames(made_up):
    """k = 63 in 32 parts gives one frame a part."""
    video, _ = made_up(320)
    noise = Query("q", np.random.default_rng(1).normal(size=320))
    assert len(make("aks", raw=True, gap=10).select(video, noise, 63)) == 32
    assert len(make("aks", gap=10).select(video, noise, 63)) == 63


@pytest.mark.filterwarnings("error")
def test_raw_a_constant_curve_gives_the_first_frames_of_each_part():
    """0 / 0 raises nothing there: no part is a peak, and the earliest of each of 32 parts are taken."""
    assert aks_raw(np.full(320, 0.25), 64).tolist() == [10 * part + i for part in range(32) for i in (0, 1)]


def test_raw_a_budget_above_the_video_returns_it_whole(made_up):
    """T < k is left alone, T = k is not."""
    video, query = made_up(50)
    assert len(make("aks", raw=True).select(video, query, 51)) == 50
    assert len(make("aks", raw=True).select(video, query, 50)) < 50


def test_one_peak_is_taken_whole():
    """k best frames far above the mean keep the video in one piece: they are the selection."""
    scores = np.zeros(400)
    scores[120:128] = 1
    assert aks_raw(scores, 8).tolist() == list(range(120, 128))
