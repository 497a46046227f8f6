"""MDP3: a determinantal process over the frames, Markov from segment to segment, solved by a dynamic programme.

A set S is worth (2 / λ) Σ log r + log det K_S: r the kernel between a frame and the question, K that between frames, a
mean of Gaussians. The video is cut into segments; the programme decides how many frames each gives. Within a segment
frames are taken greedily, given the last one chosen before it: V[j][c + n] = max V[j-1][c] + worth of n more.
Variant `single` is the release's other file, one greedy choice over the whole pool; `lazy` returns the same frames and
computes a gain only where it may still be the largest, since gains only fall.
With unit features |f - q|² = 2 - 2 · relevance, so r needs no feature of the question; a score outside a cosine's
range stays in order, as log r grows with it. Only differences of log r matter where k frames are chosen anyway.
Letters: n frames of the pool, d features, s frames of a segment. dp: O(n k² s), with one kernel of s × s at a time;
single: O(n k (d + k)); lazy: less, by how much depends on the question. Memory O(n (d + k)).
Source: arXiv 2501.02885 and the two files of its release.

Traps, all kept by `raw`: a segment's worth counts the frame before it once more, about 10 log r + log 5 for every
further segment that gives any frame, so picks are drawn into many segments; a pool that is no multiple of the segment
ends in an error, one smaller than k in no frame at all. Here a segment counts its own frames only, the last segment may
be shorter, and a noise variance keeps copies of a frame possible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.inputs import inputs
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.rivals.released import released
from ntlbg.statistics.information import TIE, greedy_logdet, lazy_logdet
from ntlbg.statistics.threads import one_thread

Variant = Literal["dp", "single", "lazy"]
Widths = Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]

LONG_BUDGET = 32  # frames: above it the release takes longer segments
NO_NOISE = float(np.finfo(np.float64).tiny)  # keeps a copy's variance, which rounds to 0 or below, above 0


@dataclass(frozen=True)
class MDP3(Selector):
    """Relevance and log-determinant under a kernel of Gaussians."""

    name: ClassVar[str] = "mdp3"
    source: ClassVar[str] = "arXiv 2501.02885; MDP3"

    variant: Variant = "dp"  # as published; `single` and `lazy` choose from the whole pool at once
    pool: NonNegativeInt = 128  # candidates, uniform in time, as published; 0 = all frames
    temperature: PositiveFloat = 0.2  # λ: log r counts 2 / λ times; published
    widths: Widths = (0.125, 0.25, 0.5, 1.0, 2.0)  # variances of the Gaussians, of the release; the paper has 4 for 1/2
    segment: PositiveInt = 32  # frames, as published
    long_segment: PositiveInt = 128  # frames where k > 32, as released
    jitter: PositiveFloat = 1e-4  # noise variance: only copies of a frame feel it
    denoised: bool = False  # on the denoised features and relevance that ntlbg works with
    raw: bool = False  # what the authors' code returns, traps included

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        # with the k that was asked for: beyond T it is another programme
        frames = pool_frames(video.timestamps_s, self.pool, min(k, len(video)))
        looks, relevance = inputs(video, query, frames, self.denoised)
        size = self._segment(k) if self.variant == "dp" else None
        return released(self, video, frames[mdp3_raw(relevance, looks, k, size, self.temperature, self.widths)], k)

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = pool_frames(video.timestamps_s, self.pool, k)
        looks, relevance = inputs(video, query, frames, self.denoised)
        gain = log_kernel(relevance, self.widths) * (2 / self.temperature)
        gain -= np.max(gain)  # k frames are chosen anyway; so the level of a constant curve changes no rounding
        return self.selection(video, frames[self._picks(gain, looks, k)])

    def _picks(self, gain: Array, looks: Array, k: int) -> list[int]:
        """k frames of the pool. gain: [n]. looks: [n, d]."""
        kernel = Kernel(looks, self.widths)
        if self.variant == "dp":
            return programme(gain, kernel, k, self._segment(k), self.jitter)
        if self.variant == "single":
            return greedy_logdet(gain, np.ones(len(gain)), kernel.rows, k, self.jitter)
        return lazy_logdet(gain, np.ones(len(gain)), kernel.within, k, self.jitter)

    def _segment(self, k: int) -> int:
        """Frames of a segment."""
        return self.segment if k <= LONG_BUDGET else self.long_segment


class Kernel:
    """The mean of Gaussians of a pool: 1 for a frame and itself."""

    def __init__(self, looks: Array, widths: tuple[float, ...]) -> None:
        """looks: [n, d]. widths: variances."""
        self.looks, self.widths = looks, tuple(sorted(widths, reverse=True))
        self.norms2 = np.einsum("ij,ij->i", looks, looks)

    def rows(self, j: Array) -> Array:
        """Of these frames with every frame: [len(j), n]."""
        return self.block(j, np.arange(len(self.looks)))

    def block(self, rows: Array, columns: Array) -> Array:
        """Between two lists of frames: [rows, columns]."""
        return self.within(columns)(rows)

    def within(self, columns: Array) -> Callable[[Array], Array]:
        """The kernel between any frames and these, as a function of the former."""
        looks, norms2 = self.looks[columns], self.norms2[columns]
        return lambda rows: self._of(self.norms2[rows][:, None] + norms2 - 2 * (self.looks[rows] @ looks.T))

    def _of(self, distance2: Array) -> Array:
        """The mean of exp(-distance² / 2 width), each width half of the one before by squaring."""
        distance2 = np.maximum(distance2, 0.0)
        total, term, before = np.zeros_like(distance2), distance2, 0.0
        for width in self.widths:
            term = np.square(term) if before == 2 * width else np.exp(distance2 / (-2 * width))
            total += term
            before = width
        return total / len(self.widths)


def log_kernel(relevance: Array, widths: tuple[float, ...]) -> Array:
    """Log of the mean of Gaussians between unit vectors of these cosines: [n] → [n]. Finite for scores of any size."""
    exponents = (relevance[:, None] - 1) / np.array(widths)
    top = exponents.max(axis=1)
    return top + np.log(np.exp(exponents - top[:, None]).mean(axis=1))


@dataclass
class State:
    """The best way to have chosen so many frames up to some segment.

    worth: its value. last: the latest frame, -1 for none. added: the frames of that segment. before: the state that
    it continues, None at the start.
    """

    worth: float = 0.0
    last: int = -1
    added: Array | None = None
    before: State | None = None

    def frames(self) -> list[int]:
        """All frames, in order of time."""
        found: list[int] = []
        state: State | None = self
        while state is not None:
            if state.added is not None:
                found[:0] = np.sort(state.added).tolist()
            state = state.before
        return found


@one_thread()
def programme(gain: Array, kernel: Kernel, k: int, size: int, jitter: float, recount: bool = False) -> list[int]:
    """The k frames of largest worth that the dynamic programme finds: sorted places in the pool; none where n < k.

    gain: [n]. size: frames of a segment. recount: count the frame before a segment again, as released.
    Ties go to the earlier frames: to the state with more of them before the segment; as released, with fewer.
    """
    states: dict[int, State] = {0: State()}
    order, margin = (1, 0.0) if recount else (-1, TIE)
    for start in range(0, len(gain), size):
        inside = np.arange(start, min(start + size, len(gain)))
        counts = sorted(states)
        last = np.array([states[count].last for count in counts])
        given = np.where(last[:, None] < 0, 0.0, kernel.block(np.maximum(last, 0), inside))
        budget = min(len(inside), k - counts[0])
        added, worth = conditional(gain[inside], kernel.block(inside, inside), given, budget, jitter)
        after: dict[int, State] = {}
        for row, count in list(enumerate(counts))[::order]:
            old = states[count]
            again = gain[old.last] if recount and old.last >= 0 else 0.0
            for n in range(min(budget, k - count) + 1):
                value = old.worth + (worth[row, n] + again if n else 0.0)
                if count + n not in after or value > after[count + n].worth + margin:
                    picks = inside[added[row, :n]]
                    after[count + n] = State(value, int(picks.max()) if n else old.last, picks if n else None, old)
        states = after
    return states[k].frames() if k in states else []


def conditional(gain: Array, kernel: Array, given: Array, budget: int, jitter: float) -> tuple[Array, Array]:
    """Greedy choices of one segment, each given one frame before it, for many such frames side by side.

    gain: [s]. kernel: [s, s]. given: [c, s], the kernel of each frame before with those of the segment; zeros for none.
    Returns the choices [c, budget] in order, and the sums of gain + log conditional variance after 0, 1, … of them,
    [c, budget + 1]. budget ≤ s.
    """
    rows = np.arange(len(given))
    factors = np.empty((budget + 1, *given.shape))
    factors[0] = given / np.sqrt(1 + jitter)
    left = np.maximum(1 + jitter - np.square(factors[0]), jitter)
    is_open = np.zeros_like(left)
    added, worth = np.empty((len(given), budget), dtype=np.int64), np.zeros((len(given), budget + 1))
    for n in range(budget):
        values = gain + is_open + np.log(left)
        pick = np.argmax(values >= values.max(axis=1, keepdims=True) - TIE, axis=1)
        added[:, n] = pick
        worth[:, n + 1] = worth[:, n] + values[rows, pick]
        is_open[rows, pick] = -np.inf
        known = np.einsum("nc,ncs->cs", factors[: n + 1, rows, pick], factors[: n + 1])
        factors[n + 1] = (kernel[pick] - known) / np.sqrt(left[rows, pick])[:, None]
        left = np.maximum(left - np.square(factors[n + 1]), jitter)
    return added, worth


def mdp3_raw(
    relevance: Array,
    looks: Array,
    k: int,
    size: int | None,
    temperature: float = 0.2,
    widths: tuple[float, ...] = (0.125, 0.25, 0.5, 1.0, 2.0),
) -> Array:
    """The list of the authors' code: sorted places in the pool; none at all where a programme finds fewer than k.

    relevance: [n]. looks: [n, d], rows of norm 1. size: frames of a segment, None for the file without segments.
    Their kernel is the sum of the Gaussians, not the mean: each frame is worth log 5 · (1 + 2 / λ) more.
    Raises InputError where their code would end in an IndexError.
    """
    frames = len(relevance)
    if size is None and frames <= k:
        return np.arange(frames)
    if size is not None and frames % size:
        raise InputError(
            f"`mdp3` as its authors released it reads past the last of {frames} candidates: segments are {size} long",
            hint="set `pool` to a multiple of the segment, or leave `raw` off",
        )
    gain = log_kernel(relevance, widths) * (2 / temperature) + np.log(len(widths)) * (1 + 2 / temperature)
    kernel = Kernel(looks, widths)
    if size is None:
        picks = sorted(greedy_logdet(gain, np.ones(frames), kernel.rows, k, NO_NOISE))
    else:
        picks = programme(gain, kernel, k, size, NO_NOISE, recount=True)
    return np.array(picks, dtype=np.int64)
