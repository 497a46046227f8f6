"""BOLT, inverse transform sampling: frames at even steps of the relevance mass along time.

Relevance to a power is a density over the video; the rule walks its distribution function in k even steps. Peaks
get several frames, the rest few: coverage of the mass, not of the time. It looks at no feature but the relevance.
O(T). Source: arXiv 2503.21483 and its release.

Traps, all kept by `raw`: a frame with more mass than a step is returned again and again (of 64 picks at power 3 some
40 are different); the grid 1/k, …, 1 - 1/k is one point for k = 1 and k = 2, at k = 1 possibly past the last frame; a
constant curve is 0 / 0 and gives frame 0 k times; scores come in float16 and are summed in it, which over an hour
is too coarse to end at 1. Here k ≤ 2 takes the midpoints (i - 1/2) / k, a constant curve has equal mass everywhere,
repeats are removed, and the most relevant of the frames left out fill up what is missing. For k ≥ 3 the release's own
picks from scores in double precision are therefore always among these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import PositiveFloat

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.released import released
from ntlbg.selection.rivals.scores import topped_up, unit_range
from ntlbg.statistics.nets import net_1d


@dataclass(frozen=True)
class BOLT(Selector):
    """Inverse transform sampling with every frame at most once."""

    name: ClassVar[str] = "bolt"
    source: ClassVar[str] = "arXiv 2503.21483; BOLT"

    power: PositiveFloat = 3.0  # published for Video-MME and MLVU; 2.5 for LongVideoBench; 1 on their command line
    midpoints: bool = False  # (i - 1/2) / k for every k: their grid leaves half a step of mass unseen at both ends
    raw: bool = False  # what the authors' code returns, traps included

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        # with the k that was asked for: beyond T it is another grid
        with np.errstate(over="ignore"):
            scores = query.relevance.astype(np.float16)
        return released(self, video, bolt_raw(scores, k, self.power), k)

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        scores = unit_range(query.relevance)
        density = scores**self.power if np.any(scores > 0) else np.ones_like(scores)
        grid = net_1d(k) if self.midpoints or k <= 2 else authors_grid(k)
        picks = at_mass(density, grid)
        # rounding may end the distribution function just below the last step
        picks = np.minimum(picks, np.flatnonzero(density)[-1])
        return self.selection(video, topped_up(picks, query.relevance, k))


def bolt_raw(relevance: Array, k: int, power: float = 3.0) -> Array:
    """The list of the authors' code: [k] non-decreasing, with repeats; T, which is no frame, is possible at k = 1.

    relevance: [T] of any floating type; the arithmetic stays in it, as theirs does in float16.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        raised = relevance - np.min(relevance)
        scores = raised / np.max(raised)
    return at_mass(scores**power, authors_grid(k))


def authors_grid(k: int) -> Array:
    """k numbers from 1/k to 1 - 1/k, evenly spaced: [k]. The first and the last 1/k of the mass lie outside."""
    return np.linspace(1 / k, 1 - 1 / k, k)


def at_mass(density: Array, grid: Array) -> Array:
    """The first frame at which the normalised cumulative density reaches each point of the grid; T where none does.

    density: [T], non-negative. grid: [k]. A density of not-a-number gives frame 0.
    """
    return np.searchsorted(np.cumsum(density / np.sum(density)), grid)
