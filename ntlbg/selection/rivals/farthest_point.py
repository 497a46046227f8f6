"""Farthest point: each next frame is the one least like all chosen so far. Blind to the question.

The greedy k-centre: it starts at the frame nearest to the mean look and adds the frame whose nearest chosen frame is
farthest away. No set of k frames has a covering radius (the largest distance of any frame to its nearest chosen one)
below half of what it reaches. It spends frames on outliers, so its mean error is above that of a uniform grid.
Looks are features of unit norm, distance is Euclidean, time plays no part. Where the frames left are all copies of
chosen ones the earliest come first. Ties go to the earlier frame. O(k T d), memory O(T d).
Source: Gonzalez 1985.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.inputs import unit_rows
from ntlbg.statistics.points import squared_distance

COPY = 1e-12  # squared distance of unit rows below which two frames differ by rounding alone


@dataclass(frozen=True)
class FarthestPoint(Selector):
    """Greedy k-centre from the frame nearest to the mean."""

    name: ClassVar[str] = "farthest_point"
    source: ClassVar[str] = "Gonzalez 1985; greedy k-centre"
    uses_relevance: ClassVar[bool] = False

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        looks = unit_rows(video)
        return self.selection(video, farthest_picks(looks, k))


def farthest_picks(looks: Array, k: int) -> Array:
    """k different frames in the order of choice. looks: [T, d], rows of norm 1 (or 0). k ≤ T."""
    norms = np.einsum("ij,ij->i", looks, looks)
    pick = int(np.argmin(squared_distance(looks, looks.mean(axis=0))))
    away = np.full(len(looks), np.inf)  # squared distance to the nearest chosen frame
    is_open = np.ones(len(looks), dtype=bool)
    picks: list[int] = []
    for _ in range(k):
        picks.append(pick)
        is_open[pick] = False
        # not by BLAS: it sums equal rows in different orders, and equal frames would no longer tie
        distance2 = norms - 2 * np.einsum("ij,j->i", looks, looks[pick]) + norms[pick]
        distance2[distance2 < COPY] = 0.0
        away = np.minimum(away, distance2)
        pick = int(np.argmax(np.where(is_open, away, -1.0)))
    return np.array(picks, dtype=np.int64)
