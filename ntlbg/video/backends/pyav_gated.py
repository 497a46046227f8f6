"""Only the packets that the wanted frames need: groups without one are left out, and so are pictures that no other
picture needs. Equal to `pyav_sequential` in every pixel.

It runs only where one pass over the packets has proven both (see `index`, `nal`), and checks that every wanted frame
came out; when one did not, it raises NotProvenError and sequential decoding must answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import av
import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.video.backends.contract import Clip, NotProvenError, Shown
from ntlbg.video.complaints import Listener, listening
from ntlbg.video.open import decoder_of, open_video, picture_stream

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame


class PyAVGated:
    """Refuses clips whose groups of packets are not proven closed."""

    name: ClassVar[str] = "pyav_gated"

    def refuses(self, clip: Clip) -> str | None:
        if clip.index.starts is None:
            return "its groups of pictures are not proven closed"
        if clip.index.damaged.any():
            return "packets of it are damaged"
        return None

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        to_pixels = clip.renderer(size)
        origin = int(clip.index.shown[0])
        for ticks, frame in gated(clip, moments_s):
            yield Shown(ticks - origin, to_pixels(frame))


def gated(clip: Clip, moments_s: Array) -> Iterator[tuple[int, VideoFrame]]:
    """(ticks, frame) on screen at each moment, each frame once."""
    index = clip.index
    assert index.starts is not None
    needed = np.isin(index.pts, index.shown[clip.wanted(moments_s)])
    with listening() as ears, open_video(clip.path) as container:
        stream = picture_stream(container, clip.path)
        decoder = decoder_of(stream)
        packets = (p for p in container.demux(stream) if p.size)
        for first, last in pairwise([*index.starts.tolist(), index.pts.size]):
            inside = np.flatnonzero(needed[first:last])
            if not inside.size:
                _skip(packets, last - first)
                continue
            until = first + int(inside[-1])
            due = deque(sorted(index.pts[first:last][inside].tolist()))
            for i in range(first, last):
                packet = _next(packets, int(index.pts[i]))
                if i <= until and (needed[i] or not index.lonely[i]):
                    yield from _due(due, _tried(decoder, packet, ears))
            yield from _due(due, _tried(decoder, None, ears))
            decoder.flush_buffers()
            if due:
                raise NotProvenError


def _due(due: deque[int], frames: list[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
    """Those of `frames` that are wanted, which must come out in the order of their times, none left out."""
    for frame in frames:
        if frame.is_corrupt:
            raise NotProvenError
        if due and frame.pts is not None and frame.pts >= due[0]:
            if frame.pts != due.popleft():
                raise NotProvenError
            yield frame.pts, frame


def _tried(decoder: VideoCodecContext, packet: av.Packet | None, ears: Listener) -> list[VideoFrame]:
    ears.heard()
    try:
        frames = decoder.decode(packet)
    except MemoryError:
        raise
    except (av.FFmpegError, OSError):
        raise NotProvenError from None
    if ears.decoder():
        raise NotProvenError  # the decoder painted over something
    return frames


def _next(packets: Iterator[av.Packet], pts: int) -> av.Packet:
    try:
        packet = next(packets, None)
    except (av.FFmpegError, OSError):
        packet = None
    if packet is None or packet.pts != pts:
        raise NotProvenError  # not the file that was indexed a moment ago
    return packet


def _skip(packets: Iterator[av.Packet], count: int) -> None:
    for _ in range(count):
        try:
            next(packets, None)
        except (av.FFmpegError, OSError):
            raise NotProvenError from None
