"""What surrounds every run of the pipeline in a working folder, whoever walks the stages: `make run` or the flow.

One run at a time, a record of what lies in the corpus's folders, no locks of the dead, and an MLflow parent that is
closed at the end.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ntlbg.config.schema import Params
from ntlbg.errors import InputError
from ntlbg.store import Store
from pipelines import invocation, say, sources
from pipelines.graph import forget_dead_locks
from pipelines.tracking import RUNS, Tracker

LOCK = Path(".ntlbg/run.lock")
REPORTS = Path("reports")
# DVC's lock gives up after three seconds, also when a stage of hours has ended and wants to be recorded
DVC = (sys.executable, "-m", "dvc", "--wait-for-lock")


@contextmanager
def only_run(lock: Path = LOCK, *, patience_s: float = 0) -> Iterator[int]:
    """Hold the run lock of the working folder; yields its file descriptor.

    A child that inherits the descriptor (`pass_fds`) keeps the lock for as long as it lives: what a killed run left
    behind may still be writing. patience_s: how long to wait for another run to end.
    Raises InputError when another run holds it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + patience_s
        while not _taken(held):
            if time.monotonic() >= deadline:
                raise InputError(
                    f"another run is at work in {Path.cwd()}",
                    hint="wait until it ends; two runs at once would write the same files",
                )
            time.sleep(0.2)
        yield held
    finally:
        os.close(held)  # and not LOCK_UN, which would take the lock from children as well


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def prepare(params: Params) -> None:
    """Before the first stage, under the run lock: nothing of killed runs is left, and the sources are recorded."""
    Store.default().sweep()
    forget_dead_locks()
    if sources.record(params.current.corpus):
        say.note(f"{sources.LOCK}: the folders of the corpus have changed")


def environment() -> dict[str, str]:
    """Of DVC and its stages: they belong to this process's invocation, and their `python` is the one that runs this."""
    return os.environ | {
        invocation.VARIABLE: invocation.own().key,
        "DVC_NO_ANALYTICS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }


def finish(*, succeeded: bool) -> str | None:
    """Close the MLflow parent with what exists only after the last stage: dvc.lock and the comparison.

    Returns the parent's run id, or None when no stage ran.
    """
    if not (RUNS / f"{invocation.own().key}.json").exists():
        return None
    reports = [REPORTS / f"comparison.{suffix}" for suffix in ("json", "md", "html")]
    return Tracker().finish(
        invocation.own(), succeeded=succeeded, artifacts=(Path("dvc.lock"), *(reports if succeeded else ()))
    )
