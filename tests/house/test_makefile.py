"""The Makefile explains itself, asks for the right Python, and cleans what stages write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TARGETS = [
    "help",
    "setup",
    "run",
    "test",
    "test-all",
    "check",
    "lock",
    "footage",
    "ui",
    "server",
    "worker",
    "deploy",
    "clean",
]


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """make, as from a shell of its own: what an outer make exports does not reach it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_bare_make_lists_every_target():
    """Each target has a line that says what it is for, and nothing else is listed."""
    result = make()
    assert result.returncode == 0, result.stderr
    listed = re.findall(r"^  make (\S+) +\S", result.stdout, flags=re.MULTILINE)
    assert listed == TARGETS


def test_no_target_is_hidden():
    """Every target with a name of letters is in the list and is phony."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^([a-z][a-z-]*):(?!=)", text, flags=re.MULTILINE)
    assert named == TARGETS
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    assert phony.split() == TARGETS


@pytest.mark.parametrize(("python", "what"), [("no-such-python", "missing"), ("./python3.9", "Python 3.9.1")])
def test_another_python_is_refused_in_one_sentence(tmp_path, python, what):
    """A wrong or missing interpreter is named with what is needed, before anything is made."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("requirements.lock", "requirements.in", "pyproject.toml"):
        (tmp_path / name).touch()
    (tmp_path / "python3.9").write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 || exit 1\n')
    (tmp_path / "python3.9").chmod(0o755)
    result = make("setup", f"PYTHON={python}", folder=tmp_path)
    assert result.returncode != 0
    first, hint = result.stderr.splitlines()[:2]
    assert first == f"error: Python 3.11 or 3.12 is needed, and '{python}' is {what}"
    assert hint.startswith("hint: make setup PYTHON=")
    assert not (tmp_path / ".venv").exists()


def test_a_second_setup_does_nothing(tmp_path):
    """While the lock and the project file are as they were, no installer is started."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / ".venv").mkdir()
    stamp = re.search(r"^UV := (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    names = ["requirements.lock", "requirements.in", "pyproject.toml", f".venv/.uv-{stamp[1]}", ".venv/.ready"]
    for second, name in enumerate(names):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (second, second))
    assert "Nothing to be done" in make("setup", folder=tmp_path).stdout
    (tmp_path / "requirements.lock").touch()
    assert "uv pip sync" in make("-n", "setup", folder=tmp_path).stdout


def test_nothing_reports_to_anybody():
    """Every tool with telemetry is told to keep quiet, for all that make starts."""
    printed = make("-pn", "help").stdout
    for setting in (
        "DVC_NO_ANALYTICS := 1",
        "MLFLOW_DISABLE_TELEMETRY := true",
        "DO_NOT_TRACK := 1",
        "GX_ANALYTICS_ENABLED := false",
        "PREFECT_SERVER_ANALYTICS_ENABLED := false",
    ):
        assert setting in printed


def test_tests_side_by_side_compute_on_one_thread_each():
    """As many threads in each of several processes spin in wait for one another; a number that the user names stays."""
    command = 'echo "threads: $$OMP_NUM_THREADS"'
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("@.venv/bin/python -m pytest", f"@{command} #")
    without = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "OMP_"))}
    for target in ("test", "test-all"):
        for set_, told in (({}, "1"), ({"OMP_NUM_THREADS": "2"}, "2")):
            asked = ["make", "-f", "-", "-o", ".venv/.ready", target]
            env = without | set_
            done = subprocess.run(
                asked, cwd=ROOT, input=makefile, env=env, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.stdout == f"threads: {told}\n", done.stderr


def outputs() -> list[str]:
    """Folders and files that the stages of dvc.yaml write and DVC, not git, keeps."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    found = []
    for stage in stages.values():
        body = stage.get("do", stage)
        for out in body.get("outs", []):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            if options.get("cache", True):
                found.append(path)
    return found


def test_clean_removes_what_stages_write_and_nothing_else(tmp_path):
    """Every output of dvc.yaml goes; the environment, the store, DVC's cache and the user's folders stay."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    written = [re.sub(r"\$\{[^}]*\}", "encoder", path) for path in outputs()]
    assert written
    kept = [".venv/x", ".ntlbg/store/x", ".dvc/cache/x", "data/mine/x", "models/mine/x", "mlflow.db", "footage/x"]
    for name in [*(f"{path}/x" for path in written), *kept]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert make("clean", folder=tmp_path).returncode == 0
    assert [path for path in written if (tmp_path / path).exists()] == []
    assert [name for name in kept if not (tmp_path / name).exists()] == []


def test_a_fitting_python_is_found_under_its_own_name(tmp_path):
    """`python3` may be too old or missing while `python3.11` is there; a python that the user names stays."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/python3.12").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/python3.11").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for name in ("python3", "python3.11", "python3.12"):
        (tmp_path / "bin" / name).chmod(0o755)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS")) and k != "PYTHON"}
    env["PATH"] = f"{tmp_path / 'bin'}:{env['PATH']}"

    def chosen(*arguments: str) -> list[str]:
        command = ["make", "-pn", "help", *arguments]
        told = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
        return re.findall(r"^PYTHON :?= (.*)$", told.stdout, flags=re.MULTILINE)

    assert chosen() == [str(tmp_path / "bin/python3.11")]
    assert chosen("PYTHON=mine") == ["mine"]
