"""KFC: pairs, low rank, nodes, greedy choice, local search."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.selection.rivals.kfc import KFC, kfc_raw, largest_eigenpairs


def a_case(seed, frames, width=6):
    rng = np.random.default_rng([seed, frames])
    features = rng.normal(size=(frames, width)).astype(np.float32)
    video = VideoIndex("random", features, np.arange(float(frames)), 25.0, 25 * frames, float(frames))
    return video, Query("q", 0.2 + 0.1 * rng.normal(size=frames))


def written(video, query, k, *, raw, radius=2, nodes=128):
    """The steps of the paper, or of the released code, on whole matrices with loops and a plain decomposition."""
    n, q = len(video), query.relevance
    x = video.features.astype(float)
    x = [row / np.sqrt(sum(v * v for v in row)) for row in x]
    if n <= k:
        return list(range(n))
    weights = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            of_q = q[min(i, j)] if raw else (q[i] + q[j]) / 2
            weights[i, j] = 2 * q[i] if i == j else of_q + np.exp(-float(x[i] @ x[j]))
    rank = n // 4 if raw else max(1, n // 4)
    u, s, vt = np.linalg.svd(weights)
    low = (u[:, :rank] * s[:rank]) @ vt[:rank]
    if n <= 4 * k:
        grid = list(range(n))
    elif raw:
        size = n // (n // 4)
        grid = [(i * size + (i + 1) * size) // 2 for i in range(n // 4)]
    else:
        grid = bin_centres(video.timestamps_s, min(n, max(nodes, k))).tolist()
    picks = [max(range(len(grid)), key=lambda a: low[grid[a], grid[a]])]
    while len(picks) < k:
        left = [a for a in range(len(grid)) if a not in picks]
        picks.append(max(left, key=lambda a: sum(low[grid[a], grid[b]] for b in picks)))
    if raw:
        in_a_set = set()
        for pick in picks:
            in_a_set.add(pick)
        picks = list(in_a_set)
    chosen = [grid[a] for a in picks]

    def total(frames):
        return sum(low[a, b] for a in frames for b in frames if a != b)

    for place, frame in enumerate(chosen):
        best, worth = frame, total(chosen)
        for new in range(frame - radius, frame + radius + 1):
            if 0 <= new < n and new not in chosen:
                tried = [*chosen[:place], new, *chosen[place + 1 :]]
                if total(tried) > worth + 1e-9:
                    best, worth = new, total(tried)
        chosen[place] = best
    return chosen


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_written_rule(seed):
    """Same frames as the loops, with all frames as nodes and with few of them."""
    frames = (5, 9, 16, 30, 41)[seed % 5]
    video, query = a_case(seed, frames)
    k, nodes = 2 + seed % 4, 8
    chosen = KFC(nodes=nodes).select(video, query, k).indices.tolist()
    assert chosen == sorted(written(video, query, k, raw=False, nodes=nodes))


@pytest.mark.parametrize("seed", range(16))
def test_raw_is_the_released_code(seed):
    """The list of the authors' code, in its order."""
    frames = (6, 13, 30, 47)[seed % 4]
    video, query = a_case(seed, frames)
    k = 2 + seed % 4
    assert kfc_raw(video, query, k).tolist() == written(video, query, k, raw=True, radius=1)
    assert KFC(raw=True).select(video, query, k).indices.tolist() == sorted(kfc_raw(video, query, k).tolist())


# of the release, its steps copied line by line and run in double precision: (k, list in its order)
RELEASED = [
    (3, [42, 25, 30]),
    (5, [25, 30, 34, 37, 42]),
    (12, [32, 34, 3, 4, 5, 41, 42, 44, 25, 26, 30, 31]),
    (20, [3, 4, 5, 24, 25, 26, *range(30, 38), *range(40, 46)]),
]


