"""Gating: where it runs, that it saves work, that it notices when it was wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ntlbg.video import plan
from ntlbg.video.backends import pyav_gated
from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.pyav_gated import PyAVGated, gated
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from tests.video.conftest import Clips

SIZE = (32, 48)
PROVEN = {
    "h264_b.mp4": True,
    "h264_b.mkv": True,
    "h264_open.mkv": True,
    "h264_intra_refresh.mp4": True,
    "h264.mov": True,
    "hevc_open.mkv": True,
    "hevc_closed.mp4": True,
    "hevc_layers.mkv": False,
}


@pytest.mark.parametrize(("name", "proven"), PROVEN.items())
def test_gating_runs_exactly_where_it_is_proven(clips: Clips, name: str, proven: bool) -> None:
    """Layers keep HEVC out; otherwise gating really runs, so that the tests of its frames test it."""
    clip = Clip.open(clips[name])
    assert (PyAVGated().refuses(clip) is None) == proven
    if proven:
        moments = plan.target_times(clip.index.last_s, 1.0, 100)
        assert len(list(gated(clip, moments))) == 4  # raises if a wanted frame does not come out


def test_asked_for_by_name_it_refuses_with_the_reason(clips: Clips) -> None:
    """No other backend answers in its place."""
    with pytest.raises(VideoError, match=r"hevc_layers\.mkv: the backend `pyav_gated` .* not proven closed"):
        decode_frames(clips["hevc_layers.mkv"], Sampling(1.0, 100, SIZE), backend="pyav_gated")


def test_gating_decodes_fewer_packets(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is worth its lines: groups without a target and pictures nobody needs are left out."""
    fed = 0
    tried = pyav_gated._tried

    def counting(*arguments: Any) -> list[Any]:
        nonlocal fed
        fed += 1
        return tried(*arguments)

    monkeypatch.setattr(pyav_gated, "_tried", counting)
    list(gated(Clip.open(clips["h264_b.mkv"]), np.array([0.0, 3.5])))
    assert 0 < fed < 20


def test_a_gate_that_breaks_its_promise_gives_way(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a packet taken for lonely was needed, the check notices and sequential decoding answers."""
    right = decode_frames(clips["h264_b.mp4"], Sampling(2.0, 100, SIZE), backend="pyav_sequential")
    monkeypatch.setattr(pyav_gated, "_due", lambda due, frames: iter(()))
    got = decode_frames(clips["h264_b.mp4"], Sampling(2.0, 100, SIZE))
    assert got.frames.tobytes() == right.frames.tobytes()
    with pytest.raises(VideoError, match="promise"):
        decode_frames(clips["h264_b.mp4"], Sampling(2.0, 100, SIZE), backend="pyav_gated")
