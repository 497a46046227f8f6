"""Which stages belong together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.invocation import VARIABLE, Invocation, current, own

ROOT = Path(__file__).parents[2]
ASK = "from pipelines.invocation import current; print(current().key)"


def ask(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_stage_by_hand_is_an_invocation_of_its_own():
    """Two of them are two."""
    assert ask(sys.executable, "-c", ASK) != ask(sys.executable, "-c", ASK)


def test_a_driver_names_the_invocation(monkeypatch):
    """Whatever stands between it and the stage."""
    monkeypatch.setenv(VARIABLE, own().key)
    assert ask("sh", "-c", f'"{sys.executable}" -c "{ASK}"') == own().key
    assert current() == own()


@pytest.mark.parametrize("name", ["dvc", "not-dvc"])
def test_children_of_one_dvc_process_belong_together(tmp_path, name):
    """Found among the ancestors by its name, also when a shell stands between, as DVC starts it."""
    program = tmp_path / name
    shell = f"['sh', '-c', '\"{sys.executable}\" ask.py; true']"
    program.write_text(f"import subprocess\nfor _ in range(2):\n    subprocess.run({shell})\n")
    (tmp_path / "ask.py").write_text(ASK)
    keys = ask(sys.executable, str(program), "repro", folder=tmp_path).split()
    assert len(keys) == 2
    assert (keys[0] == keys[1]) is (name == "dvc")


def test_an_invocation_is_alive_as_long_as_its_process():
    """A process id that was used again is not it."""
    assert own().alive
    assert not Invocation(own().pid, own().started_ms + 5000).alive
    assert not Invocation(2**22 + 1, 0).alive
