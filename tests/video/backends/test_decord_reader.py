"""decord behind its guard: what it reads is right, what it would read wrongly is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.decord_reader import Decord
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from tests.video.footage import FOOTAGE, check

REFUSED = {
    "h264_closed.ts": "trusted with mp4",
    "mpeg4_b.avi": "trusted with mp4",
    "mpeg4_b.mkv": "B-frames",
    "hevc_open.mp4": "not proven closed",
    "h264_intra_refresh.mp4": "not proven closed",
    "av1.mp4": "av1",
    "cut_h264.mp4": "edit lists",
    "vp8_hidden.webm": "a time each",
    "no_times.mkv": "a time each",
    "turned_90.mkv": "upright",
    "mirrored_180.mp4": "upright",
    "one.mkv": "one frame",
}


@pytest.mark.parametrize(("name", "why"), REFUSED.items())
def test_what_it_is_known_to_get_wrong_is_refused(tmp_path: Path, name: str, why: str) -> None:
    """The reason is told, and no frame is given."""
    path = FOOTAGE[name].at(tmp_path)
    with pytest.raises(VideoError, match="the backend `decord` does not read it") as caught:
        decode_frames(path, Sampling(2.0, 100, (32, 48)), backend="decord")
    assert why in str(caught.value)


@pytest.mark.parametrize("name", ["h264_pyramid.mp4", "turned_90.mp4"])
def test_what_it_reads_is_right(tmp_path: Path, name: str) -> None:
    """At a width that it can scale to itself and at another."""
    path = FOOTAGE[name].at(tmp_path)
    check(FOOTAGE[name], path, 2.3, "decord")
    assert decode_frames(path, Sampling(1.0, 9, (32, 64)), backend="decord").frames.shape[1:] == (32, 64, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOTAGE)
def test_whatever_is_not_refused_is_right(tmp_path: Path, name: str) -> None:
    """The guard misses nothing of the footage."""
    path = FOOTAGE[name].at(tmp_path)
    if Decord().refuses(Clip.open(path)) is None:
        for fps in (2.0, 2.3):
            check(FOOTAGE[name], path, fps, "decord")


def test_times_that_are_not_the_packets_are_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where no fault is known, decord's own times must agree."""
    monkeypatch.setattr("ntlbg.video.backends.decord_reader.known_fault", lambda clip: None)
    with pytest.raises(VideoError, match="promise"):
        decode_frames(FOOTAGE["odd.avi"].at(tmp_path), Sampling(2.0, 100, (32, 48)), backend="decord")


def test_a_decoder_that_spins_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of CPU time ends what no signal handler reaches."""
    import ntlbg.video.backends.decord_child as script

    (tmp_path / "spin.py").write_text("while True: pass\n")
    monkeypatch.setattr(script, "__file__", str(tmp_path / "spin.py"))
    clip = Clip.open(FOOTAGE["h264_closed.mp4"].at(tmp_path))
    with pytest.raises(VideoError, match="CPU-seconds") as caught:
        list(Decord(limit_s=1).frames(clip, [0.0], (32, 64)))  # type: ignore[arg-type]
    assert caught.value.outcome == "timeout"
