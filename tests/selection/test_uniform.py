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


GRIDS = ("longvideobench", "lmms_eval", "vlmevalkit")


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
    return torch.linspace(0, frames - 1, k).round().long().tolist()


@pytest.mark.parametrize("grid", GRIDS)
@given(frames=st.integers(40, 20_000), k=st.integers(1, 16), fps=st.sampled_from([24.0, 25.0, 30.0]))
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
