"""sources.lock notices what DVC cannot watch."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ntlbg.corpus.params import CorpusParams
from pipelines.sources import LOCK, digest, named, record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("videos").mkdir()
    Path("videos/a.mp4").write_bytes(b"film")
    Path("questions.jsonl").write_text('{"answer": "red"}\n')
    return CorpusParams.model_validate({"own": [{"jsonl": "questions.jsonl", "videos": "videos"}]})


def test_a_rendered_corpus_names_no_folder():
    """So the tracked file is the same in every clone."""
    assert named(CorpusParams.model_validate({"rendered": {}})) == []
    assert json.loads((ROOT / LOCK).read_text()) == {}


def test_nothing_changed_writes_nothing(own):
    """Also when only the time of a question file did: its content is what counts."""
    assert record(own)
    os.utime("questions.jsonl", (1, 1))
    assert not record(own)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Path("questions.jsonl").write_text('{"answer": "fig"}\n'),
        lambda: Path("videos/b.mp4").write_bytes(b"more"),
        lambda: Path("videos/a.mp4").write_bytes(b"longer film"),
        lambda: Path("videos/a.mp4").unlink(),
        lambda: Path("videos/a.mp4").rename("videos/c.mp4"),
    ],
)
def test_a_changed_answer_or_video_changes_the_lock(own, change):
    """Then stage `corpus` runs again."""
    record(own)
    before = LOCK.read_text()
    change()
    assert record(own)
    assert LOCK.read_text() != before


def test_a_missing_source_is_recorded_as_missing(tmp_path):
    """The stage names it in a sentence; that is not this file's business."""
    assert digest(tmp_path / "none") == "missing"


def test_a_video_behind_a_linked_folder_is_noticed(own, tmp_path_factory):
    """Videos often lie on another disk; links in a circle end."""
    other = tmp_path_factory.mktemp("disk")
    Path("videos/more").symlink_to(other)
    (other / "back").symlink_to(Path("videos").absolute())
    record(own)
    (other / "b.mp4").write_bytes(b"more")
    assert record(own)


def test_a_name_that_is_no_text_is_written_down(own):
    """Names on a disk are bytes, not always UTF-8."""
    Path(os.fsdecode(b"videos/\xff.mp4")).write_bytes(b"more")
    assert record(own)


def test_a_source_that_may_not_be_looked_at_is_recorded_as_such(tmp_path, monkeypatch):
    """The stage names it, as it does a missing one."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    assert digest(tmp_path) == "unreadable"
