"""Exact frames: for each moment, the frame on screen then, upright, in RGB, with its true timestamp.

The decoding itself is a backend's (see `backends/`). `auto` is exact on every codec and container: it leaves out
packets where that is proven to change nothing, and decodes all of them otherwise. One thread: many videos are decoded
side by side instead.

Damage never passes for content: a damaged video is CORRUPT; a file that ends well before its declared end is
TRUNCATED, and what it has is kept and marked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.backends.contract import Clip, NotProvenError
from ntlbg.video.backends.registry import AUTO, chain
from ntlbg.video.errors import VideoError
from ntlbg.video.probe import VideoFacts


@dataclass(frozen=True)
class Sampling:
    """What decides the frames of a video. size: (h, w) in pixels. keyframes: see `plan.on_keyframes`."""

    fps: float
    max_frames: int
    size: tuple[int, int]
    keyframes: bool = False


@dataclass(frozen=True)
class Reading:
    """How reading one video ended. covered_s: how far the frames reach, in seconds from the first."""

    outcome: DecodeOutcome
    detail: str
    facts: VideoFacts
    covered_s: float
    frames: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """frames: [T, h, w, 3] uint8. timestamps_s: [T] float64 from the first frame, strictly increasing."""

    frames: Array
    timestamps_s: Array
    reading: Reading


class Sink(Protocol):
    """Takes frames one by one; `restart` forgets all that it got."""

    def add(self, pixels: Array, time_s: float) -> None: ...

    def restart(self) -> None: ...


def decode_frames(path: str | Path, sampling: Sampling, *, backend: str = AUTO) -> Decoded:
    """All candidate frames of one video in memory. Raises VideoError."""
    sink = _Memory()
    reading = read_into(sink, path, sampling, backend=backend)
    return Decoded(np.stack(sink.frames), np.array(sink.times, dtype=np.float64), reading)


def read_into(sink: Sink, path: str | Path, sampling: Sampling, *, backend: str = AUTO) -> Reading:
    """Give every candidate frame of a video to `sink`, in order.

    Raises VideoError with the outcome, unless it is OK or TRUNCATED (then frames were given).
    """
    clip = Clip.open(path)
    index = clip.index
    moments = plan.target_times(index.last_s, sampling.fps, sampling.max_frames)
    if sampling.keyframes:
        moments = plan.on_keyframes(moments, index.key_times_s, index.end_s)
    count = _pour(sink, clip, moments, sampling.size, backend)
    outcome, detail = DecodeOutcome.OK, ""
    if index.truncated:
        outcome = DecodeOutcome.TRUNCATED
        detail = f"{path}: ends at {index.end_s:.1f} s, {index.missing_s:.1f} s before the end that its header declares"
    facts = replace(
        clip.stored.turned(clip.turn),
        frame_count=int(index.shown.size),
        duration_s=index.duration_s(clip.stored.duration_s),
        start_s=float(index.origin) * index.tick_s,
    )
    return Reading(outcome, detail, facts, index.end_s, count)


def frames_at(
    path: str | Path, timestamps_s: Array | list[float], size: tuple[int, int], *, backend: str = AUTO
) -> Array:
    """The frames on screen at the given moments: uint8 [n, h, w, 3], in the order asked for.

    timestamps_s: [n] seconds from the first frame; a frame's true timestamp gives that very frame.
    Raises VideoError for an unreadable video, InputError for a moment outside it.
    """
    wanted = np.asarray(timestamps_s, dtype=np.float64)
    if wanted.size == 0:
        return np.zeros((0, *size, 3), dtype=np.uint8)
    moments, back = np.unique(wanted, return_inverse=True)
    clip = Clip.open(path)
    end_s, tick_s = clip.index.end_s, clip.index.tick_s
    if not np.isfinite(wanted).all() or moments[0] < -plan.SLACK_S or moments[-1] > end_s + plan.SLACK_S:
        outside = next(t for t in wanted.tolist() if not -plan.SLACK_S <= t <= end_s + plan.SLACK_S)
        raise InputError(f"{path}: second {outside:g} is outside the video, which lasts {end_s:.3f} s")
    sink = _Memory()
    moments = np.maximum(moments, 0.0)
    _pour(sink, clip, moments, size, backend)
    ticks = np.rint(np.array(sink.times) / tick_s).astype(np.int64)
    shown = plan.shown_at(ticks, plan.in_ticks(moments, tick_s))
    return np.stack(sink.frames)[shown[back.reshape(-1)]]


def _pour(sink: Sink, clip: Clip, moments_s: Array, size: tuple[int, int], backend: str) -> int:
    """Give the sink the frames on screen at the moments, from the first backend that keeps its promise."""
    why = None
    for candidate in chain(backend):
        why = candidate.refuses(clip)
        if why is not None:
            continue
        count = 0
        try:
            for ticks, pixels in candidate.frames(clip, moments_s, size):
                sink.add(pixels, ticks * clip.index.tick_s)
                count += 1
        except NotProvenError:
            why = "its packets do not yield the frames that they promise"
            sink.restart()
            continue
        if count == 0:
            raise VideoError(f"{clip.path}: has a picture track without a picture", DecodeOutcome.EMPTY)
        return count
    raise VideoError(
        f"{clip.path}: the backend `{backend}` does not read it: {why}",
        DecodeOutcome.UNSUPPORTED_CODEC,
        hint=f"the backend `{AUTO}` reads every video",
    )


class _Memory:
    def __init__(self) -> None:
        self.restart()

    def add(self, pixels: Array, time_s: float) -> None:
        self.frames.append(pixels)
        self.times.append(time_s)

    def restart(self) -> None:
        self.frames: list[Array] = []
        self.times: list[float] = []
