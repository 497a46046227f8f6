"""The ffmpeg program as a backend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.ffmpeg_program import FFmpegProgram, command, filters
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from tests.video.clips import numbers
from tests.video.conftest import Clips
from tests.video.footage import FOOTAGE, check

SIZE = (32, 48)
SOME = ("h264_open.mkv", "mpeg4_b.avi", "h264_closed.mpg", "cut_h264.mp4", "mirrored_90.mp4", "cover_first.mp4")


@pytest.mark.parametrize("name", SOME)
def test_the_frames_are_the_right_ones(tmp_path: Path, name: str) -> None:
    """By time, by number where there are no times, turned, and not of the cover."""
    check(FOOTAGE[name], FOOTAGE[name].at(tmp_path), 2.3, "ffmpeg")


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOTAGE)
def test_it_is_right_on_all_footage(tmp_path: Path, name: str) -> None:
    """What docs/video.md says of it."""
    check(FOOTAGE[name], FOOTAGE[name].at(tmp_path), 2.3, "ffmpeg")


def test_it_scales_as_everybody_does(clips: Clips) -> None:
    """Another version of FFmpeg, the same pictures but for rounding."""
    sampling = Sampling(1.0, 100, SIZE)
    a, b = (decode_frames(clips["h264_b.mp4"], sampling, backend=how).frames.astype(int) for how in ("auto", "ffmpeg"))
    assert np.abs(a - b).max() <= 3


def test_the_command_opens_safely(clips: Clips, tmp_path: Path) -> None:
    """The same allow-lists, an absolute path, no input from the terminal, one thread, one track."""
    clip = Clip.open(clips["h264_b.mp4"])
    argv = command(clip, tmp_path / "graph")
    before = argv[: argv.index("-i")]
    assert before[before.index("-protocol_whitelist") + 1] == "file"
    assert "matroska" in before[before.index("-format_whitelist") + 1]
    assert before[before.index("-threads") + 1] == "1"
    assert Path(argv[argv.index("-i") + 1]).is_absolute()
    assert "-nostdin" in argv
    assert argv[argv.index("-map") + 1] == f"0:{clip.track}"


def test_the_filter_asks_few_questions_for_each_picture() -> None:
    """A tree over the times: its depth is the logarithm of their number."""
    graph = filters(list(range(0, 4096 * 7, 7)), "pts", SIZE)
    depth = deepest = 0
    for letter in graph:
        depth += (letter == "(") - (letter == ")")
        deepest = max(deepest, depth)
    assert deepest < 20
    assert graph.count("eq(pts,") == 4096


def test_long_lists_of_moments_fit(clips: Clips) -> None:
    """The graph goes through a file: an argument may not be that long."""
    got = decode_frames(clips["h264_b.mkv"], Sampling(12.0, 1000, SIZE), backend="ffmpeg")
    assert numbers(got.frames) == list(range(48))


def test_damage_that_the_program_conceals_is_corrupt(clips: Clips, tmp_path: Path) -> None:
    """It would end well with smeared pictures; its log tells, and the sentence holds no address of this run."""
    data = bytearray(clips["h264_b.mp4"].read_bytes())
    third = len(data) // 3
    data[third : third + 4000] = np.random.default_rng(1).bytes(4000)
    (tmp_path / "garbage.mp4").write_bytes(data)
    with pytest.raises(VideoError, match=r"garbage\.mp4: is damaged") as caught:
        list(FFmpegProgram().frames(Clip.open(tmp_path / "garbage.mp4"), np.arange(0, 4, 0.5), SIZE))
    assert caught.value.outcome is DecodeOutcome.CORRUPT
    assert "0x" not in str(caught.value)
