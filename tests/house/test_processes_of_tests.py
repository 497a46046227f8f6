"""What ends the processes of tests, itself tested: on processes that do not want to end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.processes import alive_after, end_group, left_of, marked, none_left_of

# It ignores SIGTERM, and so does its child, in the same group or in a session of its own.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "987"], start_new_session=sys.argv[1] == "alone")
print(child.pid, flush=True)
time.sleep(987)
"""


def stubborn(how: str, folder: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """The process and its child."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, how],
        env={**os.environ, **marked(folder)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    return process, psutil.Process(int(process.stdout.readline()))


def gone(process: psutil.Process) -> bool:
    return not alive_after([process])  # a killed one may be seen a moment longer


def test_a_group_ends_even_if_it_does_not_want_to(tmp_path):
    """By SIGKILL after the grace; a second call, and one for a process that has ended, is harmless."""
    process, child = stubborn("together", tmp_path)
    end_group(process, 0.2)
    assert process.returncode == -9
    assert gone(child)
    end_group(process, 0.2)


def test_what_a_test_leaves_in_sessions_of_its_own_ends(tmp_path):
    """When the test fails, too; what belongs to another folder stays."""
    started = []

    def failing_test() -> None:
        with none_left_of(tmp_path, 0.2):
            started.extend(stubborn("alone", tmp_path))
            assert {one.pid for one in left_of(tmp_path)} == {one.pid for one in started}
            raise ZeroDivisionError

    other = subprocess.Popen(["sleep", "987"], env={**os.environ, **marked(tmp_path / "other")})
    try:
        with pytest.raises(ZeroDivisionError):
            failing_test()
        process, child = started
        assert process.wait(10) == -9
        assert gone(child)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
