"""KFC: the frames with the largest sum over pairs of relevance + exp(-cosine).

A quadratic programme, solved greedily: the matrix of the pairs is replaced by its best approximation of rank T / 4,
thinned to 128 nodes, searched from the node of largest diagonal, and each pick then looks at its neighbours in time.
Letters: T frames, d features, n nodes. Source: arXiv 2505.24158; docs/selection.md, "Rivals".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt, PositiveInt
from scipy.linalg import eigh_tridiagonal, eigvalsh_tridiagonal, lapack

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.released import released
from ntlbg.statistics.principal import denoised
from ntlbg.statistics.threads import one_thread

RANK_SHARE = 4  # the approximation keeps T / 4 singular values
ALL_NODES = 4  # up to this many frames per pick, every frame is a node
DECIMALS = 10  # of the largest weight: what differs less is rounding, and the earlier frame is taken
EQUAL = 1e-12  # of the largest: singular values nearer than this differ by rounding
CODE_RADIUS = 1  # of the released local search; the paper's is 2
CODE_LONG = 1800  # frames: the released code thins "long" Video-MME videos, half an hour and more, to 128 nodes


@dataclass(frozen=True)
class KFC(Selector):
    """The greedy KFC of Nar-KFC (without its narratives).

    Mended: a pair counts the relevance of both its frames, each by half, not the earlier one's alone; the nodes reach
    the end of the video; very short videos keep one singular value; equal singular values, as copies of frames make
    them, stay or go together; budgets above the nodes widen them; a constant curve counts as 0, so its level changes
    nothing.
    """

    name: ClassVar[str] = "kfc"
    source: ClassVar[str] = "arXiv 2505.24158; Nar-KFC"

    nodes: PositiveInt = 128  # frames that the greedy search sees, uniform in time, as published
    radius: NonNegativeInt = 2  # frames that a pick may move either way in the end, as published
    low_rank_frames: NonNegativeInt = 7200  # longer videos skip the approximation, as released: it needs a T × T matrix
    raw: bool = False  # what the authors' code returns, traps included

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = len(video)
        if self.raw:
            pairs = pairs_of(video, query, True, self.low_rank_frames)
            return released(self, video, _raw(pairs, frames, k), k)
        if k == frames:
            return self.selection(video, np.arange(frames))
        pairs = pairs_of(video, query, False, self.low_rank_frames)
        nodes = np.arange(frames)
        if frames > ALL_NODES * k:
            nodes = bin_centres(video.timestamps_s, min(frames, max(self.nodes, k)))
        chosen = nodes[greedy(pairs.block(nodes, nodes), pairs.diagonal(nodes), k)]
        return self.selection(video, np.array(refined(pairs, chosen.tolist(), frames, self.radius)))


@dataclass(frozen=True, eq=False)
class Pairs:
    """The symmetric weights of the pairs of frames: exact, or by the leading eigenvalues.

    features: [T, d], rows of norm 1. relevance: [T]. earlier_only: a pair counts its earlier frame's relevance whole
    instead of half of each. values, vectors: [m], [T, m] of the approximation, or None.
    """

    features: Array
    relevance: Array
    earlier_only: bool
    values: Array | None = None
    vectors: Array | None = None

    def block(self, rows: Array, columns: Array) -> Array:
        """Weights between two lists of frames: [rows, columns]. Exact ones hold 2 r on the diagonal, as released."""
        if self.values is not None and self.vectors is not None:
            return (self.vectors[rows] * self.values) @ self.vectors[columns].T
        r, s = self.relevance[rows][:, None], self.relevance[columns]
        weights = -self.features[rows] @ self.features[columns].T
        np.exp(weights, out=weights)
        weights += np.where(rows[:, None] < columns, r, s) if self.earlier_only else (r + s) / 2
        np.copyto(weights, 2 * r, where=rows[:, None] == columns)
        return weights

    def diagonal(self, rows: Array) -> Array:
        """Weight of each frame with itself: [rows]."""
        if self.values is not None and self.vectors is not None:
            return np.square(self.vectors[rows]) @ self.values
        return 2 * self.relevance[rows]


@lru_cache(maxsize=1)  # a question's budgets come one after the other; an hour's factors take 26 MB
@one_thread()
def pairs_of(video: VideoIndex, query: Query, raw: bool, low_rank_frames: int) -> Pairs:
    """The weights of a question, approximated where the video is not longer than `low_rank_frames`."""
    relevance = query.relevance
    if not raw and np.ptp(relevance) == 0:
        relevance = np.zeros_like(relevance)
    exact = Pairs(denoised(video.features, video.timestamps_s, 0.0), relevance, raw)
    frames = len(video)
    if frames > low_rank_frames:
        return exact
    kept = frames // RANK_SHARE if raw else max(1, frames // RANK_SHARE)
    values, vectors = largest_eigenpairs(exact.block(np.arange(frames), np.arange(frames)), kept, 0.0 if raw else EQUAL)
    return Pairs(exact.features, relevance, raw, values, vectors)


def largest_eigenpairs(matrix: Array, count: int, equal: float = 0.0) -> tuple[Array, Array]:
    """The eigenvalues of largest size and their vectors: [count] rising, [n, count].

    matrix: [n, n], symmetric; it is overwritten, as a long video's takes hundreds of megabytes.

    equal: those as large as the last of them, to this share of the largest, come along: one of several vectors of equal
    value is whatever the library makes it, all of them together are one space.
    The singular values of a symmetric matrix are its absolute eigenvalues, so the leading ones lie at both ends of the
    spectrum. Only theirs are turned back into vectors of the matrix: half the time of all of them.
    """
    n = len(matrix)
    work = int(lapack.dsytrd_lwork(n, lower=1)[0])
    reflectors, diagonal, beside, scales, _ = lapack.dsytrd(matrix.T, lower=1, lwork=work, overwrite_a=1)
    values = eigvalsh_tridiagonal(diagonal, beside)
    sizes = np.abs(values)
    order = np.argsort(-sizes, kind="stable")
    if count and equal:
        count = int(np.count_nonzero(sizes >= sizes[order[count - 1]] - equal * sizes[order[0]]))
    leading = np.sort(order[:count])  # values rise, so these are at most two runs
    values, vectors = np.empty(count), np.empty((n, count), order="F")
    done = 0
    for end in np.split(leading, np.flatnonzero(np.diff(leading) > 1) + 1):
        if len(end):
            here = slice(done, done := done + len(end))
            values[here], vectors[:, here] = eigh_tridiagonal(
                diagonal, beside, select="i", select_range=(end[0], end[-1]), lapack_driver="stemr"
            )
    if n > 1 and count:
        below, rest = np.asfortranarray(reflectors[1:, :-1]), np.asfortranarray(vectors[1:])
        work = int(lapack.dormqr("L", "N", below, scales, rest, -1)[1][0])
        vectors[1:] = lapack.dormqr("L", "N", below, scales, rest, work, overwrite_c=1)[0]
    return values, np.ascontiguousarray(vectors)


def greedy(weights: Array, diagonal: Array, k: int) -> list[int]:
    """Nodes in the order of choice: the largest diagonal, then each time the largest sum of weights to the chosen.

    weights: [n, n], symmetric; its diagonal is not looked at. diagonal: [n]. k ≤ n. Ties go to the lower index.
    """
    scale = max(float(np.abs(weights).max()), float(np.abs(diagonal).max())) or 1.0
    pick = int(np.argmax(np.round(diagonal / scale, DECIMALS)))
    chosen, total = [pick], np.zeros(len(diagonal))
    while len(chosen) < k:
        total += weights[pick] / scale
        total[pick] = -np.inf
        pick = int(np.argmax(np.round(total, DECIMALS)))
        chosen.append(pick)
    return chosen


def refined(pairs: Pairs, chosen: list[int], frames: int, radius: int) -> list[int]:
    """Each pick in turn moves to the frame within `radius` of it that raises the sum over pairs most, if any does.

    chosen: frames, in the order in which they are moved. Ties: the pick itself, then the earlier frame.
    """
    chosen = list(chosen)
    for place, frame in enumerate(chosen):
        others = chosen[:place] + chosen[place + 1 :]
        near = [i for i in range(frame - radius, frame + radius + 1) if 0 <= i < frames and i not in others]
        if not others or len(near) == 1:
            continue
        sums = pairs.block(np.array(near), np.array(others)).sum(axis=1)
        sums = np.round(sums / (float(np.abs(sums).max()) or 1.0), DECIMALS)
        best = int(np.argmax(sums))
        if sums[best] > sums[near.index(frame)]:
            chosen[place] = near[best]
    return chosen


def kfc_raw(video: VideoIndex, query: Query, k: int, low_rank_frames: int = 7200) -> Array:
    """The frames that the released code returns, in its order: commit dacd84a, in double precision.

    The pair's earlier frame alone brings relevance; a rank of T // 4 = 0 leaves no weights at all; the grid of nodes
    drops the end of the video; the search moves one frame either way. Raises InputError where it stops with an error.
    """
    return _raw(pairs_of(video, query, True, low_rank_frames), len(video), k)


@one_thread()
def _raw(pairs: Pairs, frames: int, k: int) -> Array:
    if frames <= k:
        return np.array([int(i * (frames / (k + 1))) for i in range(1, k + 1)])
    nodes = np.arange(frames)
    if frames > ALL_NODES * k:
        count = 128 if frames >= CODE_LONG else frames // 4
        if count < k:
            raise InputError(
                f"the released code of KFC fails for k = {k} of {frames} frames: it looks at {count} nodes"
            )
        segment = frames // count
        nodes = (2 * np.arange(count) + 1) * segment // 2
    picks = greedy(pairs.block(nodes, nodes), pairs.diagonal(nodes), k)
    # the code keeps its picks in a set and moves them in the set's order, which for small integers is fixed
    in_order = set(picks[:1])
    for pick in picks[1:]:
        in_order.add(pick)
    return np.array(refined(pairs, [int(nodes[i]) for i in in_order], frames, CODE_RADIUS))
