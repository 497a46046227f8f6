"""Every packet decoded: the frames themselves are tested in test_decode, beside those of the other backends."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.pyav_sequential import PyAVSequential
from tests.video.clips import read_barcode
from tests.video.conftest import HEALTHY, Clips


@pytest.mark.parametrize("name", HEALTHY)
def test_it_refuses_nothing(clips: Clips, name: str) -> None:
    """There is always one backend that reads."""
    assert PyAVSequential().refuses(Clip.open(clips[name])) is None


def test_frames_come_one_by_one(clips: Clips) -> None:
    """The first frame is there before the second is decoded: memory does not grow with the video."""
    clip = Clip.open(clips["h264_b.mkv"])
    frames = PyAVSequential().frames(clip, np.array([0.5, 1.0, 1.01]), (32, 48))
    first = next(frames)
    assert (read_barcode(first.pixels), first.ticks * clip.index.tick_s) == (6, pytest.approx(0.5))
    assert [read_barcode(shown.pixels) for shown in frames] == [12]
