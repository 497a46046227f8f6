"""Exact decoding: for each moment, the frame on screen then, upright, in RGB, with its true timestamp.

Two ways, equal in every pixel: *sequential* decodes all packets and is always right; *gated* decodes only groups
of packets that hold a wanted frame and leaves out pictures that no other picture needs. Gating runs only where
one pass over the packets has proven both (see `index`, `nal`), checks that every wanted frame came out, and gives
way to sequential decoding when one did not. One thread: many videos are decoded side by side instead.

Damage never passes for content. A packet that does not decode, or a picture that the decoder flags, makes the
video CORRUPT; a file that ends well before its declared end is TRUNCATED, and what it has is kept and marked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.errors import VideoError
from ntlbg.video.index import PacketIndex, read_index
from ntlbg.video.open import open_video, picture_stream, reason_of
from ntlbg.video.probe import VideoFacts, facts_of
from ntlbg.video.render import INTERPOLATION, UPRIGHT, Orientation, to_rgb

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["INTERPOLATION", "Decoded", "Reading", "Sampling", "decode_frames", "frames_at", "read_into", "to_rgb"]


@dataclass(frozen=True)
class Sampling:
    """What decides the frames of a video. size: (h, w) in pixels."""

    fps: float
    max_frames: int
    size: tuple[int, int]


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


class _NotProvenError(Exception):
    """Gated decoding did not yield what it promised; sequential decoding must answer."""


def decode_frames(path: str | Path, sampling: Sampling, *, backend: str = "auto") -> Decoded:
    """All candidate frames of one video in memory. Raises VideoError."""
    sink = _Memory()
    reading = read_into(sink, path, sampling, backend=backend)
    return Decoded(np.stack(sink.frames), np.array(sink.times, dtype=np.float64), reading)


def read_into(sink: Sink, path: str | Path, sampling: Sampling, *, backend: str = "auto") -> Reading:
    """Give every candidate frame of a video to `sink`, in order.

    Raises VideoError with the outcome, unless it is OK or TRUNCATED (then frames were given).
    """
    video = _Video(path, backend)

    def targets(index: PacketIndex) -> Array:
        return plan.target_times(index.last_s, sampling.fps, sampling.max_frames)

    count = video.feed(sink, targets, sampling.size)
    index = video.index
    outcome, detail = DecodeOutcome.OK, ""
    if index.truncated:
        outcome = DecodeOutcome.TRUNCATED
        detail = f"{path}: ends at {index.end_s:.1f} s, {index.missing_s:.1f} s before the end that its header declares"
    facts = replace(
        video.facts,
        frame_count=int(index.shown.size),
        # a header may say too little (MPEG program streams are estimated), never too much without `truncated`
        duration_s=max(video.facts.duration_s, index.end_s),
        start_s=float(index.shown[0]) * index.tick_s,
    )
    return Reading(outcome, detail, facts, index.end_s, count)


def frames_at(
    path: str | Path, timestamps_s: Array | list[float], size: tuple[int, int], *, backend: str = "auto"
) -> Array:
    """The frames on screen at the given moments: uint8 [n, h, w, 3], in the order asked for.

    timestamps_s: [n] seconds from the first frame; a frame's true timestamp gives that very frame.
    Raises VideoError for an unreadable video, InputError for a moment outside it.
    """
    wanted = np.asarray(timestamps_s, dtype=np.float64)
    if wanted.size == 0:
        return np.zeros((0, *size, 3), dtype=np.uint8)
    moments, back = np.unique(wanted, return_inverse=True)
    video = _Video(path, backend)
    end_s = video.index.end_s
    if not np.isfinite(wanted).all() or moments[0] < -plan.SLACK_S or moments[-1] > end_s + plan.SLACK_S:
        outside = next(t for t in wanted.tolist() if not -plan.SLACK_S <= t <= end_s + plan.SLACK_S)
        raise InputError(f"{path}: second {outside:g} is outside the video, which lasts {end_s:.3f} s")
    sink = _Memory()
    video.feed(sink, lambda _: np.maximum(moments, 0.0), size)
    tick_s = video.index.tick_s
    ticks = np.rint(np.array(sink.times) / tick_s).astype(np.int64)
    shown = plan.shown_at(ticks, plan.in_ticks(np.maximum(moments, 0.0), tick_s))
    return np.stack(sink.frames)[shown[back.reshape(-1)]]


class _Memory:
    def __init__(self) -> None:
        self.restart()

    def add(self, pixels: Array, time_s: float) -> None:
        self.frames.append(pixels)
        self.times.append(time_s)

    def restart(self) -> None:
        self.frames: list[Array] = []
        self.times: list[float] = []


class _Video:
    """One file: its index, then its frames."""

    def __init__(self, path: str | Path, backend: str) -> None:
        self.path = path
        self.backend = backend
        self._origin = 0  # ticks of the first frame
        with open_video(path) as container:
            stream = picture_stream(container, path)
            index = read_index(container, stream, path)
            self.facts = facts_of(container, stream, UPRIGHT)
            self._stored = self.facts.width, self.facts.height
        if index is None:
            raise VideoError(f"{path}: has a picture track without a picture", DecodeOutcome.EMPTY)
        self.index = index
        if index.holes or (index.cut and not index.truncated):
            raise VideoError(f"{path}: is damaged: packets are missing in it", DecodeOutcome.CORRUPT)

    def feed(self, sink: Sink, targets: Callable[[PacketIndex], Array], size: tuple[int, int]) -> int:
        moments = targets(self.index)
        if self.backend == "auto" and self.index.starts is not None and not self.index.damaged.any():
            try:
                return self._pour(sink, self._gated(moments), size)
            except _NotProvenError:
                sink.restart()
        return self._pour(sink, self._sequential(moments), size)

    def _pour(self, sink: Sink, frames: Iterator[tuple[int, VideoFrame]], size: tuple[int, int]) -> int:
        scaler = VideoReformatter()
        first: int | None = None
        count = 0
        for ticks, frame in frames:
            if first is None:
                first = ticks
                self._note(frame)
            try:
                pixels = to_rgb(frame, size, using=scaler)
            except (av.FFmpegError, ValueError) as error:
                raise VideoError(
                    f"{self.path}: its pixel format {frame.format.name} cannot be turned into RGB ({reason_of(error)})",
                    DecodeOutcome.UNSUPPORTED_CODEC,
                ) from None
            sink.add(pixels, (ticks - self._origin) * self.index.tick_s)
            count += 1
        if count == 0:
            raise VideoError(f"{self.path}: has a picture track without a picture", DecodeOutcome.EMPTY)
        return count

    def _note(self, frame: VideoFrame) -> None:
        turn, (width, height) = Orientation.of(frame), self._stored
        if turn.transpose:
            width, height = height, width
        self.facts = replace(self.facts, width=width, height=height, rotation=turn.rotation)

    # --- sequential ---------------------------------------------------------------------------------------------

    def _sequential(self, moments: Array) -> Iterator[tuple[int, VideoFrame]]:
        """(ticks, frame) on screen at each moment, each frame once."""
        offsets = plan.in_ticks(moments, self.index.tick_s)
        at, total = 0, offsets.size
        held: VideoFrame | None = None
        held_ticks = backwards = count = 0
        for ticks, frame in self._timed(self._decoded()):
            count += 1
            if held is None:
                self._origin = ticks
                offsets = offsets + ticks
            elif ticks <= held_ticks:
                backwards += 1  # a doubled or late timestamp: the frame before it stays on screen
                continue
            else:
                seen = at
                while at < total and offsets[at] < ticks:
                    at += 1
                if at > seen:
                    yield held_ticks, held
                if at == total:
                    held = None
                    break
            held, held_ticks = frame, ticks
        if held is not None and at < total:
            yield held_ticks, held
        stopped = at == total and held is None
        self._complete(count, backwards, held_ticks if stopped else int(self.index.shown[-1]))

    def _complete(self, count: int, backwards: int, until: int) -> None:
        """Raise VideoError if frames came out twice or not at all, up to the tick `until`."""
        shown = self.index.shown
        due = int(np.searchsorted(shown, until, "right") - np.searchsorted(shown, self._origin))
        lost = due - count if self.index.one_each else 0
        for wrong, what in ((backwards, "carry timestamps that do not increase"), (lost, "do not come out")):
            if wrong > 1 + count // 100:
                raise VideoError(
                    f"{self.path}: is damaged: {wrong} of its first {max(due, count)} frames {what}",
                    DecodeOutcome.CORRUPT,
                )

    def _decoded(self) -> Iterator[VideoFrame]:
        """Every frame in display order; raises VideoError at the first sign of damage."""
        total = self.index.pts.size
        cut_at = total - 1 if self.index.truncated else total
        with open_video(self.path) as container:
            stream = picture_stream(container, self.path)
            done = 0
            packets = container.demux(stream)
            while True:
                last_of_cut = done >= cut_at
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    if packet.size and packet.is_corrupt:
                        frames = None
                    else:
                        frames = packet.decode()
                        done += bool(packet.size)
                except (av.FFmpegError, OSError) as error:
                    if last_of_cut:
                        frames = None
                    else:
                        raise self._undecodable(error, done, total) from None
                if frames is None or any(frame.is_corrupt for frame in frames):
                    if not last_of_cut:
                        raise self._undecodable(None, done, total)
                    # the packet that the cut went through: what came before it is whole
                    yield from self._drained(stream)
                    return
                yield from frames

    def _drained(self, stream: av.VideoStream) -> Iterator[VideoFrame]:
        try:
            yield from (frame for frame in stream.codec_context.decode(None) if not frame.is_corrupt)
        except (av.FFmpegError, OSError):
            return

    def _undecodable(self, error: Exception | None, done: int, total: int) -> VideoError:
        if isinstance(error, (av.DecoderNotFoundError, av.PatchWelcomeError)):
            return VideoError(
                f"{self.path}: its {self.facts.codec} video cannot be decoded by this FFmpeg ({reason_of(error)})",
                DecodeOutcome.UNSUPPORTED_CODEC,
            )
        why = f" ({reason_of(error)})" if error is not None else ""
        return VideoError(
            f"{self.path}: is damaged: packet {min(done + 1, total)} of {total} does not decode{why}",
            DecodeOutcome.CORRUPT,
        )

    def _timed(self, frames: Iterator[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """Frames with their display times in ticks."""
        if self.index.ordered:
            shown = self.index.shown
            for k, frame in enumerate(frames):
                if k < shown.size:
                    yield int(shown[k]), frame
            return
        step = max(1, self.index.last_length)
        ticks = -step
        for frame in frames:
            ticks = frame.pts if frame.pts is not None else ticks + step
            yield ticks, frame

    # --- gated --------------------------------------------------------------------------------------------------

    def _gated(self, moments: Array) -> Iterator[tuple[int, VideoFrame]]:
        """The same as `_sequential`, from the packets that the wanted frames need."""
        index = self.index
        assert index.starts is not None
        shown = index.shown
        self._origin = int(shown[0])
        targets = plan.in_ticks(moments, index.tick_s) + self._origin
        wanted = set(shown[np.unique(plan.shown_at(shown, targets))].tolist())
        needed = np.isin(index.pts, np.array(sorted(wanted)))
        with open_video(self.path) as container:
            stream = picture_stream(container, self.path)
            packets = (p for p in container.demux(stream) if p.size)
            for first, last in pairwise([*index.starts.tolist(), index.pts.size]):
                inside = np.flatnonzero(needed[first:last])
                if not inside.size:
                    self._skip(packets, last - first)
                    continue
                until = first + int(inside[-1])
                due = deque(sorted(index.pts[first:last][inside].tolist()))
                for i in range(first, last):
                    packet = self._next(packets, int(index.pts[i]))
                    if i <= until and (needed[i] or not index.lonely[i]):
                        yield from self._due(due, self._tried(packet.decode))
                yield from self._due(due, self._tried(stream.codec_context.decode))
                stream.codec_context.flush_buffers()
                if due:
                    raise _NotProvenError

    @staticmethod
    def _due(due: deque[int], frames: list[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        """Those of `frames` that are wanted, which must come out in the order of their times, none left out."""
        for frame in frames:
            if frame.is_corrupt:
                raise _NotProvenError
            if due and frame.pts is not None and frame.pts >= due[0]:
                if frame.pts != due.popleft():
                    raise _NotProvenError
                yield frame.pts, frame

    @staticmethod
    def _tried(decode: Callable[[], list[VideoFrame]]) -> list[VideoFrame]:
        try:
            return decode()
        except (av.FFmpegError, OSError):
            raise _NotProvenError from None

    def _next(self, packets: Iterator[av.Packet], pts: int) -> av.Packet:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            packet = None
        if packet is None or packet.pts != pts:
            raise _NotProvenError  # not the file that was indexed a moment ago
        return packet

    def _skip(self, packets: Iterator[av.Packet], count: int) -> None:
        for _ in range(count):
            try:
                next(packets, None)
            except (av.FFmpegError, OSError):
                raise _NotProvenError from None
