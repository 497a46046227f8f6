"""MDP3, against the paper's loops written out slowly."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import checks
from ntlbg.selection.rivals.mdp3 import MDP3, mdp3_raw

WIDTHS = (0.125, 0.25, 0.5, 1.0, 2.0)


def a_case(seed, frames=24, width=6):
    """A few scenes with noise, and scores like those of an encoder of pictures and text."""
    rng = np.random.default_rng(seed)
    scenes = rng.normal(size=(5, width))
    looks = scenes[rng.integers(5, size=frames)] + 0.5 * rng.normal(size=(frames, width))
    video = VideoIndex(f"case-{seed}", looks, np.arange(frames, dtype=float), 25.0, 25 * frames, float(frames))
    looks = video.features.astype(np.float64)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    return video, Query("q", 0.25 + 0.1 * rng.normal(size=frames)), looks


def kernel(a, b):
    """Mean of the Gaussians."""
    distance2 = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return sum(exp(-distance2 / (2 * width)) for width in WIDTHS) / len(WIDTHS)


def worth(chosen, scores, looks, *, jitter=1e-4, sums=False):
    """(2 / λ) Σ log r + log det K of these frames, by a determinant; with sums of Gaussians instead of means."""
    if not chosen:
        return 0.0
    times = len(WIDTHS) if sums else 1
    r = [times * sum(exp(-(2 - 2 * scores[t]) / (2 * width)) for width in WIDTHS) / len(WIDTHS) for t in chosen]
    matrix = np.array([[times * kernel(looks[i], looks[j]) for j in chosen] for i in chosen])
    return 10 * sum(map(log, r)) + np.linalg.slogdet(matrix + jitter * np.eye(len(chosen)))[1]


def greedy(given, candidates, k, scores, looks, **how):
    """Up to k candidates, each the one that makes the set worth most, and the worth of the whole set after each."""
    chosen, values = [], [0.0]
    for _ in range(min(k, len(candidates))):
        values_of = {i: worth([*given, *chosen, i], scores, looks, **how) for i in candidates if i not in chosen}
        chosen.append(max(values_of, key=values_of.get))
        values.append(values_of[chosen[-1]])
    return chosen, values


def programme(scores, looks, k, size, *, recount, **how):
    """V[j][c + n] = max of V[j - 1][c] + worth of the first n of the segment's greedy choice."""
    best = {0: (0.0, [])}
    for start in range(0, len(scores), size):
        segment = list(range(start, min(start + size, len(scores))))
        after = {}
        for count in sorted(best, reverse=not recount):
            before, trace = best[count]
            given = trace[-1:]
            chosen, values = greedy(given, segment, k - count, scores, looks, **how)
            for n in range(len(chosen) + 1):
                gained = 0.0 if n == 0 else values[n] - (0.0 if recount else worth(given, scores, looks, **how))
                if count + n not in after or before + gained > after[count + n][0] + (0 if recount else 1e-9):
                    after[count + n] = (before + gained, trace + sorted(chosen[:n]))
        best = after
    return best.get(k, (0.0, []))[1]


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_programme_of_the_paper(seed):
    """A segment's worth is that of its own frames given the one before; the last segment may be short."""
    video, query, looks = a_case(seed, frames=20 + seed % 5)
    k = 3 + seed % 4
    chosen = MDP3(segment=7).select(video, query, k).indices.tolist()
    assert chosen == programme(query.relevance, looks, k, 7, recount=False)


@pytest.mark.parametrize("variant", ["single", "lazy"])
@pytest.mark.parametrize("seed", range(8))
def test_without_segments_it_is_one_greedy_choice(variant, seed):
    """`single` and `lazy` choose from the whole pool by determinants."""
    video, query, looks = a_case(seed)
    chosen = MDP3(variant=variant).select(video, query, 6).indices.tolist()
    assert chosen == sorted(greedy([], range(24), 6, query.relevance, looks)[0])


@pytest.mark.parametrize("spread", [0.0, 0.02, 0.3])
def test_lazy_gains_change_no_pick(spread, made_up):
    """On long videos too, whether relevance decides much, little or nothing, and for any budget."""
    for seed in range(3):
        video, query = made_up(frames=300, seed=seed)
        query = Query("q", 0.25 + spread * query.relevance)
        for k in (1, 17, 90):
            picks = [MDP3(variant=v, pool=0).select(video, query, k).sha256 for v in ("single", "lazy")]
            assert picks[0] == picks[1]


def test_lazy_gains_change_no_pick_among_copies():
    """Every frame four times: whole ties, in which the earlier frame is taken."""
    video, query, _ = a_case(0, frames=20)
    still = VideoIndex("copies", np.tile(video.features, (4, 1)), np.arange(80.0), 25.0, 2000, 80.0)
    scores = Query("q", np.tile(query.relevance, 4))
    for k in (5, 20, 37, 79):
        single = MDP3(variant="single").select(still, scores, k).indices
        assert np.array_equal(single, MDP3(variant="lazy").select(still, scores, k).indices)
    assert MDP3(variant="lazy").select(still, scores, 20).indices.max() < 20


