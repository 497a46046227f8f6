"""A command on a leash: with a time limit, and never outliving whoever started it.

    python -m pipelines.leash LIMIT_S GRACE_S COMMAND …

The command gets a session of its own, so a signal to the caller's group does not reach it half. It is stopped when the
limit is over, on SIGTERM, SIGINT or SIGHUP, or when standard input ends: the caller holds the other end, and a caller
that dies, however suddenly, lets go of it. Stopping takes everything below, also what has left the process group:
SIGTERM to what the command has started, so that the command itself (DVC, which may be writing down a result) sees its
child fail and ends in its own way; SIGKILL to all that is left after the grace period.

Exit code: the command's, 124 over the limit, 143 when stopped, as `timeout` and shells count. Linux.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

OVER_LIMIT, STOPPED = 124, 143
TICK_S = 0.05
KILL_S = 10
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


class Leash:
    """Starts a command and sees it to its end."""

    def __init__(self, limit_s: float, grace_s: float) -> None:
        self.ends = time.monotonic() + limit_s
        self.grace_s = grace_s
        self.asked = False  # to stop, by a signal
        self.code: int | None = None  # the command's, once it has ended
        self.told: set[int] = set()  # processes that have had their SIGTERM

    def run(self, command: list[str]) -> int:
        """Until the command has ended and nothing of it is left; the exit code."""
        # orphans below come to this process, not to init, and so cannot slip away
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
        # the command holds the run lock, too: should this process be killed, nobody may write beside what it left
        self.command = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)
        reason: int | None = None
        while self.code is None and reason is None:
            reason = self._reason_to_stop()
            self._collect()
        if self.code is None:
            self._stop()
        self._kill()
        return reason if reason is not None else self.code if self.code is not None else STOPPED

    def _reason_to_stop(self) -> int | None:
        """Waits one tick. The limit and the signal are looked at first: a command that has ended has no reason."""
        if time.monotonic() >= self.ends:
            return OVER_LIMIT
        if self.asked or (select.select([0], [], [], TICK_S)[0] and not os.read(0, 1)):
            return STOPPED
        return None

    def _collect(self) -> None:
        """Take in every child that has ended, adopted ones too, and note the command's exit code."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.command.pid:
                    code = os.waitstatus_to_exitcode(status)
                    self.code = self.command.returncode = code if code >= 0 else 128 - code

    def _stop(self) -> None:
        """SIGTERM below the command, and time to end."""
        deadline = time.monotonic() + self.grace_s
        while self.code is None and time.monotonic() < deadline:
            for process in self._below():
                if process.pid not in {self.command.pid, *self.told}:
                    self.told.add(process.pid)
                    with suppress(psutil.Error):
                        process.terminate()
            time.sleep(TICK_S)
            self._collect()

    def _kill(self) -> None:
        """SIGKILL until nothing is below. What the system itself holds (a dead network disk) is not waited for."""
        deadline = time.monotonic() + KILL_S
        while (below := self._below()) and time.monotonic() < deadline:
            for process in below:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(TICK_S)
            self._collect()

    def _below(self) -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)


def main() -> None:
    """Run the command of the command line and exit as it did."""
    limit_s, grace_s, *command = sys.argv[1:]
    leash = Leash(float(limit_s), float(grace_s))

    def stop(signum: int, frame: object) -> None:
        leash.asked = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    sys.exit(leash.run(command))


if __name__ == "__main__":
    main()
