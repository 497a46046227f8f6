"""A barcode in every frame, over every codec, container and trait: the frames are the right ones, whatever the file."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from ntlbg.video.decode import Sampling, decode_frames
from tests.video.clips import barcode, encode, numbers
from tests.video.footage import COUNT, FOOTAGE, check

SIZE = (32, 48)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("footage")


@pytest.mark.parametrize("name", FOOTAGE)
def test_auto_is_right_on_every_codec_container_and_trait(folder: Path, name: str) -> None:
    """Number, true time, count and outcome at 2 frames per second and at an odd rate; upright, at the asked size."""
    clip = FOOTAGE[name]
    path = clip.at(folder)
    for fps in (2.0, 2.3):
        check(clip, path, fps, "auto")


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOTAGE)
def test_sequential_is_right_and_gives_the_same_bytes(folder: Path, name: str) -> None:
    """The reference is right everywhere too, and what `auto` leaves out changes no pixel."""
    clip = FOOTAGE[name]
    path = clip.at(folder)
    for fps in (0.7, 2.3, 11.3):
        check(clip, path, fps, "pyav_sequential")
        a, b = (decode_frames(path, Sampling(fps, 1000, SIZE), backend=how) for how in ("auto", "pyav_sequential"))
        assert a.frames.tobytes() == b.frames.tobytes()
        assert a.timestamps_s.tolist() == b.timestamps_s.tolist()


def test_the_footage_has_the_traits_it_names(folder: Path) -> None:
    """A clip that lost its trait in the making would test nothing."""

    def packets(name: str) -> list[av.Packet]:
        with av.open(str(FOOTAGE[name].at(folder))) as container:
            stream = next(s for s in container.streams.video if s.codec_context.name != "mjpeg")
            return [packet for packet in container.demux(stream) if packet.size]

    def formats(name: str) -> str:
        with av.open(str(FOOTAGE[name].at(folder))) as container:
            return str(container.streams.video[0].codec_context.format.name)

    assert any(packet.is_discard for packet in packets("cut_h264.mp4"))
    assert any(packet.is_discard for packet in packets("cut_end.mp4"))
    assert min(packet.pts or 0 for packet in packets("negative.ts")) < 0
    assert all(packet.pts is None for packet in packets("no_times.mkv"))
    assert any(packet.pts is None for packet in packets("h264_closed.mpg"))
    assert b"moof" in FOOTAGE["h264_open_fragmented.mp4"].at(folder).read_bytes()
    assert len(packets("vp8_hidden.webm")) > COUNT
    assert {formats(name) for name in ("deep.mp4", "deep.webm", "deep_hevc.mkv", "deep_av1.mp4")} == {"yuv420p10le"}
    with av.open(str(FOOTAGE["cover_first.mp4"].at(folder))) as container:
        assert [s.codec_context.name for s in container.streams.video] == ["mjpeg", "h264"]


def test_a_wrong_frame_would_be_seen() -> None:
    """Turned, mirrored and blended pictures carry no number, or another."""
    picture = barcode(37)
    assert numbers(np.stack([picture[::-1], picture[:, ::-1], picture[::-1, ::-1]])) != [37] * 3
    assert numbers(np.stack([picture // 2 + barcode(38) // 2])) != [37]


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux tells")
def test_encoding_leaves_the_scheduling_as_it_was(tmp_path: Path) -> None:
    """SVT-AV1 makes root's thread a real-time one: tests, and all that they start, would hold the machine's cores."""
    before = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    encode(tmp_path / "clip.mkv", "libsvtav1", count=2, options={"preset": "12", "svtav1-params": "lp=1"})
    assert (os.sched_getscheduler(0), os.sched_getparam(0).sched_priority) == before
