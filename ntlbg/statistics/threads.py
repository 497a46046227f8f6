"""One BLAS thread for the block, so that the last bits of a result do not depend on the number of cores.

A matrix product split over threads sums in another order; a near tie between two frames could then end otherwise.
The number of threads belongs to the whole process, so nested and concurrent blocks are counted: the first one in
remembers it, the last one out restores it. `threadpoolctl` is used to find the libraries, not to set the limit: its
own limit is silently ignored in every thread but the first that used it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np  # noqa: F401  (its BLAS must be loaded before it is looked for)
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_before: list[int] = []


@cache
def _libraries() -> list[tuple[Callable[[], int], Callable[[int], object]]]:
    """How to read and to set the number of threads of each loaded BLAS; found once, as looking takes milliseconds."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [(b.get_num_threads, getattr(b, "_real_set_num_threads", b.set_num_threads)) for b in found]


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products inside the block run on one thread. Also a decorator: `@one_thread()`."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = [get() for get, _ in _libraries()]
        _inside += 1
        for _, put in _libraries():  # each time: a BLAS built on OpenMP counts per thread
            put(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                for (_, put), threads in zip(_libraries(), _before, strict=True):
                    put(threads)
