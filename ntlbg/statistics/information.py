"""Information of a set of points as a log-determinant: the greedy choice, one point at a time, and a set's amount.

Letters: n points, m candidates, d features, k chosen. Source: incremental Cholesky; docs/selection.md, "Choose".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

TIE = 1e-9  # values nearer than this differ by rounding: equal candidates stay equal in whatever order sums are made
BATCH = 16  # candidates whose gain is computed anew together, and whose kernel is asked for together


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
    gain: Array, variance: Array, block: Callable[[Array, Array], Array], k: int, jitter: float
) -> list[int]:
    """The choice of `greedy_logdet`, computing a candidate's conditional variance only where it may decide.

    Conditional variances only fall, so what a candidate was worth earlier bounds what it is worth now (Minoux 1978):
    the few of highest bound are computed anew, then all whose bound still reaches the best of those. The better the
    gains tell candidates apart, the fewer they are. block(rows, columns): the kernel between two lists of candidates.
    Memory O(m k).
    """
    left = variance + jitter
    bound = np.array(gain, dtype=np.float64) + np.log(left)
    factors = np.zeros((len(gain), k))  # a candidate's row of the Cholesky factor, as far as it is known
    known = np.zeros(len(gain), dtype=np.int64)  # how many of its entries are
    triangle, inverse = np.zeros((k, k)), np.zeros((k, k))  # of the chosen candidates
    chosen = np.zeros(k, dtype=np.int64)

    def renew(stale: Array, n: int) -> None:
        """Condition these candidates on all n chosen ones."""
        first = int(known[stale].min())
        columns = block(stale, chosen[first:n])
        columns -= factors[stale, :first] @ triangle[first:n, :first].T
        rows = columns @ inverse[first:n, first:n].T
        factors[stale, first:n] = rows
        # from all entries, not on top of earlier ones: those of a later start would be counted twice
        whole = np.einsum("ij,ij->i", factors[stale, :n], factors[stale, :n])
        left[stale] = np.maximum(variance[stale] + jitter - whole, jitter)
        bound[stale] = gain[stale] + np.log(left[stale])
        known[stale] = n

    for n in range(k):
        if n:
            top = np.argpartition(bound, -BATCH)[-BATCH:] if len(bound) > BATCH else np.flatnonzero(known >= 0)
            top = top[known[top] < n]
            if len(top):
                renew(top, n)
            # a bound may only be believed where it belongs to the current choice
            best = bound[known == n].max(initial=-np.inf)
            stale = np.flatnonzero((bound >= best - TIE) & (known < n))
            if len(stale):
                renew(stale, n)
        pick = int(np.argmax(bound >= bound.max() - TIE))
        if n:
            triangle[n, :n] = factors[pick, :n]
        triangle[n, n] = np.sqrt(left[pick])
        inverse[n, :n] = -(triangle[n, :n] @ inverse[:n, :n]) / triangle[n, n]
        inverse[n, n] = 1 / triangle[n, n]
        chosen[n] = pick
        bound[pick], known[pick] = -np.inf, k
    return chosen.tolist()


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
