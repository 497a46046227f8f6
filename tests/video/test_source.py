"""Pixels from stored frames or from the video itself."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ntlbg import store
from ntlbg.errors import InputError
from ntlbg.store import Store, file_digest
from ntlbg.video import source
from ntlbg.video.decode import Sampling, decode_frames, frames_at
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


@pytest.fixture
def own(clips: Clips, tmp_path: Path) -> tuple[FrameSource, Path]:
    """A source of one video that a test may change."""
    path = Path(shutil.copy(clips["vp9.webm"], tmp_path / "own.webm"))
    rows = pd.DataFrame(
        [{"video_id": "v", "path": str(path), "size": path.stat().st_size, "blake3": file_digest(path)}]
    )
    params = VideoParams(fps=2.0, max_frames=100, size=(32, 48), workers=1)
    decode_all(rows, params, store=Store(tmp_path / "store"), into=tmp_path / "frames")
    return FrameSource(tmp_path / "frames", rows), path


CHANGED = r"own\.webm: the video `v` has changed since it was decoded; run the pipeline again"


def test_a_video_that_was_exchanged_is_refused(own, clips: Clips) -> None:
    """Frames of another film never come under its name; those that are stored are still its own."""
    frames, path = own
    stored = frames.get("v", [3.0], (32, 48))
    shutil.copy(clips["h264_b.mp4"], path)
    with pytest.raises(VideoError, match=CHANGED) as told:
        frames.get("v", [3.0], (64, 64))
    assert told.value.outcome == "open_failed"
    assert frames.get("v", [3.0], (32, 48)).tobytes() == stored.tobytes()


def test_a_video_that_is_exchanged_while_it_is_decoded_is_refused(
    own, clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at before and after."""
    frames, path = own

    def exchanged(*how: Any) -> Any:
        shutil.copy(clips["h264_b.mp4"], path)
        return frames_at(*how)

    monkeypatch.setattr(source, "frames_at", exchanged)
    with pytest.raises(VideoError, match=CHANGED):
        frames.get("v", [3.0], (64, 64))


def test_an_unchanged_video_is_hashed_once(own, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever number of frames is asked for; a new date alone is no change."""
    frames, path = own
    os.utime(path, ns=(0, 0))
    monkeypatch.setattr(store, "SETTLED_NS", -(10**18))
    hashed = []
    real = store._hashed
    monkeypatch.setattr(store, "_hashed", lambda name: hashed.append(name) or real(name))
    for moment in (0.25, 1.75, 3.0):
        assert numbers(frames.get("v", [moment], (32, 64))) == [round(moment * 12)]
    assert hashed == [path]


def test_a_video_that_cannot_be_read_is_named(own, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says is a sentence about the video."""

    def failing(name: Path) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(source, "file_digest", failing)
    with pytest.raises(VideoError, match=r"own\.webm: cannot be read \(input/output error\)"):
        own[0].get("v", [3.0], (64, 64))
