"""One BLAS thread for the block, so that the last bits of a result do not depend on the number of cores.

A matrix product split over threads sums in another order; a near tie between two frames could then end otherwise.
The limit belongs to the whole process, so nested and concurrent blocks are counted: the first one in sets it, the
last one out restores it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np  # noqa: F401  (its BLAS must be loaded before the controller looks for it)
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limit: Any = None


@cache
def _controller() -> ThreadpoolController:
    # looking the libraries up takes milliseconds, setting their limit microseconds
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """Matrix products inside the block run on one thread. Also a decorator: `@one_thread()`."""
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()
                _limit = None
