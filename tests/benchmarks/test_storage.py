"""The benchmark of storages."""

from __future__ import annotations

import numpy as np

from benchmarks.storage import JPEG, KEPT, read, timed, write
from ntlbg.video.packed import JpegFrames, JpegWriter


def test_what_is_kept_is_measured(tmp_path):
    """One row writes the bytes and reads the pixels that storage `jpeg` does."""
    frame = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    assert KEPT in JPEG
    with JpegWriter(tmp_path / "f.jpegs", (16, 24)) as out:
        out.add(frame, 0.0)
    packed = write(frame, *KEPT)
    assert packed in (tmp_path / "f.jpegs").read_bytes()
    assert (read(packed) == JpegFrames(tmp_path / "f.jpegs")[:][0]).all()


def test_every_value_is_given_back():
    """In order, whatever the rounds."""
    assert timed(lambda n: n + 1, [1, 2, 3])[0] == [2, 3, 4]
