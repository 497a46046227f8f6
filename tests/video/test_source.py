"""Pixels from stored frames or from the video itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.store import Store, file_digest
from ntlbg.video import source
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from ntlbg.video.params import VideoParams
from ntlbg.video.pool import decode_all
from ntlbg.video.source import FrameSource
from ntlbg.video.storage import Storage, made_by
from tests.video.clips import numbers
from tests.video.conftest import Clips


@pytest.fixture(params=["raw", "jpeg"])
def storage(request: pytest.FixtureRequest) -> Storage:
    return request.param


@pytest.fixture
def made(clips: Clips, tmp_path: Path, storage: Storage) -> tuple[FrameSource, Path]:
    path = clips["vp9.webm"]
    rows = pd.DataFrame(
        [{"video_id": "v", "path": str(path), "size": path.stat().st_size, "blake3": file_digest(path)}]
    )
    params = VideoParams(fps=2.0, max_frames=100, size=(32, 48), workers=1, storage=storage)
    decode_all(rows, params, store=Store(tmp_path / "store"), into=tmp_path / "frames")
    return FrameSource(tmp_path / "frames", rows), path


def test_stored_frames_serve_their_own_size(made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decoded when the stored frames have the size and the moments; any order, repeats allowed."""
    frames, _ = made
    monkeypatch.setattr(source, "frames_at", lambda *a: pytest.fail("decoded"))
    got = frames.get("v", [3.0, 0.5, 0.5], (32, 48))
    assert numbers(got) == [36, 6, 6]
    got[:] = 0  # a copy: the stored frames stay as they are
    assert numbers(frames.get("v", [3.0], (32, 48))) == [36]


def test_what_pixels_depend_on_is_told(made, storage: Storage) -> None:
    """For the keys of what is made of them."""
    assert made[0].made_by("v") == made_by(storage)


def test_another_size_comes_from_the_video(made) -> None:
    """The same frames, rendered as a direct decode at that size renders them."""
    frames, path = made
    direct = decode_frames(path, Sampling(2.0, 100, (64, 64)))
    got = frames.get("v", direct.timestamps_s[[5, 2]], (64, 64))
    assert got.tobytes() == direct.frames[[5, 2]].tobytes()


def test_moments_that_are_not_stored_come_from_the_video(made) -> None:
    """A stored neighbour never stands in for the frame that was asked for."""
    frames, _ = made
    assert numbers(frames.get("v", [0.25, 1.75], (32, 48))) == [3, 21]


def test_what_is_not_there_is_named(made, tmp_path: Path) -> None:
    """Unknown id, moment outside, vanished file, folder that was never filled."""
    frames, _ = made
    with pytest.raises(InputError, match="no video `w`"):
        frames.get("w", [0.0], (32, 48))
    with pytest.raises(InputError, match="outside the video"):
        frames.get("v", [99.0], (32, 48))
    rows = pd.DataFrame([{"video_id": "v", "path": str(tmp_path / "gone.webm")}])
    with pytest.raises(VideoError, match=r"gone\.webm: no such file"):
        FrameSource(tmp_path / "frames", rows).get("v", [0.0], (8, 8))
    with pytest.raises(InputError, match=r"nowhere/outcomes\.parquet"):
        FrameSource(tmp_path / "nowhere", rows).get("v", np.array([0.0]), (8, 8))
