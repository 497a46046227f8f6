"""Facility location: the frames to which all frames, weighted by the question, are most alike.

f(S) = sum over t of w_t max over j in S of cos(x_t, x_j)+ is monotone and submodular, so the greedy choice reaches
1 - 1/e of the best value, and gains only fall: a bound that is not the largest need not be looked at again (lazy).
Letters: T frames, d features, c candidates. Source: Krause and Golovin 2014; docs/selection.md, "Rivals".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.tilted import Tilted
from ntlbg.statistics import laws
from ntlbg.statistics.points import cell_masses, explained, nearest
from ntlbg.statistics.threads import one_thread

HELD = 1024  # candidates, up to which their similarities to all frames are kept: memory is T times this, never T²
COLUMNS = 64  # of them looked at together, at most; this many are held where there are more candidates
FIRST_COLUMNS = 8  # of a round; doubled while the round goes on, as most rounds end with the first few
DECIMALS = 12  # gains are at most 1: what differs less is rounding, and the earlier frame is taken


@dataclass(frozen=True)
class FacilityLocation(Tilted):
    """Greedy coverage of the question's law by likeness of denoised features; blind to time.

    Every frame is a client, with its weight under the law; the candidates are capped as in AGFS (arXiv 2603.20180).
    """

    name: ClassVar[str] = "facility_location"
    source: ClassVar[str] = "Krause and Golovin 2014, Submodular Function Maximization; facility location"

    pool: NonNegativeInt = 1000  # candidates, uniform in time, AGFS's cap; 0 = all frames

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        points, weights = law.space.points, law.weights
        candidates = pool_frames(video.timestamps_s, self.pool, k)
        chosen = np.sort(candidates[lazy_greedy(law.space.features, weights, candidates, k)])
        cells, distance2 = nearest(points, points[chosen])
        distortion = float(weights @ distance2)
        return self.selection(
            video,
            chosen,
            masses=cell_masses(cells, weights, k),
            distortion=distortion,
            explained=explained(distortion, laws.trace(points, weights)),
            trust=law.trust,
        )


@one_thread()
def lazy_greedy(features: Array, weights: Array, candidates: Array, k: int) -> list[int]:
    """Places in `candidates` of k different ones, in the order of choice.

    features: [T, d], rows of norm 1 (or 0). weights: [T], sum 1. candidates: [c] frames, k ≤ c.
    """
    covered = np.zeros(len(features))  # likeness of each frame to the best of those chosen; opposites count as 0
    held = features[candidates] @ features.T if len(candidates) <= HELD else None

    def likeness(places: Array) -> Array:
        """Of these candidates to every frame: [places, T], an array of its own."""
        return features[candidates[places]] @ features.T if held is None else held[places]

    def gains(places: Array) -> Array:
        rows = likeness(places)
        rows -= covered
        return np.round(np.maximum(rows, 0.0, out=rows) @ weights, DECIMALS)

    bound = np.concatenate([gains(part) for part in np.split(*_parts(len(candidates)))])
    fresh = np.ones(len(candidates), dtype=bool)
    chosen: list[int] = []
    while True:
        width = FIRST_COLUMNS
        while not fresh[pick := int(np.argmax(bound))]:
            hope = bound >= np.max(bound, where=fresh, initial=-np.inf)
            stale = np.flatnonzero(hope & ~fresh)
            stale = stale[np.argsort(-bound[stale], kind="stable")[:width]]
            bound[stale] = gains(stale)
            fresh[stale] = True
            width = min(2 * width, COLUMNS)
        chosen.append(pick)
        if len(chosen) == k:
            return chosen
        np.maximum(covered, likeness(np.array([pick]))[0], out=covered)
        bound[pick] = -np.inf
        fresh[:] = False
        fresh[chosen] = True  # never to be looked at again


def _parts(count: int) -> tuple[Array, Array]:
    """Places 0..count-1, and where to split them into parts of at most COLUMNS."""
    return np.arange(count), np.arange(COLUMNS, count, COLUMNS)
