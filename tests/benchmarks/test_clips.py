"""Footage to time decoders on."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.decoders import clips
from ntlbg.errors import InputError
from ntlbg.video.probe import probe


def test_a_clip_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of moving pictures in its codec; nothing half-made stays."""
    monkeypatch.setattr(clips, "SCENES", ("testsrc2=s={size}:r={rate}:d=1", "gradients=s={size}:r={rate}:d=1"))
    path = clips.clip("mpeg4.avi", tmp_path)
    facts = probe(path)
    assert (facts.codec, facts.width, facts.height, facts.native_fps) == ("mpeg4", 640, 360, 30)
    stamp = path.stat().st_mtime_ns
    assert clips.clip("mpeg4.avi", tmp_path).stat().st_mtime_ns == stamp
    assert not list(tmp_path.glob("partial_*"))


def test_without_the_film_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out, not made up."""
    monkeypatch.setattr(clips, "FILM", tmp_path / "film.mp4")
    assert clips.film(tmp_path) is None


def test_a_failing_program_says_why() -> None:
    """Its last line is in the sentence."""
    with pytest.raises(InputError, match="ffmpeg fails"):
        clips.run("-i", "nowhere.mp4", "nowhere.mkv")
