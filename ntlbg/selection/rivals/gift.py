"""GIFT: the frames that no more relevant frame could replace.

A frame's irreplaceability is its relevance times its squared distance to the nearest more relevant frame. The best
few are taken together and leave the pool; what they stood for then becomes irreplaceable in its turn, so small
budgets get distinct moments and larger ones their surroundings.
Letters: n frames of the pool, d features. Source: arXiv 2603.25072; docs/selection.md, "Rivals".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.rivals.scores import unit_range
from ntlbg.statistics.principal import denoised
from ntlbg.statistics.threads import one_thread

BLOCK = 262_144  # entries of a block of distances: no n × n matrix is ever made
ALIKE = 1e-12  # squared distances of unit vectors below this are rounding


@dataclass(frozen=True)
class GIFT(Selector):
    """Irreplaceability with refinement in rounds, as published; its authors released no code.

    Two gaps of the paper are closed. Of equally relevant frames the earlier counts as the better one, so copies of a
    frame replace each other. A constant curve counts as relevance 1 everywhere: what is left is pure diversity.
    """

    name: ClassVar[str] = "gift"
    source: ClassVar[str] = "arXiv 2603.25072; GIFT"

    pool: NonNegativeInt = 128  # candidates, uniform in time, as published; 0 = all frames
    batch: PositiveInt = 9  # frames taken before the distances are computed anew, as published

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = pool_frames(video.timestamps_s, self.pool, k)
        features = denoised(video.features[frames], video.timestamps_s[frames], 0.0)
        relevance = unit_range(query.relevance[frames])
        if not relevance.any():
            relevance = np.ones_like(relevance)
        return self.selection(video, frames[irreplaceable(features, relevance, k, self.batch)])


@one_thread()
def irreplaceable(features: Array, relevance: Array, k: int, batch: int) -> Array:
    """k of n frames, in the order of choice.

    features: [n, d], rows of norm 1 (or 0). relevance: [n], from 0 to 1. Equal scores: the more relevant frame, then
    the earlier. The best frame left has none above it; with the largest distance of any pair, as published, its score
    is the highest whatever that distance is, so it is not computed.
    """
    order = np.argsort(-relevance, kind="stable")
    x, r = features[order], relevance[order]  # from here on a frame's betters stand before it
    n = len(x)
    is_open = np.ones(n, dtype=bool)
    better, distance2 = _nearest_better(x, np.arange(n), is_open)
    chosen: list[int] = []
    while True:
        left = np.flatnonzero(is_open)
        score = r[left] * distance2[left]
        score[0] = np.inf
        taken = left[np.argsort(-score, kind="stable")[: min(batch, k - len(chosen))]]
        chosen += taken.tolist()
        if len(chosen) == k:
            return order[chosen]
        is_open[taken] = False
        bereft = np.flatnonzero(is_open & ~is_open[better])
        better[bereft], distance2[bereft] = _nearest_better(x, bereft, is_open)


def _nearest_better(x: Array, rows: Array, is_open: Array) -> tuple[Array, Array]:
    """Of each row, the nearest open frame before it and the squared distance to it; itself and 0 where none is open."""
    places = np.flatnonzero(is_open)
    norms2 = np.einsum("ij,ij->i", x, x)
    better, distance2 = rows.copy(), np.zeros(len(rows))
    height = max(1, BLOCK // len(places))
    for start in range(0, len(rows), height):
        block = rows[start : start + height]
        before = places[: np.searchsorted(places, block[-1])]
        if not len(before):
            continue
        between = norms2[block][:, None] + norms2[before] - 2 * (x[block] @ x[before].T)
        between[between < ALIKE] = 0.0
        between[before >= block[:, None]] = np.inf
        nearest = np.argmin(between, axis=1)
        least = between[np.arange(len(block)), nearest]
        some = np.isfinite(least)
        better[start : start + height][some] = before[nearest[some]]
        distance2[start : start + height][some] = least[some]
    return better, distance2
