"""frames.npy, written frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.video import shard
from ntlbg.video.shard import RawFrames, ShardWriter


@pytest.mark.parametrize("count", [0, 1, 4, 5, 17, 1000])
def test_what_goes_in_comes_out(tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of frames around the chunk's borders; also after a restart."""
    monkeypatch.setattr(shard, "CHUNK_BYTES", 4 * 2 * 3 * 3)
    frames = np.random.default_rng(0).integers(0, 256, (count, 2, 3, 3), dtype=np.uint8)
    with ShardWriter(tmp_path / "f.npy", (2, 3)) as out:
        for _ in range(7):
            out.add(np.zeros((2, 3, 3), np.uint8), 0.0)
        out.restart()
        for i, frame in enumerate(frames):
            out.add(frame, float(i))
    assert np.load(tmp_path / "f.npy").tolist() == frames.tolist()
    assert out.times == list(map(float, range(count)))
    if count:
        stored = RawFrames(tmp_path / "f.npy")
        assert stored.shape == frames.shape
        assert stored[:3].tolist() == frames[:3].tolist()
        got = stored[np.array([count - 1, 0])]
        got[:] = 0  # a copy: the stored frames stay as they are
        assert stored[np.array([count - 1])].tolist() == frames[-1:].tolist()


def test_other_files_are_no_shards(tmp_path: Path) -> None:
    """A pickled array, another type, an archive or a cut file is refused by name."""
    np.save(tmp_path / "float.npy", np.zeros((2, 2, 2, 3)))
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    with (tmp_path / "archive.npy").open("wb") as out:
        np.savez(out, frames=np.zeros((2, 2, 2, 3), np.uint8))
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01")
    for name in ("float.npy", "pickled.npy", "archive.npy", "cut.npy", "missing.npy"):
        with pytest.raises(InputError, match=name):
            RawFrames(tmp_path / name)
