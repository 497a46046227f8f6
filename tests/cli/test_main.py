"""How the command line starts and how it fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ntlbg.cli.main import run
from ntlbg.errors import InputError, StoreError


def test_help_is_shown_without_heavy_imports() -> None:
    """`ntlbg --help` loads no torch, transformers, pandas, scipy or PyAV."""
    code = (
        "import sys\nfrom ntlbg.cli.main import run\n"
        "try: run(['--help'])\nexcept SystemExit as e: assert not e.code\n"
        "heavy = {'torch', 'transformers', 'pandas', 'scipy', 'av', 'matplotlib', 'mlflow', 'prefect', 'dvc'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "select" in done.stdout


@pytest.mark.parametrize("error", [InputError("the \x1b[2Jfile is wrong", hint="mend it"), StoreError("full")])
def test_an_error_is_one_sentence_and_its_exit_code(
    error: InputError | StoreError, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`error:` and, where there is one, `hint:`; no traceback, no escape sequence, the error's own exit code."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ntlbg.api.select_frames", fail)
    with pytest.raises(SystemExit) as ended:
        run(["select", "film.mp4", "--query", "x"])
    told = capsys.readouterr()
    assert ended.value.code == error.exit_code
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert ("hint: mend it" in told.err) == bool(error.hint)
    assert len(told.err.splitlines()) == 1 + bool(error.hint)
    assert "\x1b" not in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["select"],
        ["select", "a.mp4"],
        ["select", "a.mp4", "--query", "x", "-k", "0"],
        ["select", "a.mp4", "--query", "x", "-k", "few"],
    ],
)
def test_a_wrong_command_line_exits_with_two(arguments: list[str]) -> None:
    """Missing arguments, a budget of nothing and one that is no number are usage errors."""
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2


def test_a_missing_video_is_told_in_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """End to end: exit code 3, one sentence with the file's name, nothing on standard output."""
    with pytest.raises(SystemExit) as ended:
        run(["select", "nowhere.mp4", "--query", "x", "--json"])
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (3, "")
    assert "error: nowhere.mp4: no such file" in told.err
    assert list(place.iterdir()) == []


def test_what_the_system_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A full disk or a folder that may not be read has no traceback."""

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "film.mp4")

    monkeypatch.setattr("ntlbg.api.select_frames", fail)
    with pytest.raises(SystemExit) as ended:
        run(["select", "film.mp4", "--query", "x"])
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: film.mp4: permission denied\n"
