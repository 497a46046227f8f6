"""The small run of the end-to-end tests: made once, and again when it no longer is of these files."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.end_to_end import small_run as room
from tests.end_to_end.project import Done, Project
from tests.processes import marked


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks for the run of a project of two files; tells how often it was made. `source` holds the files."""
    source, made = tmp_path / "source", []
    source.mkdir()
    for name in ("params.yaml", "code.py"):
        (source / name).write_text("1")

    def copy(into):
        made.append(into)
        (into / "code.py").write_text((source / "code.py").read_text())
        (into / "params.yaml").write_text("small")
        return Project(into)

    code = [0]
    monkeypatch.setattr(room, "ROOT", source)
    monkeypatch.setattr(room, "own_files", lambda: ["params.yaml", "code.py"])
    monkeypatch.setattr(room, "copy_of_the_project", copy)
    monkeypatch.setattr(Project, "run", lambda self: Done(code[0], "said", frozenset({"decode"})))

    def asked(ends: int = 0):
        code[0] = ends
        run = room.small_run(tmp_path / "kept")
        return run, len(made)

    return asked


def test_the_run_is_made_once(ask):
    """Whoever asks again is given how it ended, and a copy that is whole."""
    (first, _), (again, made) = ask(), ask()
    assert first == again
    assert made == 1
    assert again.done == Done(0, "said", frozenset({"decode"}))
    assert (again.untouched.root / "params.yaml").read_text() == "small"
    assert again.untouched.root != again.project.root


@pytest.mark.parametrize("name", ["params.yaml", "code.py"])
def test_a_run_of_other_files_is_not_taken(ask, tmp_path, name):
    """Tests would pass on code that is no longer there."""
    ask()
    (tmp_path / "source" / name).write_text("2")
    assert [ask()[1], ask()[1]] == [2, 2]


def test_a_failed_or_unfinished_run_is_not_taken(ask, tmp_path):
    """Nor one whose process was killed before its end."""
    assert [ask(ends=1)[0].done.code, ask()[1]] == [1, 2]
    (tmp_path / "kept" / "ended.json").unlink()
    assert ask()[1] == 3


def test_what_a_killed_process_had_started_does_not_write_into_the_next_run(ask, tmp_path):
    """It outlives the process that asked for it."""
    left = subprocess.Popen(["sleep", "987"], env={**os.environ, **marked(tmp_path / "kept" / "project")})
    try:
        ask()
        assert left.wait(10) == -15
    finally:
        left.kill()
        left.wait()
