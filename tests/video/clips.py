"""Small, really encoded clips whose frames carry their own number.

The number is a barcode of ten cells, black or white, with its complement below: it survives lossy coding and
shrinking, and reads wrongly when the picture is turned, mirrored or blended with another.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

BITS = 10
HEIGHT, WIDTH = 96, 160
X264 = {"threads": "1", "cpu-independent": "1", "preset": "veryfast", "crf": "23"}


@cache
def barcode(number: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """uint8 [height, width, 3] with texture that moves, so that pictures really predict one another."""
    bits = np.array([number >> (BITS - 1 - i) & 1 for i in range(BITS)])
    column = bits[np.arange(width) * BITS // width]
    rows = np.where(np.arange(height)[:, None] < height // 2, column[None, :], 1 - column[None, :])
    y, x = np.mgrid[0:height, 0:width]
    texture = 22 * np.sin((x + 3 * number) / 5.0) * np.cos((y - 2 * number) / 7.0)
    noise = np.random.default_rng(number).normal(0, 4, (height, width))
    grey = np.where(rows == 1, 205.0, 45.0) + texture + noise
    tint = np.array([1.0, 0.96, 0.9])
    picture = np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8)
    picture.flags.writeable = False
    return picture


def read_barcode(picture: np.ndarray) -> int:
    """The number that a picture [h, w, 3] of any size carries; -1 if a cell is undecided."""
    grey = picture.astype(float).mean(axis=2)
    height, width = grey.shape
    number = 0
    for i in range(BITS):
        left, right = (i + 0.25) * width / BITS, (i + 0.75) * width / BITS
        cell = slice(int(left), max(int(left) + 1, int(np.ceil(right))))
        top = grey[int(height * 0.1) : int(np.ceil(height * 0.4)), cell].mean()
        bottom = grey[int(height * 0.6) : int(np.ceil(height * 0.9)), cell].mean()
        if abs(top - bottom) < 60:
            return -1
        number = number * 2 + int(top > bottom)
    return number


def numbers(frames: np.ndarray) -> list[int]:
    return [read_barcode(frame) for frame in frames]


def encode(
    path: Path,
    codec: str = "libx264",
    *,
    count: int = 48,
    fps: Fraction | int = 12,
    times: Sequence[int] | None = None,
    clock: Fraction | None = None,
    options: dict[str, str] | None = None,
    turn: Callable[[Any], None] | None = None,
    picture: Callable[[int], np.ndarray] = barcode,
    size: tuple[int, int] = (HEIGHT, WIDTH),
    audio_s: float = 0.0,
    pix_fmt: str = "yuv420p",
    muxer: dict[str, str] | None = None,
    sar: Fraction | None = None,
) -> Path:
    """Encode frames 0 … count-1. times: of each frame in ticks of `clock`; else frame / fps.

    turn: called with the stream, to set a display matrix. audio_s: length of a silent sound track. muxer: its options.
    sar: width of a pixel over its height.
    """
    with same_scheduling(), av.open(str(path), "w", options=muxer or {}) as out:
        stream = out.add_stream(codec, rate=fps)
        stream.height, stream.width = size
        stream.pix_fmt = pix_fmt
        if sar is not None:
            stream.codec_context.sample_aspect_ratio = sar
        stream.options = dict(X264 if options is None and codec == "libx264" else options or {})
        stream.codec_context.time_base = clock or Fraction(1) / fps
        stream.codec_context.thread_count = 1
        if turn is not None:
            turn(stream)
        sound = out.add_stream("aac", rate=16000, layout="mono") if audio_s else None
        for i in range(count):
            frame = av.VideoFrame.from_ndarray(picture(i), format="rgb24")
            frame.pts = times[i] if times is not None else i
            frame.time_base = clock or Fraction(1) / fps
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if sound is not None:
            for at in range(0, int(audio_s * 16000), 1024):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
                silence.sample_rate, silence.pts, silence.time_base = 16000, at, Fraction(1, 16000)
                out.mux(sound.encode(silence))
            out.mux(sound.encode())
    return path


@contextmanager
def same_scheduling() -> Iterator[None]:
    """SVT-AV1, where root runs it, makes the thread that calls it a real-time one, and leaves it so: every process that
    tests start afterwards would be one as well, and nothing else on the machine would get a core.
    """
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameter)


def program(*arguments: str | Path, feed: bytes | None = None) -> None:
    """Run the ffmpeg program that comes with imageio-ffmpeg, for what PyAV has no encoder or muxer option for."""
    from imageio_ffmpeg import get_ffmpeg_exe

    command = [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-threads", "1", *map(str, arguments)]
    if feed is not None:
        command.remove("-nostdin")
    done = subprocess.run(command, input=feed, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()


def encode_with_program(path: Path, *options: str, count: int = 48, fps: int = 12) -> Path:
    """Frames 0 … count-1 through the ffmpeg program. options: of the encoder and the muxer."""
    raw = b"".join(barcode(i).tobytes() for i in range(count))
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps), "-i", "-")
    program(*source, "-pix_fmt", "yuv420p", *options, "-threads", "1", path, feed=raw)
    return path
