"""One stage through DVC, as a child on a leash (`pipelines.leash`): what came of it, and stopping it.

`dvc repro --single-item` decides whether the stage runs; this reads from its words what it decided. Stages may run side
by side: DVC holds its lock while it resolves and records, not while a command runs, and here it is told to wait for
that lock. What it never waits for is a path that another DVC command is using; such a refusal comes before the stage
has done anything, and the stage is simply asked for again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ntlbg.errors import NTLBGError
from pipelines.leash import OVER_LIMIT
from pipelines.workspace import DVC

GRACE_S = 10.0  # for a stage to close its run and remove its unfinished folder
BUSY_S = 2.0  # between two tries at a path that somebody else's DVC command is using
LINE_CHARACTERS = 2000


class Outcome(StrEnum):
    """How a stage of a pipeline run ended."""

    RAN = "ran"
    RESTORED = "restored"  # its outputs came out of DVC's cache
    SKIPPED = "skipped"  # nothing that it depends on has changed
    FAILED = "failed"
    STOPPED = "stopped"  # with the whole run
    NOT_STARTED = "not started"  # a stage that it needs has failed


class StageFailedError(NTLBGError):
    """A stage did not end well. worth_retrying: whether the same stage may end well the next time."""

    def __init__(self, sentence: str, *, worth_retrying: bool = True) -> None:
        super().__init__(sentence)
        self.worth_retrying = worth_retrying


class StageStoppedError(NTLBGError):
    """The run that the stage belongs to is being stopped."""


@dataclass
class Reading:
    """What DVC's and the stage's words say, line by line."""

    outcome: Outcome = Outcome.SKIPPED
    problem: str = ""  # the stage's own sentence, else DVC's
    bad_input: bool = False
    busy: bool = False

    def line(self, text: str) -> None:
        """Take one more line into account."""
        if text.startswith("Running stage '"):
            self.outcome = Outcome.RAN
        elif text.endswith("is cached - skipping run, checking out outputs"):
            self.outcome = Outcome.RESTORED
        elif text.startswith("error: "):
            self.problem = text.removeprefix("error: ")
        elif text.startswith("ERROR: "):
            self.problem = self.problem or text.removeprefix("ERROR: ")
            self.bad_input |= re.search(r", exited with 2$", text) is not None
        # not after the command has run: that run would be lost, and is told as a failure
        self.busy |= self.outcome is not Outcome.RAN and "is busy, it is being blocked by" in text


@dataclass
class OneByOne:
    """Runs stages of one pipeline run, each in a process tree of its own, and can stop them all.

    keep: descriptors that the children keep open, the run lock among them.
    """

    environment: Mapping[str, str]
    keep: tuple[int, ...] = ()
    grace_s: float = GRACE_S
    stopping: threading.Event = field(default_factory=threading.Event)
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def reproduce(self, address: str, *, limit_s: float, tell: Callable[[str], None]) -> Outcome:
        """`dvc repro --single-item` of a stage. tell: gets every line that it prints.

        Raises StageFailedError with one sentence that names the stage, StageStoppedError when `stop` came between.
        """
        ends = time.monotonic() + limit_s
        while True:
            reading = Reading()
            code = self._child(address, ends - time.monotonic(), reading, tell)
            if self.stopping.is_set():
                raise StageStoppedError(f"stage `{address}` was stopped")
            if code == 0:
                return reading.outcome
            if code == OVER_LIMIT:
                sentence = f"stage `{address}` was stopped: it took more than {limit_s:g} s"
                raise StageFailedError(sentence, worth_retrying=False)
            if not reading.busy:
                problem = reading.problem or f"exit code {code}"
                raise StageFailedError(f"stage `{address}` failed: {problem}", worth_retrying=not reading.bad_input)
            tell(f"{address}: another DVC command is using its files; waiting")
            self.stopping.wait(BUSY_S)

    def _child(self, address: str, limit_s: float, reading: Reading, tell: Callable[[str], None]) -> int:
        leash = [sys.executable, "-m", "pipelines.leash", str(limit_s), str(self.grace_s)]
        with self._guard:
            if self.stopping.is_set():
                return 0
            child = subprocess.Popen(
                [*leash, *DVC, "repro", "--single-item", address],
                env=dict(self.environment),
                stdin=subprocess.PIPE,  # never written to: its end is what stops the child
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                pass_fds=self.keep,
            )
            self._running.add(child)
        try:
            assert child.stdout
            for line in child.stdout:
                text = line.rstrip().rpartition("\r")[2][:LINE_CHARACTERS]
                reading.line(text)
                if text:
                    tell(text)
            return child.wait()
        finally:
            with self._guard:
                self._running.discard(child)
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()

    def stop(self) -> None:
        """Stop all stages and wait until nothing of them is left. None starts afterwards."""
        with self._guard:
            self.stopping.set()
            running = list(self._running)
        for child in running:
            assert child.stdin
            child.stdin.close()
        for child in running:
            child.wait()
