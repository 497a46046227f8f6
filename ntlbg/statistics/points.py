"""Representative points of a weighted point set: nearest codewords, the LBG steps, and two ways to compute the error.

Letters: n points (frames), r coordinates, m codewords. Points and codewords lie in the same space; the squared
error is measured in its units. Source: Linde, Buzo and Gray 1980; docs/selection.md, "Represent".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

ROWS = 64  # points of a distance block, more where codewords are few: no n × n matrix is ever made, and
BLOCK = 65_536  # entries of a block stay in the processor's cache
FEW = 96  # codewords that are compared with every point: to leave some out costs more than it spares
SETTLED = 0.1  # share of points below which all are compared with all codewords: two calls cost more than one
SINGLE = 2.0**-24  # relative rounding of single precision


@dataclass(frozen=True, eq=False)
class Representation:
    """m representative points of a law on n points.

    centres: [m, r]. cells: [n] the codeword of each point; no cell is empty. distance2: [n] squared distance of
    each point to the centre of its cell. masses: [m] weight of each cell, sum 1.
    errors: the mean squared error under the law: with the starting codewords, then after each step (never rising).
    """

    centres: Array
    cells: Array
    distance2: Array
    masses: Array
    errors: tuple[float, ...]


@one_thread()
def nearest(points: Array, centres: Array, within2: Array | None = None) -> tuple[Array, Array]:
    """The nearest codeword of each point, and the squared distance to it.

    points: [n, r]. centres: [m, r]. within2: [n], squared distances in which each point is known to have a codeword;
    without it, that to the codewords beside it in the last coordinate is taken. It changes no result: codewords that
    differ from a block of points by more than that in the last coordinate alone are left out, which spares two thirds
    of the work where that coordinate is time and points are in order. A point without any in reach gets some codeword.
    Distances are compared in single precision first; where its rounding could hide another codeword, in double.
    Returns ([n] int64, [n] float64). Ties go to the codeword of smaller last coordinate, then of lower index.
    """
    order = np.argsort(centres[:, -1], kind="stable")
    axis, columns = centres[order, -1], np.ascontiguousarray(centres[order].T)
    lengths2 = np.square(columns).sum(axis=0)
    (n, r), m = points.shape, len(centres)
    if m <= FEW:
        within2 = np.full(n, np.inf)
    elif within2 is None:
        within2 = _beside(points, centres, order)
    height = min(n, max(ROWS, BLOCK // m))
    starts = range(0, n, height)
    reach = np.sqrt(np.maximum.reduceat(within2, starts)) * (1 + 1e-9) + 1e-12  # rounding must leave none out
    first = np.searchsorted(axis, np.minimum.reduceat(points[:, -1], starts) - reach, side="left").tolist()
    last = np.searchsorted(axis, np.maximum.reduceat(points[:, -1], starts) + reach, side="right").tolist()
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # what is no number is in doubt
        # y·c - |c|²/2 is largest where |y - c|² is least: one product of (y, 1) and (c, -|c|²/2)
        left, right = np.ones((n, r + 1), dtype=np.float32), np.empty((r + 1, m), dtype=np.float32)
        left[:, :-1], right[:-1], right[-1] = points, columns, -0.5 * lengths2
        longest2 = lengths2.max()
        size = np.sqrt(np.einsum("ij,ij->i", points, points) * longest2) + longest2 / 2  # of a score, at most
        doubt = 2 * (r + 4) * SINGLE * size + np.finfo(np.float32).tiny * (r + 4)  # two scores are rounded
        cells, lead = np.zeros(n, dtype=np.int64), np.full(n, np.inf, dtype=np.float32)
        memory, places = np.empty(height * m, dtype=np.float32), np.arange(height)
        for start, lo, hi in zip(starts, first, last, strict=True):
            if lo >= hi:
                continue
            stop = min(start + height, n)
            rows, best = places[: stop - start], cells[start:stop]
            scores = memory[: (stop - start) * (hi - lo)].reshape(stop - start, hi - lo)
            np.matmul(left[start:stop], right[:, lo:hi], out=scores)
            scores.argmax(axis=1, out=best)
            top = scores[rows, best]
            scores[rows, best] = -np.inf
            np.subtract(top, np.maximum.reduce(scores, axis=1), out=lead[start:stop])
            best += lo
        unsure = np.flatnonzero(~(lead > doubt))
        for block in np.unique(unsure // height).tolist():
            these = unsure[slice(*np.searchsorted(unsure, [block * height, (block + 1) * height]))]
            lo, hi = first[block], last[block]
            if lo < hi:
                exact = points[these] @ columns[:, lo:hi]
                exact -= 0.5 * lengths2[lo:hi]
                cells[these] = lo + np.argmax(exact, axis=1)
    cells = order[cells]
    return cells, _distance2(points, centres, cells)


def _beside(points: Array, centres: Array, order: Array) -> Array:
    """Squared distance of each point to the nearer of the two codewords beside it in the last coordinate: [n].

    order: [m], the codewords by that coordinate.
    """
    after = np.searchsorted(centres[order, -1], points[:, -1])
    beside = order[np.clip([after - 1, after], 0, len(order) - 1)]
    return np.minimum(_distance2(points, centres, beside[0]), _distance2(points, centres, beside[1]))


def squared_distance(a: Array, b: Array) -> Array:
    """Row by row: [n, r], [n, r] → [n]. From differences, so that equal rows are at distance exactly 0."""
    difference = a - b
    return np.einsum("ij,ij->i", difference, difference)


def _distance2(points: Array, centres: Array, cells: Array) -> Array:
    """Squared distance of each point to the centre of its cell, as `squared_distance` has it: [n]."""
    difference = np.take(centres, cells, axis=0)
    np.subtract(points, difference, out=difference)  # a second array of this size costs more than the sums
    return np.einsum("ij,ij->i", difference, difference)


def cell_masses(cells: Array, weights: Array, m: int) -> Array:
    """Weight of each of m cells: [n], [n] → [m]."""
    return np.bincount(cells, weights=weights, minlength=m)


def cell_means(points: Array, weights: Array, cells: Array, m: int) -> Array:
    """Weighted mean of each of m non-empty cells: [m, r]. A cell of weight 0 has the plain mean of its points."""
    order = np.argsort(cells, kind="stable")
    counts = np.bincount(cells, minlength=m)
    starts = np.concatenate([[0], np.cumsum(counts)])
    masses = np.bincount(cells, weights=weights, minlength=m)
    # weights of far frames may underflow to 0 together; their cell is still a place of the video
    weightless = (masses <= 0)[cells]
    share = np.where(weightless, 1.0, weights) / np.where(masses > 0, masses, counts)[cells]
    return csr_array((share[order], order, starts), shape=(m, len(points))) @ points


def repair(cells: Array, distance2: Array, weights: Array, m: int) -> None:
    """Give each empty cell the point of largest weight · distance², in place; that point is then its own codeword.

    No cell is emptied for it: a point alone in its cell stays. Ties go to the earlier point. Needs n ≥ m.
    """
    counts = np.bincount(cells, minlength=m)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return
    order = np.argsort(-weights * distance2, kind="stable")
    last = np.empty(m, dtype=np.int64)
    last[cells[order]] = np.arange(len(order))  # of a cell's points the last stays: the largest before it are taken
    given = order[last[cells[order]] != np.arange(len(order))][: len(empty)]
    cells[given] = empty
    distance2[given] = 0.0


def lbg(points: Array, weights: Array, start: Array, steps: int) -> Representation:
    """Weighted LBG from given starting codewords: assign to the nearest, repair empty cells, take weighted means.

    points: [n, r]. weights: [n], a law. start: [m, r], m ≤ n. steps: at least 1; ends earlier at a fixed point.
    """
    m, errors = len(start), []
    # a heavy point is met by several points of the net; the copies are empty cells, so they need no comparing
    distinct = np.flatnonzero(np.concatenate([[True], np.any(start[1:] != start[:-1], axis=1)]))
    cells, distance2 = nearest(points, start[distinct])
    cells = distinct[cells]
    errors.append(float(weights @ distance2))
    centres = start
    for step in range(steps):
        assigned, before = cells.copy(), centres
        repair(cells, distance2, weights, m)
        centres = cell_means(points, weights, cells, m)
        distance2 = _distance2(points, centres, cells)
        errors.append(float(weights @ distance2))
        if step + 1 == steps:
            break
        stayed = np.all(centres == before, axis=1)
        moved, moved2 = _reassigned(points, centres, cells, distance2, stayed, stayed[cells] & (cells == assigned))
        if np.array_equal(moved, cells):
            break
        cells, distance2 = moved, moved2
    return Representation(centres, cells, distance2, cell_masses(cells, weights, m), tuple(errors))


def _reassigned(
    points: Array, centres: Array, cells: Array, distance2: Array, stayed: Array, settled: Array
) -> tuple[Array, Array]:
    """`nearest`, with fewer comparisons: a point whose own codeword stayed can only go to one that did not.

    cells, distance2: [n], where the points are and how far from its codeword. stayed: [m] bool, the codewords that are
    where they were when the cells were drawn. settled: [n] bool, points that were drawn to such a one.
    """
    if np.mean(settled) < SETTLED:
        return nearest(points, centres, distance2)
    cells, distance2 = cells.copy(), distance2.copy()
    loose, settled, gone = np.flatnonzero(~settled), np.flatnonzero(settled), np.flatnonzero(~stayed)
    if len(loose):
        cells[loose], distance2[loose] = nearest(np.take(points, loose, axis=0), centres, distance2[loose])
    if len(settled) and len(gone):
        other, other2 = nearest(np.take(points, settled, axis=0), centres[gone], distance2[settled])
        other = gone[other]
        mine, mine2 = cells[settled], distance2[settled]
        # ties as `nearest` has them
        axis, own = centres[other, -1], centres[mine, -1]
        earlier = (axis < own) | ((axis == own) & (other < mine))
        better = (other2 < mine2) | ((other2 == mine2) & earlier)
        cells[settled[better]], distance2[settled[better]] = other[better], other2[better]
    return cells, distance2


def error_direct(points: Array, weights: Array, centres: Array) -> float:
    """Mean squared distance of the law to its nearest codeword: E min_j |y - c_j|²."""
    return float(weights @ nearest(points, centres)[1])


def error_from_masses(points: Array, weights: Array, centres: Array) -> float:
    """Trace of the law less the spread of its codewords: tr - sum_j p_j |c_j - mu|².

    Equal to `error_direct` where every codeword is the mean of its cell (self-consistency), and nowhere else, so
    the two together tell whether a set of codewords is a fixed point.
    """
    mu = weights @ points
    trace = float(weights @ np.square(points - mu).sum(axis=1))
    masses = cell_masses(nearest(points, centres)[0], weights, len(centres))
    return trace - float(masses @ np.square(centres - mu).sum(axis=1))


def explained(error: float, trace: float) -> float:
    """1 - error / trace: the share of the law's spread that its representatives explain, at most 1.

    0 is what the mean alone explains; negative where the representatives do worse. A law on one place is all explained.
    """
    return 1.0 - error / trace if trace > 0 else 1.0
