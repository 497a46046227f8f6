"""frames.jpegs: the frames of a video as JPEG pictures, one after the other in one file, any of them read alone.

Layout, little-endian: `HEADER` (magic, h, w, number of frames T, CRC-32 of the index); T pictures; the index, T times
`ENTRY` (where the picture ends, its CRC-32). The first picture begins after the header, each other one where the one
before it ends, and the index where the last one ends. The header is written again at the end, so memory stays at one
picture and T entries however long the video is. Equal frames give equal bytes with equal versions of Pillow and of its
libjpeg-turbo, which `made_by` tells.

A file is hostile: an entry that does not fit its neighbours and pictures that are damaged, of another kind or of
another size are refused by name. No more memory is taken than the pictures' own bytes can pay for.
"""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

FORMAT = 1
MAGIC = b"\x93NTLBGJ\x01"
HEADER = struct.Struct("<8sHHQI")
ENTRY = np.dtype([("end", "<u8"), ("crc", "<u4")])
LONGEST = 65500  # pixels: libjpeg writes no longer side
# measured, with others, in docs/video.md, "Storage"
QUALITY, SUBSAMPLING = 95, "4:4:4"
# A baseline picture holds fewer: an 8x8 block takes two bits at least, and ten blocks show 32x16 pixels at most.
PIXELS_PER_BYTE = 256


@cache
def made_by() -> dict[str, Any]:
    """What the bytes of a picture depend on besides its pixels, and its pixels besides its bytes: JSON values."""
    import PIL
    from PIL import features

    return {
        "format": FORMAT,
        "quality": QUALITY,
        "subsampling": SUBSAMPLING,
        "pillow": PIL.__version__,
        "libjpeg": features.version("libjpeg_turbo") or features.version("jpg"),
    }


class JpegWriter:
    """A sink for `decode.read_into` that fills such a file. size: (h, w)."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.times: list[float] = []
        self._size = size
        self._ends: list[int] = []
        self._crcs: list[int] = []
        self._out: BinaryIO = path.open("wb")
        self._header(0)

    def add(self, pixels: Array, time_s: float) -> None:
        from PIL import Image

        if pixels.shape != (*self._size, 3):
            raise ValueError(f"a frame of {pixels.shape} does not fit into {(*self._size, 3)}")
        packed = io.BytesIO()
        Image.fromarray(pixels).save(packed, "JPEG", quality=QUALITY, subsampling=SUBSAMPLING)
        picture = packed.getvalue()
        self._out.write(picture)
        self._ends.append(self._end(len(self._ends)) + len(picture))
        self._crcs.append(crc32(picture))
        self.times.append(time_s)

    def restart(self) -> None:
        self.keep(np.zeros(len(self.times), dtype=bool))

    def keep(self, kept: Array) -> None:
        """Forget the frames that are not kept: bool [frames so far]. They are moved together within the file."""
        self._out.flush()
        chosen = np.flatnonzero(kept).tolist()
        ends: list[int] = []
        with Path(self._out.name).open("r+b") as file:
            for frame in chosen:
                begin, end = self._end(frame), ends[-1] if ends else HEADER.size
                length = self._end(frame + 1) - begin
                if begin != end:
                    file.seek(begin)
                    picture = file.read(length)
                    file.seek(end)
                    file.write(picture)
                ends.append(end + length)
        self._crcs = [self._crcs[i] for i in chosen]
        self.times[:] = [self.times[i] for i in chosen]
        self._ends = ends
        self._out.seek(self._end(len(ends)))
        self._out.truncate()

    def _end(self, count: int) -> int:
        """Where the first `count` pictures end."""
        return self._ends[count - 1] if count else HEADER.size

    def _header(self, index_crc: int) -> None:
        self._out.seek(0)
        self._out.write(HEADER.pack(MAGIC, *self._size, len(self._ends), index_crc))

    def __enter__(self) -> JpegWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                index = np.empty(len(self._ends), ENTRY)
                index["end"], index["crc"] = self._ends, self._crcs
                self._out.write(index.tobytes())
                self._header(crc32(index.tobytes()))
        finally:
            self._out.close()


class JpegFrames:
    """The frames of such a file: uint8 [T, h, w, 3], decoded when they are asked for.

    Raises InputError naming the file when it is another one or its index does not fit, and, when frames are asked for,
    when one of them is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # an empty file cannot be mapped: it is a ValueError
            self._bytes: Array = np.memmap(path, np.uint8, mode="r")
        except (OSError, ValueError) as error:
            raise self._refused("is no readable file of packed frames") from error
        if self._bytes.size < HEADER.size or self._bytes[: len(MAGIC)].tobytes() != MAGIC:
            raise self._refused("is no file of packed frames")
        _, height, width, count, index_crc = HEADER.unpack(self._bytes[: HEADER.size].tobytes())
        begins_index = self._bytes.size - count * ENTRY.itemsize
        if begins_index < HEADER.size:
            raise self._refused(f"is cut off: {self._bytes.size} bytes do not hold the index of {count} frames")
        index = self._bytes[begins_index:].tobytes()
        if crc32(index) != index_crc:
            raise self._refused("is cut off, or its index is damaged")
        entries = np.frombuffer(index, ENTRY)
        self._ends, self._crcs = entries["end"], entries["crc"]
        self._begins = np.concatenate([np.array([HEADER.size], "<u8"), self._ends[:-1]])[:count]
        if (self._ends <= self._begins).any() or (self._ends[-1] if count else HEADER.size) != begins_index:
            raise self._refused("is damaged: its frames do not lie one after the other")
        if count and height * width > PIXELS_PER_BYTE * int((self._ends - self._begins).min()):
            raise self._refused(f"is damaged: its frames are too short to be pictures of {width}x{height}")
        self.shape = (count, height, width, 3)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, wanted: slice | Array) -> Array:
        """Those frames, in the order asked for: uint8 [n, h, w, 3]."""
        places = np.arange(len(self))[wanted]
        frames = np.empty((len(places), *self.shape[1:]), dtype=np.uint8)
        for at, place in enumerate(places.tolist()):
            frames[at] = self._frame(place)
        return frames

    def _frame(self, place: int) -> Array:
        # not `Image.open`: that also looks into a picture for a second one
        from PIL.JpegImagePlugin import JpegImageFile

        picture = self._bytes[self._begins[place] : self._ends[place]].tobytes()
        if crc32(picture) != self._crcs[place]:
            raise self._refused(f"is damaged: frame {place} is not the one that was written")
        try:
            image = JpegImageFile(io.BytesIO(picture))
            ours = image.size == (self.shape[2], self.shape[1]) and image.mode == "RGB"
            if ours and "progressive" not in image.info:
                return np.asarray(image)
        except Exception as error:  # a hostile header meets many kinds of error in the parser
            raise self._refused(f"is damaged: frame {place} is no readable JPEG picture") from error
        raise self._refused(f"is damaged: frame {place} is not a baseline picture of {self.shape[2]}x{self.shape[1]}")

    def _refused(self, why: str) -> InputError:
        return InputError(f"{self._path}: {why}", hint="run the decode stage again")
