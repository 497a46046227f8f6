"""torchcodec, where it is installed: an optional package, imported as late as possible.

Its wheels of 0.14 and later need CUDA's libraries, earlier ones FFmpeg's, so an import may fail in many ways; each is a
refusal with its reason. Every frame's time is compared with the packets', as torchcodec is wrong on AVI with B-frames.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.backends.contract import Clip, NotProvenError, Shown
from ntlbg.video.errors import VideoError
from ntlbg.video.open import reason_of

CHUNK = 64  # frames in memory at once


class TorchCodec:
    """Refuses everything where the package is missing or broken; AVI, edit lists and mirrors where it works."""

    name: ClassVar[str] = "torchcodec"

    def refuses(self, clip: Clip) -> str | None:
        fault = _package()[1]
        if fault is not None:
            return fault
        if clip.index.ordered or not clip.index.timed:
            return "torchcodec shows the wrong frame where packets do not carry a time each"
        if clip.turn.mirrored:
            return "torchcodec turns pictures but does not mirror them"
        return None

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        codec = _package()[0]
        shown, tick_s = clip.index.shown, clip.index.tick_s
        ticks = shown[clip.wanted(moments_s)]
        try:
            decoder = codec.decoders.VideoDecoder(
                os.path.abspath(clip.path),  # noqa: PTH100
                stream_index=clip.track,
                dimension_order="NHWC",
                num_ffmpeg_threads=1,
                seek_mode="exact",
                transforms=[codec.transforms.Resize(size)],
            )
            for first in range(0, ticks.size, CHUNK):
                part = ticks[first : first + CHUNK]
                # the middle of a tick: rounding on either side does not reach the frame before
                batch = decoder.get_frames_played_at(seconds=((part + 0.5) * tick_s).tolist())
                told = np.rint(batch.pts_seconds.numpy() / tick_s).astype(np.int64)
                if not np.array_equal(told, part):
                    raise NotProvenError
                for tick, pixels in zip(part.tolist(), batch.data.numpy(), strict=True):
                    yield Shown(tick - int(shown[0]), pixels)
        except (RuntimeError, ValueError, IndexError) as error:
            raise VideoError(f"{clip.path}: torchcodec fails ({reason_of(error)})", DecodeOutcome.CORRUPT) from None


@cache
def _package() -> tuple[Any, str | None]:
    """The package, or why there is none."""
    try:
        import torchcodec
        import torchcodec.decoders
        import torchcodec.transforms
    except ModuleNotFoundError:
        return None, "the package torchcodec is not installed"
    except (ImportError, OSError, RuntimeError) as error:
        return None, f"the package torchcodec does not load ({reason_of(error)})"
    return torchcodec, None
