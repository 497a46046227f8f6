"""Work for the tests of `ntlbg.processes`: it is imported by their workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from ntlbg.errors import InputError
from ntlbg.progress import meter


class OddError(Exception):
    """It can be pickled, and not be read back."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)


def tells(count: int, tell: Callable[[int], None]) -> tuple[int, int]:
    """Tells 0 … count - 1; returns count squared and where it ran."""
    with meter(f"work {count}", total=count, unit="steps") as progress:
        for number in range(count):
            tell(number)
            progress.advance()
    return count**2, os.getpid()


def ends(how: str, tell: Callable[[int], None]) -> None:
    """Ends badly, or not at all."""
    tell(os.getpid())
    if how == "bad":
        raise InputError("bad job", hint="take another")
    if how == "fault":
        raise ValueError("a fault of the code")
    if how == "odd":
        raise OddError(reason="no pickle brings me back")
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)
