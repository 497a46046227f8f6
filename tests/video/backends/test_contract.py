"""What backends are given."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.video.backends import contract
from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.pyav_sequential import PyAVSequential
from tests.video.clips import encode
from tests.video.conftest import Clips


def test_a_clip_knows_how_its_picture_is_turned(tmp_path) -> None:
    """The header tells the stored picture; the first frame, how it becomes upright."""
    clip = Clip.open(encode(tmp_path / "turned.mp4", count=2, turn=lambda s: s.set_display_rotation(90)))
    assert (clip.stored.width, clip.stored.height, clip.stored.rotation) == (160, 96, 0)
    upright = clip.stored.turned(clip.turn)
    assert (upright.width, upright.height, upright.rotation) == (96, 160, 270)


def test_a_clip_knows_that_packets_are_missing(clips: Clips, tmp_path) -> None:
    """Damage that the packets show is told before anything is decoded; a cut file is not whole, a healthy one is."""
    data = bytearray(clips["h264_b.mkv"].read_bytes())
    third, hole = len(data) // 3, len(data) // 4
    data[third : third + hole] = bytes(hole)
    path = tmp_path / "hole.mkv"
    path.write_bytes(data)
    index = Clip.open(path).index
    assert index.lost
    assert not index.whole
    assert Clip.open(clips["h264_b.mkv"]).index.whole
    assert not Clip.open(clips.cut("h264_b.mkv", 0.5)).index.whole


def test_a_backend_that_saw_a_frame_saves_decoding_another(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the picture is turned is told by the first frame that was made into pixels."""
    clip = Clip.open(encode(tmp_path / "turned.mp4", count=2, turn=lambda s: s.set_display_rotation(90)))
    next(iter(PyAVSequential().frames(clip, np.array([0.0]), (48, 32))))
    monkeypatch.setattr(contract, "first_orientation", lambda *arguments: pytest.fail("decoded again"))
    assert clip.turn.rotation == 270
