"""Which stages belong together: those that one `dvc repro`, or one driver above it, started.

A driver sets NTLBG_INVOCATION; otherwise the nearest `dvc` among the ancestors is the invocation, and a stage that
somebody started by hand is one of its own. Process id and start time together are never used twice on a host.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePath

import psutil

VARIABLE = "NTLBG_INVOCATION"


@dataclass(frozen=True)
class Invocation:
    """The process that the stages of one pipeline run descend from."""

    pid: int
    started_ms: int

    @property
    def key(self) -> str:
        return f"{self.pid}-{self.started_ms}"

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            return _of(psutil.Process(self.pid)) == self
        except psutil.Error:
            return False


def _of(process: psutil.Process) -> Invocation:
    return Invocation(process.pid, int(process.create_time() * 1000))


def own() -> Invocation:
    """This process, as the invocation that a driver hands to its children."""
    return _of(psutil.Process())


def current() -> Invocation:
    """The invocation that this process belongs to."""
    given = os.environ.get(VARIABLE)
    if given:
        pid, _, started = given.partition("-")
        return Invocation(int(pid), int(started))
    return next((_of(p) for p in psutil.Process().parents() if _is_dvc(p)), own())


def _is_dvc(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    # `dvc repro`, `python .venv/bin/dvc repro`, `python -m dvc repro`
    return any(PurePath(word).name == "dvc" for word in words[:3])
