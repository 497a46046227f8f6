"""Pieces of work side by side, each in a process of its own.

A model that computes on one thread leaves the other cores idle. Workers are spawned, not forked (threads of decoders
and of BLAS do not survive a fork), do not import the caller's main module (that would load all it loads, and run
scripts that have no `if __name__ == "__main__"` a second time), and never outlive the process that started them.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import connection, context, parent_process
from types import ModuleType
from typing import Any, TypeVar

from ntlbg import garbage, progress
from ntlbg.errors import NTLBGError

Job = TypeVar("Job")
Result = TypeVar("Result")
Tell = Callable[[Any], None]

_swap = threading.Lock()


@contextmanager
def _bare_main() -> Iterator[None]:
    """While a worker is launched, multiprocessing finds a main module that has no file to run again."""
    with _swap:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


class _BareProcess(context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 (multiprocessing's name)
        with _bare_main():
            return context.SpawnProcess._Popen(process_obj)


class BareContext(context.SpawnContext):
    """multiprocessing's context `spawn`, whose workers do not import the caller's main module."""

    Process = _BareProcess


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def end_with_parent() -> None:
    """In a worker: end when the process that started it has been killed, instead of working on for nobody."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def side_by_side(
    work: Callable[[Job, Tell], Result], jobs: Sequence[Job], *, at_once: int, told: Callable[[int, Any], None]
) -> list[Result]:
    """`work(job, tell)` of every job, in order; at most `at_once` workers at a time, in this process where it is 1.

    work, jobs and what is told are pickled; `work` is a function of a module. told: called here with the number of a
    job and each message that its `tell` was given, in the order of that job. Meters of the workers are shown here.
    Raises what the first failing job raised, and ends the others.
    """
    if min(at_once, len(jobs)) <= 1:
        return [work(job, partial(told, number)) for number, job in enumerate(jobs)]
    results: dict[int, Result] = {}
    waiting = list(enumerate(jobs))[::-1]
    running: dict[Any, tuple[int, Any]] = {}
    try:
        with progress.Board() as board:
            while waiting or running:
                while waiting and len(running) < at_once:
                    number, job = waiting.pop()
                    here, there = connection.Pipe(duplex=False)
                    worker = BareContext().Process(target=_work, args=(work, job, there))
                    running[here] = number, worker
                    worker.start()
                    there.close()  # the worker's own copy is then the last one: its death ends the pipe
                for ready in connection.wait(list(running)):
                    number, worker = running[ready]
                    kind, content = _receive(ready)
                    if kind == "meter":
                        board.take(number, content)
                    elif kind == "told":
                        told(number, content)
                    elif kind == "result":
                        results[number] = content
                        worker.join()
                        del running[ready]
                    else:
                        raise content
    finally:
        for _, worker in running.values():
            with suppress(ValueError, AttributeError):  # one that was never started
                worker.kill()
                worker.join()
    return [results[number] for number in range(len(jobs))]


def _receive(here: Any) -> tuple[str, Any]:
    try:
        kind, content = here.recv()
    except (EOFError, OSError):  # before a message, or within one
        return "error", NTLBGError("a worker process was killed", hint="was there memory left?")
    if kind == "crash":
        error, told = content
        error.__cause__ = RuntimeError(told)
        return "error", error
    return kind, content


def _work(work: Callable[[Any, Tell], Any], job: Any, there: Any) -> None:
    """In a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent says what happens
    end_with_parent()
    garbage.collect_rarely()
    progress.relay(lambda event: there.send(("meter", event)))
    try:
        there.send(("result", work(job, lambda message: there.send(("told", message)))))
    except Exception as error:
        told = f"\n{traceback.format_exc()}"
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(str(error))
        there.send(("crash", (error, told)))
    garbage.collect_no_more()
