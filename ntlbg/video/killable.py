"""Run one function over many jobs in processes that can be killed.

Decoders hang in native code, where no signal reaches Python, and crash outright. So each job runs in a worker
process with a hard wall-clock limit; a job that kills its worker, or is stuck in it, is tried once more in a fresh one
where its caller knows a way that may help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures import TimeoutError as JobTimeoutError
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ntlbg.processes import BareContext, end_with_parent
from ntlbg.records.outcome import DecodeOutcome

TICK_S = 0.5

Job = tuple[Any, ...]
Again = Callable[[Job, DecodeOutcome], Job | None]


def run_killable(
    function: Callable[..., Any],
    jobs: Sequence[Job],
    *,
    workers: int,
    limit_s: float,
    again: Again = lambda job, ended: job if ended is DecodeOutcome.CRASHED else None,
    tick: Callable[[list[int]], None] | None = None,
) -> Iterator[tuple[int, Any]]:
    """Yield (index of the job, result) as jobs end, started in the order given.

    A result is what `function(*job)` returned, or DecodeOutcome.TIMEOUT or CRASHED. An exception that the
    function raised is raised here. again: the job to try once more in its place when it ended so; None: none.
    tick: called about twice a second with the indices of the running jobs.
    """
    second: dict[int, Job] = {}
    for i, result in _one_pool(function, dict(enumerate(jobs)), workers, limit_s, tick):
        other = again(jobs[i], result) if isinstance(result, DecodeOutcome) else None
        if other is None:
            yield i, result
        else:
            second[i] = other
    yield from _one_pool(function, dict(sorted(second.items())), workers, limit_s, tick)


def _one_pool(
    function: Callable[..., Any],
    jobs: dict[int, Job],
    workers: int,
    limit_s: float,
    tick: Callable[[list[int]], None] | None,
) -> Iterator[tuple[int, Any]]:
    if not jobs:
        return
    pool = ProcessPool(max_workers=min(workers, len(jobs)), context=BareContext(), initializer=end_with_parent)
    try:
        futures: dict[Any, int] = {pool.schedule(function, args=job, timeout=limit_s): i for i, job in jobs.items()}
        while futures:
            done, _ = wait(futures, timeout=TICK_S, return_when=FIRST_COMPLETED)
            for future in done:
                yield futures.pop(future), _result(future)
            if tick is not None:
                tick([i for future, i in futures.items() if future.running()])
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        if pool.active:
            pool.stop()
        pool.join()


def _result(future: Any) -> Any:
    try:
        return future.result()
    except JobTimeoutError:
        return DecodeOutcome.TIMEOUT
    except (ProcessExpired, BrokenProcessPool):
        return DecodeOutcome.CRASHED
