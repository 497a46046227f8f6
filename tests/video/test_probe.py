"""Facts of a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import VideoError
from ntlbg.video.probe import probe
from tests.video.clips import encode
from tests.video.conftest import Clips
from tests.video.footage import FOOTAGE


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("h264_b.mp4", "h264", "mov,mp4,m4a,3gp,3g2,mj2"),
        ("hevc_open.mkv", "hevc", "matroska,webm"),
        ("vp9.webm", "vp9", "matroska,webm"),
        ("mpeg4_b.avi", "mpeg4", "avi"),
    ],
)
def test_facts(clips: Clips, name: str, codec: str, container: str) -> None:
    """Size, rate, length and names as encoded."""
    facts = probe(clips[name])
    assert (facts.width, facts.height, facts.rotation) == (160, 96, 0)
    assert facts.native_fps == pytest.approx(12)
    assert facts.frame_count == 48
    assert facts.duration_s == pytest.approx(4.0, abs=0.01)
    assert (facts.codec, facts.container) == (codec, container)


def test_a_late_start_is_told_and_not_counted_as_length(clips: Clips) -> None:
    """duration_s counts from the first frame."""
    facts = probe(clips.late())
    assert facts.start_s == pytest.approx(100)
    assert facts.duration_s == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(("counter_clockwise", "rotation"), [(90, 270), (180, 180), (270, 90)])
def test_width_and_height_are_upright(tmp_path: Path, counter_clockwise: int, rotation: int) -> None:
    """A phone's portrait video is taller than wide."""
    path = encode(tmp_path / "p.mp4", count=2, turn=lambda s: s.set_display_rotation(counter_clockwise))
    facts = probe(path)
    assert facts.rotation == rotation
    assert (facts.width > facts.height) == (rotation == 180)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_pixels_that_are_not_square_are_told(tmp_path: Path, suffix: str) -> None:
    """The shape at square pixels is the one to scale to; turned with the picture."""
    facts = probe(FOOTAGE[f"wide_pixels.{suffix}"].at(tmp_path))
    assert facts.pixel_aspect == pytest.approx(4 / 3)
    assert (facts.width, facts.height, facts.shape) == (160, 96, (96, 213))
    path = encode(tmp_path / "t.mp4", count=2, sar=Fraction(4, 3), turn=lambda s: s.set_display_rotation(90))
    assert probe(path).shape == (160, 72)
    square = probe(encode(tmp_path / "square.mp4", count=2))
    assert (square.pixel_aspect, square.shape) == (1.0, (96, 160))


def test_the_length_of_the_file_is_apart_from_that_of_the_picture(tmp_path: Path) -> None:
    """Sound may go on; the whole file's length says so."""
    facts = probe(FOOTAGE["sound.mp4"].at(tmp_path))
    assert facts.duration_s == pytest.approx(5.0)
    assert facts.container_s == pytest.approx(9.0, abs=0.2)


def test_an_unreadable_file_has_no_facts(tmp_path: Path) -> None:
    """VideoError names the file and carries the outcome."""
    with pytest.raises(VideoError, match="no such file") as caught:
        probe(tmp_path / "x.mp4")
    assert caught.value.outcome is DecodeOutcome.OPEN_FAILED
