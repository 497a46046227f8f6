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


MOST_STRETCHED = 8  # no camera and no disc has longer pixels


@dataclass(frozen=True)
class VideoFacts:
    """width, height: upright, in pixels. native_fps: average. frame_count: as declared, else duration × rate;
    exact once the video was decoded. duration_s: of the picture track, as declared, from the first frame on (exact once
    the packets were read). container_s: of the whole file as declared, sound included; 0: it does not say.
    container: FFmpeg's name. rotation: degrees clockwise from stored to upright. start_s: timestamp of the first frame
    in the file. pixel_aspect: width of an upright pixel over its height.
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
    container_s: float
    pixel_aspect: float

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the upright picture at square pixels, as many of them as it has rows."""
        return self.height, max(1, round(self.width * self.pixel_aspect))

    def turned(self, turn: Orientation) -> VideoFacts:
        """Facts of a stored picture, told of the upright one."""
        width, height = (self.height, self.width) if turn.transpose else (self.width, self.height)
        aspect = 1 / self.pixel_aspect if turn.transpose else self.pixel_aspect
        return replace(self, width=width, height=height, rotation=turn.rotation, pixel_aspect=aspect)


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
        container_s=max(container.duration or 0, 0) / av.time_base,
        pixel_aspect=_pixel_aspect(stream),
    )


def _pixel_aspect(stream: VideoStream) -> float:
    """As the container says, else the codec; 1 where neither does, or where it says nonsense."""
    for ratio in (stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio):
        if ratio and MOST_STRETCHED >= ratio >= 1 / MOST_STRETCHED:
            return float(ratio)
    return 1.0


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
