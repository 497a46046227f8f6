"""Information of a set of points as a log-determinant: the greedy choice, one point at a time, and a set's amount.

Letters: n points, m candidates, d features, k chosen. Source: incremental Cholesky; docs/selection.md, "Choose".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import solve_triangular

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

TIE = 1e-9  # values nearer than this differ by rounding: equal candidates stay equal in whatever order sums are made
BATCH = 16  # candidates whose gain is computed anew together, and whose kernel is asked for together
SPARE = 3  # candidates kept up to date for each that is still to be chosen: of fewer, more are late
SHRINK = 0.7  # share of them still needed below which the others are left out: each time costs a copy of the rest


@one_thread()
def greedy_logdet(gain: Array, variance: Array, rows: Callable[[Array], Array], k: int, jitter: float) -> list[int]:
    """Choose k of m candidates, each time the one of largest gain + log(conditional variance given the chosen).

    gain: [m], what a candidate is worth by itself. variance: [m], the kernel's diagonal. rows(j): [len(j), m], the
    kernel's rows of candidates j, an array of its own. They are asked for by the BATCH of largest value now, most of
    which are chosen next: one product of matrices instead of many with a vector. jitter: noise variance added to the
    diagonal; it bounds every conditional variance from below, so duplicates are never singular.
    Returns candidates in the order of choice; ties go to the lower index. k ≤ m.
    """
    left = variance + jitter
    open_gain = np.array(gain, dtype=np.float64)
    factors = np.empty((k, len(gain)))  # rows of the Cholesky factor
    chosen: list[int] = []
    batch: dict[int, Array] = {}  # kernel rows less what was explained when they were asked for
    since = 0  # how many were chosen then
    for n in range(k):
        values = open_gain + np.log(left)
        pick = int(np.argmax(values >= values.max() - TIE))
        if pick not in batch:
            size = min(BATCH, 2 * (k - n), len(values))
            likely = np.argpartition(values, -size)[-size:]
            likely = np.append(likely[likely != pick][: size - 1], pick)
            unexplained = rows(likely) - factors[:n, likely].T @ factors[:n]
            batch, since = dict(zip(likely.tolist(), unexplained, strict=True)), n
        chosen.append(pick)
        open_gain[pick] = -np.inf
        row = (batch[pick] - factors[since:n, pick] @ factors[since:n]) / np.sqrt(left[pick])
        factors[n] = row
        left = np.maximum(left - np.square(row), jitter)  # exact arithmetic never goes below; rounding might
    return chosen


@one_thread()
def lazy_logdet(
    gain: Array, variance: Array, kernel: Callable[[Array], Callable[[Array], Array]], k: int, jitter: float
) -> list[int]:
    """The choice of `greedy_logdet`, conditioning a candidate on those chosen only where it may decide.

    Conditional variances only fall, so what a candidate was worth earlier bounds what it is worth now (Minoux 1978).
    The SPARE · (k - chosen) candidates of largest worth are kept up to date; the others wait with what they were worth
    last, and those that may have become large enough are conditioned on all they missed at once when the best of the
    former falls to the best of them. Which wait changes no choice, only the work.
    kernel(columns) gives a function of rows: [rows, columns] of the kernel, an array of its own. It is asked for rows
    as in `greedy_logdet`. Memory O(m k).
    """
    m = live = len(gain)
    # all arrays over candidates are in one order, the `live` that are up to date first; `at` is where they came from
    at, worth, left = np.arange(m), np.array(gain, dtype=np.float64), variance + jitter
    known = np.zeros(m, dtype=np.int64)  # how many chosen ones a waiting candidate is conditioned on
    factors, triangle = np.empty((k, m)), np.empty((k, k))  # rows of the Cholesky factor; its part of the chosen
    chosen: list[int] = []
    rows = None
    while len(chosen) < k:
        n = start = len(chosen)
        bound = worth + np.log(left)
        waiting = bound[live:].max(initial=-np.inf)
        reach = _reach(bound[:live], SPARE * (k - n))
        if rows is None or waiting >= bound[:live].max() - TIE or np.mean(bound[:live] >= reach) <= SHRINK:
            inside = (bound >= reach) & (worth > -np.inf)
            late = live + np.flatnonzero(inside[live:])
            for first in np.unique(known[late]).tolist():
                group = late[known[late] == first]
                missed = kernel(at[group])(np.array(chosen[first:]))
                missed -= triangle[first:n, :first] @ factors[:first, group]
                missed = solve_triangular(triangle[first:n, first:n], missed, lower=True, check_finite=False)
                factors[first:n, group] = missed
                left[group] = np.maximum(left[group] - np.einsum("ij,ij->j", missed, missed), jitter)
            known[:live] = known[late] = n
            if len(late):
                bound[late] = worth[late] + np.log(left[late])
                inside &= bound >= _reach(bound[inside], SPARE * (k - n))
            order = np.lexsort((at, ~inside))
            for array in (at, worth, left, known, bound):
                array[:] = array[order]
            for block in range(0, n, BATCH):
                factors[block : min(block + BATCH, n)] = factors[block : min(block + BATCH, n), order]
            live = int(np.count_nonzero(inside))
            rows, waiting = kernel(at[:live]), bound[live:].max(initial=-np.inf)
        # as in `greedy_logdet`, on those that are up to date, for as long as none that waits can be the best
        values = bound[:live]
        pick = int(np.argmax(values >= values.max() - TIE))
        size = min(BATCH, 2 * (k - n), live)
        likely = np.argpartition(values, -size)[-size:]
        likely = np.append(likely[likely != pick][: size - 1], pick)
        unexplained = rows(at[likely]) - factors[:n, likely].T @ factors[:n, :live]
        batch = dict(zip(likely.tolist(), unexplained, strict=True))
        picks, scales = [], []
        while pick in batch:
            scale = math.sqrt(left[pick])
            row = np.subtract(batch[pick], factors[start:n, pick] @ factors[start:n, :live], out=factors[n, :live])
            row /= scale
            np.maximum(left[:live] - np.square(row), jitter, out=left[:live])
            worth[pick] = -np.inf
            picks.append(pick)
            scales.append(scale)
            n += 1
            values = worth[:live] + np.log(left[:live])
            best = values.max()
            if n == k or waiting >= best - TIE:
                break
            pick = int(np.argmax(values >= best - TIE))
        chosen += at[picks].tolist()
        triangle[start:n, :n] = factors[:n, picks].T
        triangle[range(start, n), range(start, n)] = scales
    return chosen


def _reach(values: Array, count: int) -> float:
    """What the `count` largest of these values reach, but for ties of the largest; all where they are no more."""
    if count >= len(values):
        return -np.inf
    return min(float(np.partition(values, -count)[-count]), float(values.max()) - TIE)


@one_thread()
def log_det_information(points: Array, noise: float) -> float:
    """½ log det(I + X Xᵀ / noise): how much noisy views of these points tell of an unknown linear function, in nats.

    points: [k, d]. noise: variance of a view, positive; the function has a unit normal prior. Not negative, 0 for no
    points, never less with one point more, and each further point adds less (submodular). The smaller of k and d is
    factored. Source: Krause, Singh and Guestrin 2008.
    """
    if not noise > 0:
        raise InputError(f"a noise variance of {noise} is not positive: views without noise tell without bound")
    k, d = points.shape
    if not k or not d:
        return 0.0
    gram = points @ points.T if k <= d else points.T @ points
    triangle = np.linalg.cholesky(np.eye(min(k, d)) + gram / noise)
    return float(np.log(np.diagonal(triangle)).sum())


def information_loss(points: Array, chosen: Array, noise: float) -> float:
    """1 - information of the chosen points / information of all: 0 to 1.

    points: [n, d]. chosen: [k] different indices. 0 where all points together tell nothing: then nothing is lost.
    """
    if len(np.unique(chosen)) != len(chosen):
        raise InputError("a point is chosen twice", hint="information of a subset counts every point once")
    everything = log_det_information(points, noise)
    return 1.0 - log_det_information(points[chosen], noise) / everything if everything > 0 else 0.0
