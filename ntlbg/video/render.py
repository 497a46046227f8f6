"""One way from a decoded frame to RGB pixels, so that every room sees the same picture.

Area averaging: shrinking 20-fold with a 2x2 kernel would skip most pixels and lose small things. Bit-exact and
accurate rounding: the same bytes on every CPU, so hashes of frames are comparable between machines.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import VideoError
from ntlbg.video.open import reason_of

INTERPOLATION = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


class Orientation:
    """How stored pixels become upright: transpose first, then flips. Made from a display matrix.

    The matrix maps a stored point (x right, y down) to (a·x + c·y, b·x + d·y); only its right-angled part is
    used, so a matrix of 87° counts as 90°.
    """

    __slots__ = ("across", "down", "transpose")

    def __init__(self, a: int = 1, b: int = 0, c: int = 0, d: int = 1) -> None:
        self.transpose = abs(b) + abs(c) > abs(a) + abs(d)
        self.across = (c if self.transpose else a) < 0
        self.down = (b if self.transpose else d) < 0

    @classmethod
    def of(cls, frame: VideoFrame) -> Orientation:
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return UPRIGHT
        a, b, _, c, d = np.frombuffer(bytes(matrix), dtype=np.int32)[:5].tolist()
        return cls(a, b, c, d)

    @property
    def plain(self) -> bool:
        return not (self.transpose or self.across or self.down)

    @property
    def mirrored(self) -> bool:
        return (self.across == self.down) if self.transpose else (self.across != self.down)

    @property
    def rotation(self) -> int:
        """Degrees clockwise that a viewer turns the stored picture, mirroring aside: 0, 90, 180 or 270."""
        if self.transpose:
            return 90 if self.across else 270
        return 180 if self.down else 0

    def apply(self, pixels: Array) -> Array:
        """pixels [h, w, 3] as stored, upright; [w, h, 3] when a quarter turn is in it."""
        if self.transpose:
            pixels = pixels.transpose(1, 0, 2)
        if self.across:
            pixels = pixels[:, ::-1]
        if self.down:
            pixels = pixels[::-1]
        return pixels


UPRIGHT = Orientation()


def to_rgb(
    frame: VideoFrame,
    size: tuple[int, int],
    *,
    using: VideoReformatter | None = None,
    turn: Orientation | None = None,
) -> Array:
    """One frame upright as uint8 [h, w, 3] RGB, stretched to `size` = (h, w).

    using: a scaler to use again for the frames of one video; without it, set-up is paid for each frame.
    turn: how the frame is turned, where it does not say so itself.
    """
    turn = turn or Orientation.of(frame)
    height, width = size if not turn.transpose else size[::-1]
    scaled = (using or VideoReformatter()).reformat(
        frame, width=width, height=height, format="rgb24", interpolation=INTERPOLATION, threads=1
    )
    pixels = scaled.to_ndarray()
    return pixels if turn.plain else np.ascontiguousarray(turn.apply(pixels))


def resized(pixels: Array, size: tuple[int, int]) -> Array:
    """RGB pixels [h, w, 3] stretched to `size` = (h, w)."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    return to_rgb(VideoFrame.from_ndarray(pixels, format="rgb24"), size)


class Renderer:
    """Frames of one video to RGB pixels of one size (h, w).

    turn: of all, where they do not say so themselves. noted: called with how the first frame is turned.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        turn: Orientation | None = None,
        noted: Callable[[Orientation], None] | None = None,
    ) -> None:
        self._path, self._size, self._turn, self._noted = path, size, turn, noted
        self._scaler = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Array:
        """uint8 [h, w, 3]. Raises VideoError (UNSUPPORTED_CODEC) for a pixel format that has no way to RGB."""
        if self._noted is not None:
            self._noted(Orientation.of(frame))
            self._noted = None
        try:
            return to_rgb(frame, self._size, using=self._scaler, turn=self._turn)
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError) as error:
            raise VideoError(
                f"{self._path}: its pixel format {frame.format.name} cannot be turned into RGB ({reason_of(error)})",
                DecodeOutcome.UNSUPPORTED_CODEC,
            ) from None
