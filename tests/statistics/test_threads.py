"""One BLAS thread inside a block."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from ntlbg.statistics.threads import one_thread


def blas_threads():
    """Threads that each loaded BLAS would use now."""
    return {i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


def test_the_limit_holds_inside_and_is_lifted_after():
    """Nested blocks too, and after an error."""
    with threadpool_limits(2, user_api="blas"):
        with one_thread():
            with one_thread():
                pass
            inside = blas_threads()
        try:
            with one_thread():
                raise KeyError
        except KeyError:
            pass
        assert inside == {1}
        assert blas_threads() == {2}


def test_concurrent_blocks_leave_the_limit_as_it_was():
    """Blocks that overlap in time neither lift it early nor leave it behind."""

    def work(seed):
        with one_thread():
            x = np.random.default_rng(seed).normal(size=(200, 200))
            x @ x
            return blas_threads()

    with threadpool_limits(2, user_api="blas"):
        with ThreadPoolExecutor(4) as pool:
            seen = list(pool.map(work, range(40)))
        assert seen == [{1}] * 40
        assert blas_threads() == {2}