def test_of_equal_frames_in_two_segments_the_earlier_is_chosen():
    """A video shown twice, a segment for each showing: the first frame comes from the first; the release's, from the
    second.
    """
    video, query, looks = a_case(3, frames=8)
    twice = VideoIndex("twice", np.tile(video.features, (2, 1)), np.arange(16.0), 25.0, 400, 16.0)
    scores = Query("q", np.tile(query.relevance, 2))
    for k in (1, 2, 3):
        chosen = MDP3(segment=8).select(twice, scores, k).indices
        assert chosen.tolist() == programme(scores.relevance, np.tile(looks, (2, 1)), k, 8, recount=False)
        assert chosen[0] < 8
    assert MDP3(segment=8, raw=True).select(twice, scores, 1).indices[0] >= 8


# of the release, its steps copied line by line and run in double precision: (k, segment, list); -1: the other file
RELEASED = [
    (5, 8, [5, 25, 26, 32, 47]),
    (6, 16, [3, 4, 5, 25, 26, 32]),
    (4, 48, [3, 5, 25, 26]),
    (5, -1, [3, 4, 5, 25, 26]),
]


@pytest.mark.parametrize(("k", "size", "wanted"), RELEASED)
def test_raw_gives_the_lists_of_the_release(k, size, wanted):
    """Frames that come in threes of a kind, a question that a few of them match."""
    i, j = np.arange(48)[:, None], np.arange(1, 7)
    looks = np.cos(i // 3 * j * 0.7) + 0.3 * np.sin(i * (j + 0.5)) + 0.2 * j
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    text = np.cos(0.7 * j)
    relevance = looks @ (text / np.linalg.norm(text))
    assert mdp3_raw(relevance, looks, k, None if size < 0 else size).tolist() == wanted


@pytest.mark.parametrize("seed", range(6))
def test_raw_is_the_release(seed):
    """Both files: sums of Gaussians, no noise, and in the programme the frame before counted in every segment."""
    video, query, looks = a_case(seed)
    k = 4 + seed % 3
    raw = MDP3(segment=8, raw=True).select(video, query, k).indices.tolist()
    assert raw == programme(query.relevance, looks, k, 8, recount=True, jitter=0.0, sums=True)
    single = MDP3(variant="single", raw=True).select(video, query, k).indices.tolist()
    assert single == sorted(greedy([], range(24), k, query.relevance, looks, jitter=0.0, sums=True)[0])


def test_raw_is_drawn_into_many_segments():
    """Where the evidence lies in one segment, counting the frame before it again pulls picks into others."""
    spread = {False: 0, True: 0}
    for seed in range(8):
        video, query, _ = a_case(seed, frames=64)
        scores = query.relevance.copy()
        scores[20:28] += 0.25
        for raw in spread:
            chosen = MDP3(segment=8, raw=raw).select(video, Query("q", scores), 6).indices
            spread[raw] += len(np.unique(chosen // 8))
    assert spread[True] > spread[False] + 8


def test_raw_reads_past_the_end():
    """A pool that is no multiple of the segment stops the released programme; the fixed one gives k frames."""
    video, query, _ = a_case(1)
    with pytest.raises(InputError, match="past the last of 24"):
        MDP3(segment=7, raw=True).select(video, query, 4)
    assert len(MDP3(segment=7).select(video, query, 4)) == 4


def test_raw_finds_nothing_beyond_the_video():
    """The programme has no way to k > T frames; the file without segments returns them all."""
    video, query, looks = a_case(2)
    with pytest.raises(InputError, match="chooses no frame for k = 30"):
        MDP3(segment=8, raw=True).select(video, query, 30)
    assert len(MDP3(variant="single", raw=True).select(video, query, 30)) == 24
    assert len(mdp3_raw(query.relevance, looks, 30, 8)) == 0


def test_long_budgets_have_long_segments(made_up):
    """Above 32 frames segments have 128, as released."""
    video, query = made_up(frames=128)
    query = Query("q", 0.25 + 0.02 * query.relevance)
    one = MDP3(variant="single").select(video, query, 40).indices
    assert np.array_equal(MDP3().select(video, query, 40).indices, one)  # 128 frames are then one segment


def test_only_the_pool_is_looked_at(made_up):
    """A frame outside the 128 of the pool is never chosen, however relevant."""
    video, _ = made_up(frames=300)
    scores = np.zeros(300)
    scores[11] = 1.0
    chosen = [MDP3(pool=pool).select(video, Query("q", scores), 4).indices for pool in (128, 0)]
    assert 11 not in chosen[0]
    assert 11 in chosen[1]


@pytest.mark.parametrize("rule", [MDP3(variant="single"), MDP3(variant="lazy", pool=0), MDP3(pool=0, denoised=True)])
@pytest.mark.parametrize(
    "check",
    [
        checks.any_budget_of_any_video,
        checks.constant_relevance_is_no_obstacle,
        checks.duplicate_frames_are_no_obstacle,
        checks.extreme_relevance_is_no_obstacle,
        checks.same_frames_on_any_number_of_threads,
    ],
)
def test_every_variant_keeps_the_contract(rule, check):
    """Also those that are not the default."""
    check(rule)
