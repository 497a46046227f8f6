"""One place opens the frames of a video, whatever their storage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.store import file_stem
from ntlbg.video.packed import JpegFrames
from ntlbg.video.shard import RawFrames
from ntlbg.video.storage import SUFFIXES, Storage, made_by, open_shard, shard_of, shard_writer, storage_of

STORAGES = list(SUFFIXES)
FRAMES = np.arange(6, dtype=np.uint8).repeat(8 * 16 * 3).reshape(6, 8, 16, 3) * 40


def write(path: Path) -> Path:
    with shard_writer(path, (8, 16)) as out:
        for i, frame in enumerate(FRAMES):
            out.add(frame, float(i))
    return path


@pytest.mark.parametrize("storage", STORAGES)
def test_every_storage_gives_the_same_frames(storage: Storage, tmp_path: Path) -> None:
    """Of one grey each, which both keep exactly: by slice and by places, repeated and backwards, as plain arrays."""
    path = write(tmp_path / f"{file_stem('an odd/id')}{SUFFIXES[storage]}")
    assert shard_of(tmp_path, "an odd/id") == path
    assert storage_of(path) == storage
    frames = open_shard(path, 6)
    assert isinstance(frames, RawFrames if storage == "raw" else JpegFrames)
    assert (len(frames), frames.shape) == (6, FRAMES.shape)
    for wanted in (slice(None), slice(1, 99, 2), slice(4, 4), np.array([5, 0, 0, -1])):
        assert type(frames[wanted]) is np.ndarray
        assert frames[wanted].tolist() == FRAMES[wanted].tolist()


@pytest.mark.parametrize("storage", STORAGES)
def test_a_file_of_other_frames_is_refused(storage: Storage, tmp_path: Path) -> None:
    """Another number than there are timestamps, another storage under the name, nothing: each names the file."""
    path = write(tmp_path / f"v{SUFFIXES[storage]}")
    with pytest.raises(InputError, match=rf"v\{SUFFIXES[storage]}: holds 6 frames for 5 timestamps"):
        open_shard(path, 5)
    (other,) = set(STORAGES) - {storage}
    path.rename(path.with_suffix(SUFFIXES[other]))
    for name in SUFFIXES.values():
        with pytest.raises(InputError, match=rf"v\{name}: is no"):
            open_shard(tmp_path / f"v{name}", 6)


def test_a_video_without_frames_has_the_name_of_a_raw_shard(tmp_path: Path) -> None:
    """So that the sentence about it names a file."""
    assert shard_of(tmp_path, "v") == tmp_path / "v.npy"


def test_exact_frames_depend_on_nothing_more() -> None:
    """Keys of before there was a choice stay; JPEG brings what its bytes and its pixels depend on."""
    assert made_by("raw") == {}
    assert {"quality", "pillow", "libjpeg"} <= set(made_by("jpeg")["storage"])
