"""Frames to a real video file, by PyAV: same frames in, same bytes out, on every machine.

What that takes: one thread, x264's `cpu-independent`, x265 without pools, colours converted with the exact integer
path of the scaler, and containers without dates, library versions and random ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

if TYPE_CHECKING:
    import av

ENCODER_VERSION = 1


@dataclass(frozen=True)
class Codec:
    """One of the kinds of file a corpus mixes. options: as FFmpeg names them."""

    encoder: str
    container: str  # FFmpeg's name of the muxer
    suffix: str
    options: tuple[tuple[str, str], ...]


_H264 = (("preset", "superfast"), ("crf", "33"), ("g", "120"), ("x264-params", "cpu-independent=1:threads=1"))
_H265 = "pools=none:frame-threads=1:wpp=0:keyint=120:log-level=none"

CODECS: dict[str, Codec] = {
    "h264-mp4": Codec("libx264", "mp4", ".mp4", _H264),
    "h264-mov": Codec("libx264", "mov", ".mov", _H264),
    "hevc-mkv": Codec(
        *("libx265", "matroska", ".mkv"), (("preset", "ultrafast"), ("crf", "30"), ("x265-params", _H265))
    ),
    "vp9-webm": Codec(
        *("libvpx-vp9", "webm", ".webm"),
        (("deadline", "realtime"), ("cpu-used", "8"), ("crf", "44"), ("b", "0"), ("row-mt", "0"), ("g", "120")),
    ),
    "mpeg4-avi": Codec("mpeg4", "avi", ".avi", (("qmin", "9"), ("qmax", "9"), ("g", "60"))),
}


def codec(name: str) -> Codec:
    """Raises InputError naming the unknown one."""
    if name not in CODECS:
        raise InputError(f"there is no codec `{name}`", hint="there are " + ", ".join(CODECS))
    return CODECS[name]


def settings(name: str) -> dict[str, object]:
    """All that decides the bytes besides the frames, for a store's key; FFmpeg's own version included."""
    import av

    return {
        "codec": asdict(codec(name)),
        "encoder_version": ENCODER_VERSION,
        "libraries": {k: list(v) for k, v in sorted(av.library_versions.items())},
    }


def encode(frames: Iterable[Array], path: Path, *, name: str, fps: Fraction | int) -> int:
    """Write uint8 [H, W, 3] RGB frames as codec `name`; the number of frames is returned. H and W must be even.

    The file appears under `path` when it is whole; a failed run leaves nothing.
    Raises InputError when there is no frame, or one differs in size or is no such array.
    """
    import av
    from av.video.reformatter import Interpolation, VideoReformatter

    kind = codec(name)
    exact = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    shape: tuple[int, ...] | None = None
    reformatter = VideoReformatter()  # kept, as is `drawn`: to set up the scaler takes as long as to use it
    try:
        with av.open(str(partial), "w", format=kind.container, container_options={"fflags": "+bitexact"}) as container:
            stream = container.add_stream(kind.encoder, rate=Fraction(fps), options=dict(kind.options))
            assert isinstance(stream, av.VideoStream)
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 1
            stream.codec_context.flags |= int(av.codec.context.Flags.bitexact)
            for frame in frames:
                if shape is None:
                    shape = frame.shape
                    stream.height, stream.width = shape[:2]
                    drawn = av.VideoFrame(shape[1], shape[0], "rgb24")
                    pixels = _pixels(drawn)
                if frame.shape != shape or shape[0] % 2 or shape[1] % 2:
                    raise InputError(f"{path.name}: frame {count} has shape {frame.shape}; equal, even ones are needed")
                if frame.dtype != np.uint8 or shape[2:] != (3,):
                    raise InputError(f"{path.name}: frame {count} is {frame.dtype} {frame.shape}, not uint8 [H, W, 3]")
                pixels[:] = frame
                picture = reformatter.reformat(drawn, format="yuv420p", interpolation=exact, threads=1)
                picture.pts = count
                container.mux(stream.encode(picture))
                count += 1
            if shape is None:
                raise InputError(f"{path.name}: there is no frame to encode")
            container.mux(stream.encode(None))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _pixels(picture: av.VideoFrame) -> Array:
    """The memory of an rgb24 picture as uint8 [H, W, 3]: what is written here is in the picture."""
    plane = picture.planes[0]
    return np.ndarray(
        (plane.height, plane.width, 3), np.uint8, buffer=memoryview(plane), strides=(plane.line_size, 3, 1)
    )