@pytest.mark.parametrize(("k", "wanted"), RELEASED)
def test_raw_gives_the_lists_of_the_release(k, wanted):
    """Frames that come in threes of a kind, with few nodes and with all frames as nodes."""
    i, j = np.arange(48)[:, None], np.arange(1, 7)
    looks = np.cos(i // 3 * j * 0.7) + 0.3 * np.sin(i * (j + 0.5)) + 0.2 * j
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    text = np.cos(0.7 * j)
    query = Query("q", looks @ (text / np.linalg.norm(text)))
    video = VideoIndex("threes", looks.astype(np.float32), np.arange(48.0), 25.0, 1200, 48.0)
    assert kfc_raw(video, query, k).tolist() == wanted


def test_raw_forgets_the_later_frame_and_we_do_not():
    """Beside an earlier frame a relevant one brings nothing of its own, so the released code takes the next one."""
    relevance = np.array([1.0, 0, 0, 0, 0, 0, 0, 0.9])
    video = VideoIndex("alike", np.ones((8, 3)), np.arange(8.0), 25.0, 200, 8.0)
    query, exact = Query("q", relevance), {"low_rank_frames": 0}  # the exact weights: nothing else is at work
    assert KFC(raw=True, **exact).select(video, query, 2).indices.tolist() == [0, 1]
    assert KFC(**exact).select(video, query, 2).indices.tolist() == [0, 7]


def test_raw_never_sees_the_end():
    """The released grid of a 2,100-frame video has 128 nodes of 16 frames: the last 52 frames are out of reach."""
    frames = 2100
    rng = np.random.default_rng(0)
    features = 0.01 * rng.normal(size=(frames, 6)) + np.eye(6)[0]
    features[2070:] = -features[2070:]  # what looks like nothing else, and is most relevant
    relevance = np.where(np.arange(frames) >= 2070, 0.9, 0.1)
    video = VideoIndex("tail", features, np.arange(float(frames)), 25.0, 25 * frames, float(frames))
    query = Query("q", relevance)
    exact = {"low_rank_frames": 0}
    assert KFC(raw=True, **exact).select(video, query, 8).indices.max() < 2049
    assert KFC(**exact).select(video, query, 8).indices.max() >= 2070


def test_raw_leaves_nothing_of_a_very_short_video():
    """T // 4 = 0 singular values: all weights are 0 and the first frames are taken, whatever the relevance."""
    video, _ = a_case(1, 3)
    query = Query("q", np.array([0.0, 0.1, 0.9]))
    assert kfc_raw(video, query, 1).tolist() == [0]
    assert KFC().select(video, query, 1).indices.tolist() == [2]


def test_raw_fails_where_there_are_fewer_nodes_than_picks():
    """The released code raises an error of its own; here it is named, and without `raw` the budget is filled."""
    video, query = a_case(0, 1900)
    exact = {"low_rank_frames": 0}
    with pytest.raises(InputError, match="128 nodes"):
        KFC(raw=True, **exact).select(video, query, 200)
    assert len(KFC(**exact).select(video, query, 200)) == 200


def test_the_approximation_of_full_rank_is_exact(monkeypatch):
    """Where no singular value is dropped, both ways to hold the weights choose alike."""
    monkeypatch.setattr("ntlbg.selection.rivals.kfc.RANK_SHARE", 1)
    for seed in range(6):
        video, query = a_case(seed, 40)
        full = KFC(nodes=12).select(video, query, 6)
        assert full.sha256 == KFC(nodes=12, low_rank_frames=0).select(video, query, 6).sha256


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 33, 70])
def test_the_largest_eigenpairs_are_those_of_a_plain_decomposition(frames):
    """Both ends of the spectrum, any share of it."""
    rng = np.random.default_rng(frames)
    matrix = rng.normal(size=(frames, frames))
    matrix += matrix.T
    u, s, vt = np.linalg.svd(matrix)
    for count in {0, 1, frames // 4, frames // 2, frames}:
        values, vectors = largest_eigenpairs(matrix.copy(), count)
        assert values.shape == (count,)
        assert np.allclose((vectors * values) @ vectors.T, (u[:, :count] * s[:count]) @ vt[:count], atol=1e-10)


def test_equal_singular_values_stay_together():
    """Copies of frames make equal singular values; a cut between them would depend on the library's choice of vectors.

    Of 2 and four times 1, asking for three gives all five; the approximation is then the matrix itself.
    """
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    matrix = (turn * [2.0, 1.0, -1.0, 1.0, 1.0, 0.0, 0.0]) @ turn.T
    values, vectors = largest_eigenpairs(matrix.copy(), 3, 1e-12)
    assert np.allclose(values, [-1, 1, 1, 1, 2])
    assert np.allclose((vectors * values) @ vectors.T, matrix)


def test_a_video_of_copies_is_chosen_alike_under_any_rotation_of_its_features():
    """Four pictures, ten times each, a constant curve: rounding alone would decide if equal values were cut apart."""
    rng = np.random.default_rng(5)
    copies = rng.normal(size=(4, 8))[rng.permutation(np.repeat(np.arange(4), 10))]
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    query = Query("q", np.full(40, 0.3))
    chosen = set()
    for features in (copies, copies @ turn):
        video = VideoIndex("copies", features, np.arange(40.0), 25.0, 1000, 40.0)
        chosen.add(tuple(KFC().select(video, query, 7).indices.tolist()))
    assert len(chosen) == 1
