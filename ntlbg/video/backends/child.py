"""Frames from another process: it writes raw pictures to its output and, for each, a line with its time to its errors.

What hangs or dies in there leaves this process alone: the child has a limit of CPU time of its own, and it is killed
when nobody wants its frames any more. On Linux it is also killed when this process is: a worker that took too long is
given no time to clean up.
"""

from __future__ import annotations

import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import VideoError

KEPT_LINES = 8
# no decoder here is twenty times slower than the film it decodes
CPU_LIMIT_S, CPU_LIMIT_SHARE = 120, 20

# A process alone can ask to be killed with its parent: so one asks, and then becomes the program. Instead a function
# between fork and exec would do, and might wait forever for a lock that a thread of ours holds.
_BECOME = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):  # else the parent has been killed before that
    try:
        os.execv(sys.argv[2], sys.argv[2:])
    except OSError:
        os.abort()
"""


def cpu_limit_s(duration_s: float) -> int:
    """CPU-seconds after which a child is taken for stuck."""
    return round(CPU_LIMIT_S + CPU_LIMIT_SHARE * max(duration_s, 0.0))


def frames_of(
    argv: Sequence[str],
    shape: tuple[int, int],
    stamp_of: Callable[[str], float | None],
    *,
    path: str | Path,
    limit_s: int,
    complaint: Callable[[str], str | None] = lambda line: None,
    feed: bytes = b"",
) -> Iterator[tuple[float, Array]]:
    """(stamp, uint8 [h, w, 3]) for each picture that `argv` writes, one by one.

    stamp_of: the time in a line of its error output; None where the line tells none. complaint: the damage that a line
    tells of. path: of the video, for messages. feed: its whole input, which it reads before it writes.
    Raises VideoError: CORRUPT when it complained or failed, CRASHED when it died, TIMEOUT when it used more CPU-seconds
    than limit_s.
    """
    height, width = shape
    stamps: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    said: deque[str] = deque(maxlen=KEPT_LINES)
    damage: list[str] = []

    def listen(errors: IO[bytes]) -> None:
        for raw in errors:
            line = raw.decode(errors="replace").rstrip()
            stamp = stamp_of(line)
            if stamp is not None:
                stamps.put(stamp)
                continue
            said.append(line)
            damage.extend(filter(None, [complaint(line)] if not damage else []))
        stamps.put(None)

    pipe = subprocess.PIPE
    with subprocess.Popen(_ending_with_us(argv), stdin=pipe, stdout=pipe, stderr=pipe) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        listener = threading.Thread(target=listen, args=(child.stderr,), daemon=True)
        listener.start()
        try:
            if hasattr(resource, "prlimit"):  # Linux; elsewhere only the caller's own limit holds
                _limit(child.pid, limit_s)
            with suppress(BrokenPipeError):
                child.stdin.write(feed)
                child.stdin.close()
            while len(data := child.stdout.read(height * width * 3)) == height * width * 3:
                stamp = stamps.get()
                if stamp is None:
                    break
                yield stamp, np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3)
            code = child.wait()
            listener.join()
        finally:
            child.kill()
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        raise VideoError(
            f"{path}: {Path(argv[0]).name} did not end within {limit_s} CPU-seconds", DecodeOutcome.TIMEOUT
        )
    if code < 0:
        raise VideoError(f"{path}: its decoding process died of signal {-code}", DecodeOutcome.CRASHED)
    if damage:
        raise VideoError(f"{path}: is damaged ({damage[0]})", DecodeOutcome.CORRUPT)
    if code:
        why = next((line for line in reversed(said) if line), f"exit status {code}")
        raise VideoError(f"{path}: its decoding process failed ({why})", DecodeOutcome.CORRUPT)


def _ending_with_us(argv: Sequence[str]) -> list[str]:
    if sys.platform != "linux":
        return list(argv)
    return [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *argv]


def _limit(pid: int, limit_s: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_CPU, (limit_s, limit_s + 5))
    except (ProcessLookupError, PermissionError, ValueError):
        return  # it has ended already, or a lower limit holds
