"""Every packet decoded, in order: the reference, right on every codec and container.

Damage never passes for content. A packet that does not decode, a picture that the decoder flags or a word of complaint
makes the video CORRUPT; what can be kept of it is for `salvage` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

import av
import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.backends.contract import Clip, Shown
from ntlbg.video.complaints import listening
from ntlbg.video.errors import VideoError
from ntlbg.video.open import decoder_of, open_video, picture_stream, reason_of

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


class PyAVSequential:
    """Refuses nothing."""

    name: ClassVar[str] = "pyav_sequential"

    def refuses(self, clip: Clip) -> str | None:
        return None

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        to_pixels = clip.renderer(size)
        run = _Run(clip)
        for ticks, frame in run.shown(moments_s):
            yield Shown(ticks - run.origin, to_pixels(frame))


class _Run:
    def __init__(self, clip: Clip) -> None:
        self.path, self.index, self.codec = clip.path, clip.index, clip.stored.codec
        self.origin = 0  # ticks of the first frame

    def shown(self, moments_s: Array) -> Iterator[tuple[int, VideoFrame]]:
        """(ticks, frame) on screen at each moment, each frame once."""
        offsets = plan.in_ticks(moments_s, self.index.tick_s)
        at, total = 0, offsets.size
        held: VideoFrame | None = None
        held_ticks = backwards = count = 0
        for ticks, frame in self._timed(self._decoded()):
            count += 1
            if held is None:
                self.origin = ticks
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
        due = int(np.searchsorted(shown, until, "right") - np.searchsorted(shown, self.origin))
        lost = due - count if self.index.one_each else 0
        for wrong, what in ((backwards, "carry timestamps that do not increase"), (lost, "do not come out")):
            if wrong > 1 + count // 100:
                raise VideoError(
                    f"{self.path}: is damaged: {wrong} of its first {max(due, count)} frames {what}",
                    DecodeOutcome.CORRUPT,
                )

    def _decoded(self) -> Iterator[VideoFrame]:
        """Every frame in display order; raises VideoError at the first sign of damage."""
        with listening() as ears, open_video(self.path) as container:
            stream = picture_stream(container, self.path)
            decoder = decoder_of(stream)
            done, row = 0, self.index.ordered and self.index.by_order is None
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    ears.heard()
                    frames = decoder.decode(packet if packet.size else None)
                except MemoryError:
                    raise
                except (av.FFmpegError, OSError) as error:
                    raise self._undecodable(error, done) from None
                # where places in a row stand for times, each packet must hold a frame
                shifted = row and packet.size and not decoder.has_b_frames and len(frames) != 1
                if ears.decoder() or shifted or any(frame.is_corrupt for frame in frames):
                    raise self._undecodable(None, done)
                done += bool(packet.size)
                yield from frames

    def _undecodable(self, error: Exception | None, done: int) -> VideoError:
        if isinstance(error, (av.DecoderNotFoundError, av.PatchWelcomeError)):
            return VideoError(
                f"{self.path}: its {self.codec} video cannot be decoded by this FFmpeg ({reason_of(error)})",
                DecodeOutcome.UNSUPPORTED_CODEC,
            )
        why = f" ({reason_of(error)})" if error is not None else ""
        total = self.index.pts.size
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
