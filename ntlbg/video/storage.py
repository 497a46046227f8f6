"""How the frames of a video are kept, and the one place that opens them: `raw` (shard.py) or `jpeg` (packed.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.store import file_stem
from ntlbg.video import packed
from ntlbg.video.packed import JpegFrames, JpegWriter
from ntlbg.video.shard import RawFrames, ShardWriter

Storage = Literal["raw", "jpeg"]
RAW: Storage = "raw"
SUFFIXES: dict[Storage, str] = {"raw": ".npy", "jpeg": ".jpegs"}


class Frames(Protocol):
    """The frames of one video on disk, uint8 [T, h, w, 3]; those asked for are read, and no others."""

    shape: tuple[int, int, int, int]

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice | Array) -> Array: ...


def shard_writer(path: Path, size: tuple[int, int]) -> ShardWriter | JpegWriter:
    """A sink that fills `path`, in the storage that its suffix names. size: (h, w)."""
    return JpegWriter(path, size) if path.suffix == SUFFIXES["jpeg"] else ShardWriter(path, size)


def open_shard(path: Path, count: int) -> Frames:
    """The frames of a video, of which `count` timestamps are known. Raises InputError for any other file."""
    frames: Frames = JpegFrames(path) if path.suffix == SUFFIXES["jpeg"] else RawFrames(path)
    if len(frames) != count:
        raise InputError(
            f"{path}: holds {len(frames)} frames for {count} timestamps", hint="run the decode stage again"
        )
    return frames


def shard_of(folder: Path, video_id: str) -> Path:
    """The file of a video's frames in a folder that `pool.decode_all` filled, whichever storage that one was told."""
    paths = [folder / f"{file_stem(video_id)}{suffix}" for suffix in SUFFIXES.values()]
    return next((path for path in paths if path.exists()), paths[0])


def made_by(storage: Storage) -> dict[str, Any]:
    """What frames kept so depend on besides what was decoded, as parts of a store key; none where they are exact."""
    return {"storage": packed.made_by()} if storage == "jpeg" else {}


def storage_of(path: Path) -> Storage:
    """The storage of a file of frames."""
    return "jpeg" if path.suffix == SUFFIXES["jpeg"] else RAW
