"""A command on a leash ends with its limit, with its caller, and with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.leash import OVER_LIMIT, STOPPED

ROOT = Path(__file__).parents[2]

# a command that starts another below it, and a third that leaves the session
TREE = """
import subprocess, sys, time
from pathlib import Path

script = "import signal, sys; from pathlib import Path\\n"
if "stubborn" in sys.argv:
    script += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
else:
    script += "signal.signal(signal.SIGTERM, lambda *_: (Path('told').touch(), sys.exit(1)))\\n"
script += "Path('ready').touch(); import time; time.sleep(987)"
subprocess.Popen(["setsid", "sleep", "987"])
child = subprocess.Popen([sys.executable, "-c", script])
sys.exit(7 if child.wait() else 0)
"""


def start(folder: Path, limit_s: float, grace_s: float, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.leash", str(limit_s), str(grace_s), *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def tree(folder: Path, *, limit_s: float = 200, grace_s: float = 200, word: str = "") -> subprocess.Popen[bytes]:
    leash = start(folder, limit_s, grace_s, sys.executable, "-c", TREE, word)
    deadline = time.monotonic() + 60
    while not (folder / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return leash


def left(folder: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()) == folder and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("command", "code"), [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137)]
)
def test_the_exit_code_is_the_commands(tmp_path, command, code):
    """As a shell would count it."""
    assert start(tmp_path, 100, 1, *command).wait(60) == code


def test_what_a_command_leaves_behind_goes_with_it(tmp_path):
    """A process that it put into a session of its own too."""
    assert start(tmp_path, 100, 1, "sh", "-c", "setsid sleep 987 & exit 0").wait(60) == 0
    assert left(tmp_path) == []


def test_a_limit_takes_the_whole_tree(tmp_path):
    """Also one that has left the process group; the stage below is told by SIGTERM first."""
    assert tree(tmp_path, limit_s=3).wait(60) == OVER_LIMIT
    assert (tmp_path / "told").exists()
    assert left(tmp_path) == []


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGINT"])
def test_stopping_lets_the_command_see_its_child_fail(tmp_path, how):
    """So that it ends in its own way: DVC may be writing down another result."""
    leash = tree(tmp_path)
    if how == "end of input":
        leash.stdin.close()
    else:
        leash.send_signal(signal.Signals[how])
    assert leash.wait(60) == STOPPED
    assert (tmp_path / "told").exists()
    assert left(tmp_path) == []


def test_what_does_not_listen_is_killed(tmp_path):
    """After the grace period."""
    leash = tree(tmp_path, grace_s=1, word="stubborn")
    leash.stdin.close()
    assert leash.wait(60) == STOPPED
    assert left(tmp_path) == []


def test_a_caller_that_is_killed_takes_the_command_along(tmp_path):
    """By kill -9: nobody is left to say anything."""
    holder = f"""
import subprocess, sys, time
leash = [sys.executable, "-m", "pipelines.leash", "200", "5", sys.executable, "-c", {TREE!r}]
subprocess.Popen(leash, stdin=subprocess.PIPE, start_new_session=True)
time.sleep(987)
"""
    caller = subprocess.Popen([sys.executable, "-c", holder], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    while not (tmp_path / "ready").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 60
    while left(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(tmp_path) == []
    assert (tmp_path / "told").exists()
