"""Uniform sampling: the centres of k equal spans of time, or a benchmark's own grid. What everyone does.

Unbeaten where the whole video matters; misses a moment shorter than its grid with probability 1 - length · k / T.
Source: docs/selection.md, "Baselines".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.statistics.smoothing import frame_gap_s

Grid = Literal["centres", "longvideobench", "lmms_eval", "lmms_eval_simple", "vlmevalkit"]
A_SECOND, LEAST, MOST = 2.0, 4, 768  # frames that qwen_vl_utils reads: a second, and of one video


@dataclass(frozen=True)
class Uniform(Selector):
    """Blind to the question.

    The grids of the benchmarks' loaders are theirs to the frame (`native_grid`), but count frames of the file. They
    are mapped to the candidate frames by time: the candidate nearest in time, the earlier of two. They keep the budget;
    the loaders do not (`loader_grid`): `raw` takes as many frames as they do, and repeats are removed.
    """

    name: ClassVar[str] = "uniform"
    source: ClassVar[str] = "docs/selection.md, Baselines: bin centres"
    uses_relevance: ClassVar[bool] = False

    grid: Grid = "centres"  # the others repeat a benchmark's own numbers; they leave out an end or sit on both
    raw: bool = False  # a benchmark's own budget too

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        if self.grid == "centres":
            raise InputError("`uniform`: `raw` is a benchmark's budget, and the grid `centres` is of no benchmark")
        # with the k that was asked for: beyond T it may be another budget
        near = nearest(video, loader_grid(self.grid, video, k))
        return self.selection(video, np.unique(near))

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        if self.grid == "centres":
            return self.selection(video, bin_centres(video.timestamps_s, k))
        return self.selection(video, nearest_candidates(video, native_grid(self.grid, video, k)))


def bin_centres(timestamps_s: Array, k: int) -> Array:
    """The frames on screen at the centres of k equal spans of time: [k] increasing indices, k ≤ T.

    At constant spacing these are the frames floor((i + 1/2) T / k), i = 0..k-1. Where frames are so irregular that
    two centres meet the same frame, the later centre takes the next frame.
    """
    gap = frame_gap_s(timestamps_s)
    first, length = timestamps_s[0], timestamps_s[-1] + gap - timestamps_s[0]
    centres = first + (np.arange(k) + 0.5) * (length / k)
    # a centre that falls on a timestamp must not slip to the frame before by rounding
    seen = np.searchsorted(timestamps_s, centres + 1e-6 * gap, side="right") - 1
    return apart(seen, len(timestamps_s))


def apart(seen: Array, frames: int) -> Array:
    """Different frames from non-decreasing ones: a repeated frame moves to the next, at the end to the one before.

    seen: [k] indices below `frames`, k ≤ frames. Returns [k] increasing indices.
    """
    places = np.arange(len(seen))
    return np.minimum(np.maximum.accumulate(seen - places) + places, frames - len(seen) + places)


def native_grid(grid: Grid, video: VideoIndex, k: int) -> Array:
    """The frames of the file, counted from 0, that a benchmark's loader takes for a budget of k: [k], non-decreasing.

    With N frames in the file and i the rank of the pick:
    longvideobench: its own loader, i · int(N / k), i = 0..k-1, N = int(duration · fps); starts at 0, never reaches the
    end.
    lmms_eval: its chat models over qwen_vl_utils, torch's linspace(0, N - 1, k) in single precision, rounded half
    to even; both ends.
    lmms_eval_simple: its simple models of Qwen2-VL and Qwen2.5-VL. n frames, two a second, on that same line over the
    file; of these numpy's linspace(0, n - 1, k), cut to whole numbers; both ends. Frames repeat where k > n.
    Releases of its chat models that do not hand the budget on do this too.
    vlmevalkit: int(i N / (k + 1)), i = 1..k; neither end.
    Raises InputError where the frames of the file cannot be counted.
    """
    length = video.duration_s * video.native_fps if grid == "longvideobench" else video.frame_count
    if not (1 <= length < np.inf and 0 < video.native_fps < np.inf):
        raise InputError(
            f"{video.video_id}: grid `{grid}` counts the frames of the file, but there are {length:g} at "
            f"{video.native_fps:g} per second",
            hint="use the grid `centres`, which goes by the times of the candidate frames",
        )
    count = int(length)
    if grid == "longvideobench":
        return np.arange(k) * int(count / k)
    if grid == "vlmevalkit":
        step = count / (k + 1)
        return np.array([int(i * step) for i in range(1, k + 1)])
    if grid == "lmms_eval_simple":
        read = torch_line(count, two_a_second(count, video.native_fps))
        return read[np.linspace(0, len(read) - 1, k, dtype=np.int64)]
    return torch_line(count, k)


def loader_grid(grid: Grid, video: VideoIndex, k: int) -> Array:
    """`native_grid` with the number of frames that the loader makes of a budget of k, which may be another.

    longvideobench: at most one a second of the duration. lmms_eval: even, half of k rounded half to even.
    lmms_eval_simple: one more where k = 1, as it adds the last frame. vlmevalkit: k.
    Raises InputError where the loader fails, and as `native_grid`.
    """
    n = k
    if grid == "longvideobench":
        n = min(k, int(video.duration_s))
    if grid == "lmms_eval":
        n = 2 * round(k / 2)
    if n < 1 or (grid == "lmms_eval" and n > video.frame_count):
        raise InputError(
            f"{video.video_id}: the loader of grid `{grid}` takes no frames for k = {k}", hint="leave `raw` off"
        )
    if grid == "lmms_eval_simple" and k == 1:
        return native_grid(grid, video, 2)
    return native_grid(grid, video, n)


def two_a_second(count: int, fps: float) -> int:
    """How many frames qwen_vl_utils reads of a file by default: two a second, 4 to 768, even, no more than it has."""
    n = min(max(count / fps * A_SECOND, LEAST), MOST, count)
    return max(1, int(n // 2) * 2)  # of a single frame theirs raises; it is that frame


def torch_line(count: int, k: int) -> Array:
    """torch.linspace(0, count - 1, k).round(), in single precision as there: [k]."""
    last = np.float32(count - 1)
    step = float(last / np.float32(max(k - 1, 1)))
    ranks = np.arange(k)
    # torch counts from the nearer end and rounds product and sum together, once
    line = np.where(ranks < k // 2, step * ranks, float(last) - step * ranks[::-1])
    return np.rint(line.astype(np.float32)).astype(np.int64) if k > 1 else np.zeros(1, dtype=np.int64)


def nearest_candidates(video: VideoIndex, native: Array) -> Array:
    """The candidate frames nearest in time to frames of the file: [k] increasing indices.

    native: [k] non-decreasing frame numbers of the file, whose first frame is the first candidate. Where two of them
    meet one candidate, the later takes the next, as with the bin centres.
    """
    return apart(nearest(video, native), len(video))


def nearest(video: VideoIndex, native: Array) -> Array:
    """The same, where two may meet one candidate: [k] non-decreasing indices."""
    times = video.timestamps_s
    wanted = times[0] + native / video.native_fps
    after = np.minimum(np.searchsorted(times, wanted), len(times) - 1)
    before = np.maximum(after - 1, 0)
    # a time halfway between two candidates must not slip to the later by rounding
    later = wanted - times[before] > times[after] - wanted + 1e-6 * frame_gap_s(times)
    return np.where(later, after, before)
