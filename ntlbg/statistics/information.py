"""Greedy choice by conditional variance: the log-determinant of a kernel, one point at a time.

Letters: m candidates, d features, k chosen. Source: incremental Cholesky; docs/selection.md, "Choose".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread


@one_thread()
def greedy_logdet(gain: Array, variance: Array, column: Callable[[int], Array], k: int, jitter: float) -> list[int]:
    """Choose k of m candidates, each time the one of largest gain + log(conditional variance given the chosen).

    gain: [m], what a candidate is worth by itself. variance: [m], the kernel's diagonal. column(j): [m], the
    kernel's column of candidate j, asked for once per chosen candidate. jitter: noise variance added to the
    diagonal; it bounds every conditional variance from below, so duplicates are never singular.
    Returns candidates in the order of choice; ties go to the lower index. k ≤ m.
    """
    left = variance + jitter
    open_gain = np.array(gain, dtype=np.float64)
    factors = np.empty((k, len(gain)))  # rows of the Cholesky factor
    chosen: list[int] = []
    for n in range(k):
        pick = int(np.argmax(open_gain + np.log(left)))
        chosen.append(pick)
        open_gain[pick] = -np.inf
        row = (column(pick) - factors[:n, pick] @ factors[:n]) / np.sqrt(left[pick])
        factors[n] = row
        left = np.maximum(left - np.square(row), jitter)  # exact arithmetic never goes below; rounding might
    return chosen
