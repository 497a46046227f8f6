"""The uniform grid."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import checks
from ntlbg.selection.baselines.uniform import Uniform, bin_centres, native_grid


@given(frames=st.integers(1, 4000), k=st.integers(1, 200), fps=st.sampled_from([1.0, 2.0, 0.5, 30000 / 1001, 12.0]))
def test_at_constant_spacing_it_is_the_written_grid(frames, k, fps):
    """floor((i + 1/2) T / k), exactly, however the timestamps were rounded."""
    k = min(k, frames)
    written = [(2 * i + 1) * frames // (2 * k) for i in range(k)]
    assert bin_centres(17.3 + np.arange(frames) / fps, k).tolist() == written


def test_it_goes_by_time_not_by_count():
    """A burst of frames in one second does not draw the grid to itself."""
    times = np.concatenate([np.arange(50.0), 50 + np.arange(50) / 50, np.arange(51.0, 100.0)])
    np.testing.assert_allclose(times[bin_centres(times, 10)], np.arange(5, 100, 10), atol=1)


@given(gaps=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60), data=st.data())
def test_any_spacing_gives_k_frames_in_order(gaps, data):
    """k different frames in order, even where all centres fall into one gap."""
    times = np.cumsum(gaps)
    k = data.draw(st.integers(1, len(times)))
    picks = bin_centres(times, k)
    assert len(picks) == k
    assert picks[0] >= 0
    assert picks[-1] < len(times)
    assert np.all(np.diff(picks) > 0)


@pytest.mark.parametrize("length", [5, 20, 45])
def test_its_hits_are_those_of_the_analysis(length):
    """A moment of L frames at a random place among T is hit with probability about min(1, L k / T)."""
    frames, k = 800, 16
    picks = bin_centres(np.arange(float(frames)), k)
    starts = np.arange(frames - length + 1)
    hits = [np.any((picks >= s) & (picks < s + length)) for s in starts]
    assert np.mean(hits) == pytest.approx(min(1, length * k / frames), abs=0.03)


GRIDS = ("longvideobench", "lmms_eval", "lmms_eval_simple", "vlmevalkit")


def a_file(frames, fps=25.0, every=1, start=0.0):
    """A file of so many frames, every `every`-th of them a candidate."""
    native = np.arange(0, frames, every)
    return VideoIndex("file", np.ones((len(native), 2)), start + native / fps, fps, frames, frames / fps)


def written_grid(grid, frames, duration_s, fps, k):
    """The benchmarks' own expressions."""
    if grid == "longvideobench":
        valid = int(duration_s * fps)
        return [int(valid / k) * i for i in range(k)]
    if grid == "vlmevalkit":
        step_size = frames / (k + 1)
        return [int(i * step_size) for i in range(1, k + 1)]
    if grid == "lmms_eval_simple":  # of qwen_vl_utils' two frames a second, those of numpy's line
        most = min(768, frames) // 2 * 2
        n = int(min(min(max(frames / fps * 2, 4), most), frames) // 2) * 2
        read = torch.linspace(0, frames - 1, n).round().long().numpy()
        return read[np.linspace(0, n - 1, k, dtype=int)].tolist()
    return torch.linspace(0, frames - 1, k).round().long().tolist()


@pytest.mark.parametrize("grid", GRIDS)
@given(frames=st.integers(240, 30_000), k=st.integers(1, 16), fps=st.sampled_from([24.0, 25.0, 30.0]))
def test_a_benchmark_s_grid_is_its_own(grid, frames, k, fps):
    """Where every frame of the file is a candidate, the picks are the loader's frame numbers."""
    video = a_file(frames, fps)
    picks = Uniform(grid=grid).select(video, Query("q", np.zeros(frames)), k).indices
    assert picks.tolist() == written_grid(grid, frames, video.duration_s, fps, k)


@given(frames=st.integers(1, 500_000), k=st.integers(1, 768))
@settings(max_examples=500, deadline=None)
def test_the_grid_of_lmms_eval_is_that_of_torch(frames, k):
    """Frame by frame, where single precision decides between two frames as well, up to five hours and lmms-eval's cap.

    qwen_vl_utils: torch.linspace(0, total_frames - 1, nframes).round().long().
    """
    video = VideoIndex("file", np.ones((1, 2)), np.zeros(1), 25.0, frames, frames / 25)
    ours = native_grid("lmms_eval", video, k)
    assert ours.tolist() == torch.linspace(0, frames - 1, k).round().long().tolist()


def test_grids_worked_by_hand():
    """2,500 frames at 25 per second, 8 picks; the second line of lmms_eval was printed by torch itself."""
    video = a_file(2500)
    assert native_grid("longvideobench", video, 8).tolist() == [0, 312, 624, 936, 1248, 1560, 1872, 2184]
    assert native_grid("vlmevalkit", video, 8).tolist() == [277, 555, 833, 1111, 1388, 1666, 1944, 2222]
    assert native_grid("lmms_eval", video, 8).tolist() == [0, 357, 714, 1071, 1428, 1785, 2142, 2499]
    assert native_grid("lmms_eval", a_file(100), 64)[14:26].tolist() == [22, 24, 25, 27, 28, 30, 31, 33, 35, 36, 38, 39]


@pytest.mark.parametrize("grid", GRIDS)
def test_a_grid_is_mapped_to_candidates_by_time(grid):
    """At one candidate a second each pick is at most half a second from the loader's frame, wherever time starts."""
    for start in (0.0, 1e5):
        video = a_file(25 * 300, every=25, start=start)
        wanted = start + native_grid(grid, video, 16) / 25
        picks = Uniform(grid=grid).select(video, Query("q", np.zeros(300)), 16)
        near = np.minimum(wanted, video.timestamps_s[-1])
        assert np.abs(picks.timestamps_s - near).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("check", checks.ALL, ids=attrgetter("__name__"))
def test_a_grid_keeps_every_property(grid, check):
    """Short files, repeated frames and a wrong number of frames included."""
    check(Uniform(grid=grid))


@pytest.mark.parametrize("grid", GRIDS)
def test_a_file_that_cannot_be_counted_is_refused(grid):
    """No number of frames, or no rate, is no reason to invent a grid."""
    for fps, frames in ((0.0, 100), (25.0, 0)):
        video = VideoIndex("bad", np.ones((9, 2)), np.arange(9.0), fps, frames, 0.0 if frames == 0 else 9.0)
        with pytest.raises(InputError, match=grid):
            Uniform(grid=grid).select(video, Query("q", np.zeros(9)), 3)


def test_the_default_grid_is_the_bin_centres():
    """A benchmark's grid is chosen by name only."""
    assert Uniform() == Uniform(grid="centres")
    video = a_file(100)
    assert np.array_equal(
        Uniform().select(video, Query("q", np.zeros(100)), 7).indices, bin_centres(np.arange(100.0), 7)
    )


def test_two_frames_a_second_worked_by_hand():
    """100 s at 25 per second: 200 frames are read, every twelfth or thirteenth; of these the 0th, 28th, 56th, …"""
    read = torch.linspace(0, 2499, 200).round().long().numpy()
    assert (
        native_grid("lmms_eval_simple", a_file(2500), 8).tolist() == read[[0, 28, 56, 85, 113, 142, 170, 199]].tolist()
    )
    assert len(set(native_grid("lmms_eval_simple", a_file(50_000), 1000))) == 768
    assert native_grid("lmms_eval_simple", a_file(30), 6).tolist() == [0, 0, 10, 10, 19, 29]  # four are read


@pytest.mark.parametrize(
    ("grid", "k", "taken"),
    [
        ("longvideobench", 8, 8),
        ("longvideobench", 64, 12),  # 12.4 seconds
        ("lmms_eval", 8, 8),
        ("lmms_eval", 7, 8),
        ("lmms_eval", 5, 4),
        ("lmms_eval_simple", 8, 8),
        ("lmms_eval_simple", 64, 24),  # so many are read
        ("lmms_eval_simple", 1, 2),
        ("vlmevalkit", 7, 7),
    ],
)
def test_raw_takes_as_many_frames_as_the_loader(grid, k, taken):
    """The budget of the benchmark, of 310 frames at 25 per second; without `raw` it is the one asked for."""
    video, query = a_file(310), Query("q", np.zeros(310))
    picks = Uniform(grid=grid, raw=True).select(video, query, k).indices
    assert len(picks) == taken
    assert picks[0] == (38 if grid == "vlmevalkit" else 0)
    assert len(Uniform(grid=grid).select(video, query, k)) == k
    if taken == k:
        assert np.array_equal(Uniform(grid=grid).select(video, query, k).indices, picks)


@pytest.mark.parametrize(
    ("grid", "frames", "k", "words"),
    [
        ("lmms_eval", 100, 1, "k = 1"),
        ("lmms_eval", 6, 20, "k = 20"),
        ("longvideobench", 20, 4, "k = 4"),
        ("centres", 9, 2, "centres"),
    ],
)
def test_raw_refuses_where_the_loader_fails(grid, frames, k, words):
    """No frame, more than there are, less than a second: nothing is made up. The bin centres are no loader's."""
    with pytest.raises(InputError, match=words):
        Uniform(grid=grid, raw=True).select(a_file(frames), Query("q", np.zeros(frames)), k)


def test_raw_lets_frames_of_the_file_meet_one_candidate():
    """Where candidates lie apart the loader's frames may share them: repeats are removed, and no other is taken."""
    native = np.array([*range(13), 2400])
    video, query = VideoIndex("gap", np.ones((14, 2)), native / 25, 25.0, 2500, 100.0), Query("q", np.zeros(14))
    assert Uniform(grid="vlmevalkit", raw=True).select(video, query, 8).indices.tolist() == [12, 13]
    assert len(Uniform(grid="vlmevalkit").select(video, query, 8)) == 8
