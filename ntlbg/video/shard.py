"""frames.npy written frame by frame: uint8 [T, h, w, 3], memory-mappable, T not known in advance.

Memory stays at one chunk however long the video is. The header is written again at the end; numpy pads headers
for a growing first axis, so its length does not change.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

CHUNK_BYTES = 16 << 20


class ShardWriter:
    """A sink for `decode.read_into` that fills a .npy file. size: (h, w)."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.times: list[float] = []
        self._shape = (*size, 3)
        self._chunk = np.empty((max(1, CHUNK_BYTES // int(np.prod(self._shape))), *self._shape), dtype=np.uint8)
        self._filled = 0
        self._out: BinaryIO = path.open("wb")
        self._header()

    def add(self, pixels: Array, time_s: float) -> None:
        self._chunk[self._filled] = pixels
        self._filled += 1
        self.times.append(time_s)
        if self._filled == len(self._chunk):
            self._flush()

    def restart(self) -> None:
        self.times.clear()
        self._filled = 0
        self._out.truncate(0)
        self._header()

    def keep(self, kept: Array) -> None:
        """Forget the frames that are not kept: bool [frames so far]. They are moved together within the file."""
        self._flush()
        self._out.flush()
        one, chosen = int(np.prod(self._shape)), np.flatnonzero(kept)
        start = self._out.tell() - one * len(self.times)
        with Path(self._out.name).open("r+b") as file:
            for place, frame in enumerate(chosen.tolist()):
                if place != frame:
                    file.seek(start + frame * one)
                    pixels = file.read(one)
                    file.seek(start + place * one)
                    file.write(pixels)
        self.times[:] = [self.times[i] for i in chosen.tolist()]
        self._out.truncate(start + len(chosen) * one)
        self._out.seek(0, 2)

    def _flush(self) -> None:
        self._out.write(self._chunk[: self._filled].data)
        self._filled = 0

    def _header(self) -> None:
        self._out.seek(0)
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
            "fortran_order": False,
            "shape": (len(self.times), *self._shape),
        }
        np.lib.format.write_array_header_1_0(self._out, header)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
                self._header()
        finally:
            self._out.close()


class RawFrames:
    """The frames of such a file: uint8 [T, h, w, 3], memory-mapped. Raises InputError for any other file."""

    def __init__(self, path: Path) -> None:
        try:
            frames = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise InputError(f"{path}: is no readable frame shard", hint="run the decode stage again") from error
        if not isinstance(frames, np.memmap) or frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
            held = f"{frames.dtype} {frames.shape}" if isinstance(frames, np.ndarray) else "several arrays"
            raise InputError(f"{path}: holds {held}, not uint8 frames [T, h, w, 3]")
        self._frames = frames
        self.shape: tuple[int, int, int, int] = frames.shape

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, wanted: slice | Array) -> Array:
        """A copy of those frames, in the order asked for: uint8 [n, h, w, 3]."""
        return np.array(self._frames[wanted])
