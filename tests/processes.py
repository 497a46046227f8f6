"""Processes that tests start: none outlives its test, however the test ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

MARK = "TEST_FOLDER"
GRACE_S = 5.0  # between SIGTERM and SIGKILL


def marked(folder: Path) -> dict[str, str]:
    """A variable for the environment of what is started for `folder`: all that it starts in turn inherits it, also in
    sessions of their own and after their parent's death.
    """
    return {MARK: str(folder)}


def left_of(folder: Path) -> list[psutil.Process]:
    """Processes that carry the mark of `folder`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(MARK) == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end_left_of(folder: Path, grace_s: float = GRACE_S) -> None:
    """SIGTERM to all that carry the mark of `folder`; SIGKILL to those that are left after the grace."""
    asked: set[psutil.Process] = set()
    began = time.monotonic()
    # what is asked to stop may start something to clean up, so they are listed again and again
    while (found := left_of(folder)) and time.monotonic() < began + grace_s + 10:
        for process in found:
            with suppress(psutil.Error):
                if time.monotonic() >= began + grace_s:
                    process.kill()
                elif process not in asked:
                    process.terminate()
        asked.update(found)
        time.sleep(0.1)


@contextmanager
def none_left_of(folder: Path, grace_s: float = GRACE_S) -> Iterator[None]:
    """Nothing of `folder` outlives the block."""
    try:
        yield
    finally:
        end_left_of(folder, grace_s)


def end_group(child: subprocess.Popen[Any], grace_s: float = GRACE_S) -> None:
    """SIGTERM to the process group of a child that leads one; SIGKILL to what is left of it after the grace."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(grace_s)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def alive_after(processes: Iterable[psutil.Process], patience_s: float = 300.0) -> list[psutil.Process]:
    """Those that still work when the patience is over; they are killed.

    One that has ended and whose new parent does not ask how has ended. A disk under load keeps others for a while.
    """
    until = time.monotonic() + patience_s
    while (alive := [one for one in processes if _works(one)]) and time.monotonic() < until:
        time.sleep(0.05)
    for one in alive:
        with suppress(psutil.Error):
            one.kill()
    return alive


def _works(process: psutil.Process) -> bool:
    try:
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
