"""Exact frames: for each moment, the frame on screen then, upright, in RGB, with its true timestamp.

The decoding itself is a backend's (see `backends/`). `auto` is exact on every codec and container: it leaves out
packets where that is proven to change nothing, and decodes all of them otherwise. One thread: many videos are decoded
side by side instead.

Damage never passes for content. A damaged video is CORRUPT: frames of its clean groups are kept, and the stretches
without one are stated (see `salvage`). A file that ends well before its declared end is TRUNCATED, and what it has is
kept and marked. A moment in a hole has no frame.
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
from ntlbg.video.backends.registry import AUTO, chain, foreign
from ntlbg.video.complaints import listening
from ntlbg.video.errors import BackendError, VideoError
from ntlbg.video.probe import VideoFacts
from ntlbg.video.salvage import Damage, damage_of, salvage


@dataclass(frozen=True)
class Sampling:
    """What decides the frames of a video. size: (h, w) in pixels. keyframes: see `plan.on_keyframes`."""

    fps: float
    max_frames: int
    size: tuple[int, int]
    keyframes: bool = False


@dataclass(frozen=True)
class Reading:
    """How reading one video ended.

    covered_s: how far the frames reach, in seconds from the first. missing_s: [from, to] of each stretch without a
    frame, in the same seconds.
    """

    outcome: DecodeOutcome
    detail: str
    facts: VideoFacts
    covered_s: float
    missing_s: list[list[float]]
    frames: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """frames: [T, h, w, 3] uint8. timestamps_s: [T] float64 from the first frame, strictly increasing."""

    frames: Array
    timestamps_s: Array
    reading: Reading


class Sink(Protocol):
    """Takes frames one by one; `restart` forgets all that it got, `keep` all but some: bool [frames so far]."""

    def add(self, pixels: Array, time_s: float) -> None: ...

    def restart(self) -> None: ...

    def keep(self, kept: Array) -> None: ...


def decode_frames(path: str | Path, sampling: Sampling, *, backend: str = AUTO) -> Decoded:
    """All candidate frames of one video in memory. Raises VideoError."""
    sink = _Memory()
    reading = read_into(sink, path, sampling, backend=backend)
    return Decoded(np.stack(sink.frames), np.array(sink.times, dtype=np.float64), reading)


def read_into(sink: Sink, path: str | Path, sampling: Sampling, *, backend: str = AUTO) -> Reading:
    """Give every candidate frame of a video to `sink`, in order.

    Raises VideoError with the outcome when there is no frame to give; else the outcome is OK, TRUNCATED or CORRUPT.
    """
    clip = Clip.open(path)
    index = clip.index
    moments = plan.target_times(index.last_s, sampling.fps, sampling.max_frames)
    if sampling.keyframes:
        moments = plan.on_keyframes(moments, index.key_times_s, index.end_s)
    count, damage, replaced = _read(sink, clip, moments, sampling.size, backend)
    holes_s = (damage.holes() - index.origin) * index.tick_s
    covered_s = index.end_s
    if len(holes_s) and damage.holes()[-1, 1] >= damage.end:
        covered_s = float(holes_s[-1, 0])
    facts = replace(
        clip.stored.turned(clip.turn),
        frame_count=int(index.shown.size),
        duration_s=index.duration_s(clip.stored.duration_s),
        start_s=float(index.origin) * index.tick_s,
    )
    outcome, detail = DecodeOutcome.OK, ""
    if damage.inside:
        outcome = DecodeOutcome.CORRUPT
        lost_s = float((holes_s[:, 1] - holes_s[:, 0]).sum())
        detail = f"{path}: is damaged ({damage.cause}): {lost_s:.1f} s of {facts.duration_s:.1f} s have no frame"
    elif damage.cause:
        outcome = DecodeOutcome.TRUNCATED
        detail = f"{path}: ends at {covered_s:.1f} s"
        if len(holes_s) and covered_s < holes_s[-1, 1]:
            detail += f", {float(holes_s[-1, 1]) - covered_s:.1f} s before the end that it declares"
        else:
            detail += ", in the middle of its data"
    if replaced:
        detail += f"; frames by PyAV, not by the backend `{backend}`"
    return Reading(outcome, detail, facts, covered_s, holes_s.tolist(), count)


def frames_at(
    path: str | Path, timestamps_s: Array | list[float], size: tuple[int, int], *, backend: str = AUTO
) -> Array:
    """The frames on screen at the given moments: uint8 [n, h, w, 3], in the order asked for.

    timestamps_s: [n] seconds from the first frame; a frame's true timestamp gives that very frame.
    Raises VideoError for an unreadable video, InputError for a moment outside it or in a stretch that is damaged.
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
    _, damage, _ = _read(sink, clip, moments, size, backend)
    at = plan.in_ticks(moments, tick_s)
    hidden = damage.covers(at + clip.index.origin)
    if hidden.any():
        raise InputError(f"{path}: second {moments[hidden][0]:g} lies in a stretch that is damaged ({damage.cause})")
    ticks = np.rint(np.array(sink.times) / tick_s).astype(np.int64)
    shown = plan.shown_at(ticks, at)
    return np.stack(sink.frames)[shown[back.reshape(-1)]]


def _read(sink: Sink, clip: Clip, moments_s: Array, size: tuple[int, int], backend: str) -> tuple[int, Damage, bool]:
    """Give the sink the frames on screen at the moments: how many, what is damaged, and whether PyAV read them in
    place of a foreign backend. It does so only where it sees damage itself. Raises VideoError for no frames.
    """
    own = foreign(backend)
    failed: VideoError | None = None
    with listening():
        if clip.index.whole:
            try:
                return _pour(sink, clip, moments_s, size, backend), damage_of(clip.index), False
            except VideoError as error:
                if error.outcome is not DecodeOutcome.CORRUPT:
                    raise
                failed = error
                sink.restart()
        elif own and (why := chain(backend)[0].refuses(clip)) is not None:
            raise _unread(clip, backend, why, DecodeOutcome.UNSUPPORTED_CODEC)
        frames, damage = salvage(clip, moments_s, size)
        given = []
        for ticks, pixels in frames:
            sink.add(pixels, ticks * clip.index.tick_s)
            given.append(ticks)
        kept = ~damage.covers(np.array(given, dtype=np.int64) + clip.index.origin)
        sink.keep(kept)
        if own and failed is not None and not (damage.cause and kept.any()):
            why = failed.sentence.removeprefix(f"{clip.path}: ")
            raise _unread(clip, backend, why, failed.outcome) from failed
        if not kept.any():
            raise VideoError(
                f"{clip.path}: is damaged, and no group of its frames is whole ({damage.cause})",
                DecodeOutcome.CORRUPT if damage.inside else DecodeOutcome.EMPTY,
            )
        return int(kept.sum()), damage, own


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
    raise _unread(clip, backend, str(why), DecodeOutcome.UNSUPPORTED_CODEC)


def _unread(clip: Clip, backend: str, why: str, outcome: DecodeOutcome) -> BackendError:
    return BackendError(
        f"{clip.path}: the backend `{backend}` does not read it: {why}",
        outcome,
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

    def keep(self, kept: Array) -> None:
        self.frames = [frame for frame, good in zip(self.frames, kept, strict=True) if good]
        self.times = [time for time, good in zip(self.times, kept, strict=True) if good]
