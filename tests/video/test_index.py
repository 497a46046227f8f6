"""One pass over the packets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntlbg.video import index as module
from ntlbg.video.errors import VideoError
from ntlbg.video.index import PacketIndex, closed_groups, read_index
from ntlbg.video.open import open_video, picture_stream
from tests.video.conftest import VARIABLE_MS, Clips


def index_of(path) -> PacketIndex:
    with open_video(path) as container:
        index = read_index(container, picture_stream(container, path), path)
    assert index is not None
    return index


@pytest.mark.parametrize("name", ["h264_b.mp4", "h264_pyramid.avi", "vp9.webm", "mpeg4_b.avi", "h264.ts"])
def test_the_index_knows_all_frames_and_the_end(clips: Clips, name: str) -> None:
    """Exact counts and times without decoding."""
    index = index_of(clips[name])
    assert index.shown.size == 48
    assert index.last_s == pytest.approx(47 / 12, abs=0.002)
    assert index.end_s == pytest.approx(4.0, abs=0.002)
    assert not index.truncated
    assert not index.cut


def test_a_file_that_vanishes_in_between_is_named(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its containers are walked by name, after FFmpeg: what the system says then is a sentence about the video."""
    path = Path(shutil.copy(clips["vp9.webm"], tmp_path / "a.webm"))
    walk = module.broken_stretches

    def late(*how: Any) -> Any:
        path.unlink()
        return walk(*how)

    monkeypatch.setattr(module, "broken_stretches", late)
    with pytest.raises(VideoError, match=r"a\.webm: cannot be read \(no such file or directory\)") as told:
        index_of(path)
    assert told.value.outcome == "open_failed"


def test_variable_times_are_kept(clips: Clips) -> None:
    """Times are the file's own, not count ÷ rate."""
    index = index_of(clips.variable(".mkv"))
    assert (index.shown - index.shown[0]).tolist() == VARIABLE_MS


def test_a_cut_is_seen_against_the_header(clips: Clips) -> None:
    """Half of a Matroska file still declares the whole length."""
    index = index_of(clips.cut("h264_b.mkv", 0.5))
    assert index.truncated
    assert index.missing_s > 1


def test_groups_that_leak_are_not_closed() -> None:
    """Pictures shown before their IDR's predecessors end, or no IDR first: nothing is proven."""
    pts = np.array([0, 2, 1, 3, 5, 4])
    idr = np.array([True, False, False, True, False, False])
    found = closed_groups(pts, idr)
    assert found is not None
    assert found.tolist() == [0, 3]
    assert closed_groups(np.array([0, 2, 4, 3, 5, 1]), idr) is None
    assert closed_groups(pts, np.roll(idr, 1)) is None
    assert closed_groups(pts, np.zeros(6, bool)) is None


def test_an_intra_refresh_sweep_is_no_group(clips: Clips) -> None:
    """Its key frames only start a sweep; the one IDR picture is the first."""
    index = index_of(clips["h264_intra_refresh.mp4"])
    assert index.starts is not None
    assert index.starts.tolist() == [0]
