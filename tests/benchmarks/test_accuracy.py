"""The table of who reads what right."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.decoders import accuracy
from benchmarks.decoders.accuracy import FAILED, REFUSED, RIGHT, WRONG, Found, brief, cell, measure, table
from tests.video.footage import FOOTAGE


def test_right_wrong_and_refused_are_told_apart(tmp_path: Path) -> None:
    """One clip of each, by the backends themselves."""
    path = FOOTAGE["h264_closed.mp4"].at(tmp_path)
    assert measure(FOOTAGE["h264_closed.mp4"], path, "auto") == Found(RIGHT)
    other = FOOTAGE["h264_open.mp4"].at(tmp_path)
    wrong = measure(FOOTAGE["cut_h264.mp4"], other, "auto")  # numbers of another clip
    assert wrong.verdict == WRONG
    assert "instead of 27 33" in wrong.said
    refused = measure(FOOTAGE["mpeg4_b.avi"], FOOTAGE["mpeg4_b.avi"].at(tmp_path), "decord")
    assert refused.verdict == REFUSED
    assert "avi" in refused.said


def test_what_cannot_be_read_fails(tmp_path: Path) -> None:
    """The sentence stays, the path goes."""
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    found = measure(FOOTAGE["h264_closed.mp4"], path, "auto")
    assert found.verdict == FAILED
    assert str(tmp_path) not in found.said


@pytest.mark.parametrize("name", ["av1.webm", "one.webm"])
def test_a_backend_is_measured_by_its_own_frames(tmp_path: Path, name: str) -> None:
    """decord reads neither; what PyAV makes of them does not count as decord's."""
    found = measure(FOOTAGE[name], FOOTAGE[name].at(tmp_path), accuracy.ALONE)
    assert found.verdict == FAILED
    assert found.said.startswith("the backend `decord_alone` does not read it")


def test_frames_kept_of_damage_are_not_a_backend_s_own(tmp_path: Path) -> None:
    """They come from PyAV, whoever was asked."""
    data = bytearray(FOOTAGE["h264_closed.mkv"].at(tmp_path).read_bytes())
    data[len(data) // 3 : len(data) // 3 + 400] = bytes(400)
    path = tmp_path / "damaged.mkv"
    path.write_bytes(data)
    found = measure(FOOTAGE["h264_closed.mkv"], path, "ffmpeg")
    assert found.verdict == FAILED
    assert "frames by PyAV" in found.said


def test_a_row_for_each_trait_and_one_for_all() -> None:
    """Counts add up, and every wrong clip is named with what came instead."""
    found = {
        "h264_open.mp4": {"auto": Found(RIGHT), "decord": Found(WRONG, "1 2 instead of 0 1")},
        "h264_open.mkv": {"auto": Found(RIGHT), "decord": Found(REFUSED, "open groups")},
        "av1.mp4": {"auto": Found(RIGHT), "decord": Found(FAILED, "no decoder")},
    }
    text = table(found)
    assert "| H.264, open | 2 right | 1 refused, 1 wrong |" in text
    assert "| **all** | 3 right | 1 refused, 1 wrong, 1 fails |" in text
    assert "`decord` gives wrong frames without a word" in text
    assert "| `h264_open.mp4` | 1 2 | 0 1 |" in text
    assert "`decord` refuses, as open groups: `h264_open.mkv`." in text
    assert "`decord` fails: `av1.mp4`." in text


def test_lists_of_numbers_are_cut() -> None:
    """A picture without a number is a question mark."""
    assert brief([0, -1, 12]) == "0 ? 12"
    assert brief(list(range(20))).endswith("6 7 …")
    assert cell([Found(RIGHT)] * 3) == "3 right"


@pytest.mark.parametrize("backend", [b for b in accuracy.BACKENDS if b != accuracy.ALONE])
def test_every_backend_is_measured(backend: str) -> None:
    """All that are registered, but for what is not installed here."""
    from ntlbg.video.backends.registry import BACKENDS

    assert backend == "auto" or backend in BACKENDS
    assert {*BACKENDS, "auto"} - {"torchcodec", accuracy.ALONE} == set(accuracy.BACKENDS) - {accuracy.ALONE}
