"""What a video file says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import av

from ntlbg.video.open import open_video, picture_stream
from ntlbg.video.render import UPRIGHT, Orientation

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class VideoFacts:
    """width, height: upright, in pixels. native_fps: average. frame_count: as declared, else duration × rate;
    exact once the video was decoded. duration_s: as declared, from the first frame on. container: FFmpeg's name.
    rotation: degrees clockwise from stored to upright. start_s: timestamp of the first frame in the file.
    """

    width: int
    height: int
    native_fps: float
    frame_count: int
    duration_s: float
    codec: str
    container: str
    rotation: int
    start_s: float

    def turned(self, turn: Orientation) -> VideoFacts:
        """Facts of a stored picture, told of the upright one."""
        width, height = (self.height, self.width) if turn.transpose else (self.width, self.height)
        return replace(self, width=width, height=height, rotation=turn.rotation)


def probe(path: str | Path) -> VideoFacts:
    """Facts from the header and the first frame; nothing else is decoded.

    Raises VideoError (OPEN_FAILED, NO_VIDEO, UNSUPPORTED_CODEC).
    """
    with open_video(path) as container:
        stream = picture_stream(container, path)
        return facts_of(container, stream).turned(first_orientation(container, stream))


def facts_of(container: InputContainer, stream: VideoStream) -> VideoFacts:
    """Facts of an open container, its picture as stored."""
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    fps = float(rate) if rate else 0.0
    tick_s = float(stream.time_base or 0)
    start_s = (stream.start_time or 0) * tick_s
    duration_s = _duration(container, stream, tick_s, start_s)
    return VideoFacts(
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        native_fps=fps,
        frame_count=stream.frames or round(duration_s * fps),
        duration_s=duration_s,
        codec=stream.codec_context.codec.canonical_name,
        container=container.format.name,
        rotation=0,
        start_s=start_s,
    )


def _duration(container: InputContainer, stream: VideoStream, tick_s: float, start_s: float) -> float:
    if stream.duration is not None:
        return float(stream.duration * tick_s)
    if container.duration is None:
        return 0.0
    declared = container.duration / av.time_base
    if from_zero(container) and declared > start_s > 0:
        return declared - start_s
    return float(declared)


def from_zero(container: InputContainer) -> bool:
    """Whether the declared duration counts from zero, not from the first frame."""
    return "matroska" in container.format.name or container.format.name == "flv"


def first_orientation(container: InputContainer, stream: VideoStream) -> Orientation:
    """How the first frame of a freshly opened container is turned; upright where it does not decode."""
    try:
        for frame in container.decode(stream):
            return Orientation.of(frame)
    except (av.FFmpegError, OSError):
        pass  # what cannot be decoded is for `decode` to report
    return UPRIGHT
