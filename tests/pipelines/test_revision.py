"""Which code ran."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipelines.revision import Revision, revision


@pytest.fixture
def git(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")

    def run(*words: str) -> str:
        return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()

    return run


def test_outside_a_repository_there_is_no_commit(git):
    """An empty text, not a made-up name."""
    assert revision() == Revision("", True)


def test_before_the_first_commit_there_is_none_either(git):
    """Git itself would answer with the word `HEAD`."""
    git("init", "-q")
    assert revision() == Revision("", True)


def test_a_changed_or_new_file_makes_the_code_dirty_and_a_run_does_not(git):
    """What a run writes itself says nothing about the code."""
    git("init", "-q")
    Path("code.py").write_text("1")
    git("add", ".")
    git("commit", "-q", "-m", "a")
    assert revision() == Revision(git("rev-parse", "HEAD"), False)
    Path("dvc.lock").write_text("x")
    Path("reports").mkdir()
    Path("reports/comparison.md").write_text("x")
    assert not revision().dirty
    Path("code.py").write_text("2")
    assert revision().dirty
