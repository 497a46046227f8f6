"""Weighted k-medoids of the question's law: the k frames of least squared error, without thinning.

The control of NTLBG: same space, same law, but no net and no relevance in the choice of a frame. It seeks the least
squared error with k frames, so it spends them on screen time. Source: docs/selection.md, "Baselines".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.tilted import Tilted
from ntlbg.statistics import laws
from ntlbg.statistics.points import cell_masses, cell_means, explained, nearest, squared_distance
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class KMedoids(Tilted):
    """Medoids under squared distance, started farthest first."""

    name: ClassVar[str] = "kmedoids"
    source: ClassVar[str] = "docs/selection.md, Baselines: weighted k-medoids"

    iterations: PositiveInt = 50  # at most; it ends where no medoid moves, mostly before 15

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        points, weights = law.space.points, law.weights
        chosen = medoids(points, weights, farthest_first(points, weights, k), self.iterations)
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
def farthest_first(points: Array, weights: Array, k: int) -> Array:
    """k distinct points: the one nearest the law's mean, then each time that of largest weight · distance².

    points: [T, r]. weights: [T]. The deterministic form of k-means++ seeding: its likeliest draw. Ties: earlier point.
    """
    norms = np.square(points).sum(axis=1)
    first = int(np.argmin(squared_distance(points, laws.mean(points, weights))))
    chosen = [first]
    distance2 = norms - 2 * (points @ points[first]) + norms[first]
    is_open = np.ones(len(points), dtype=bool)
    is_open[first] = False
    for _ in range(k - 1):
        pick = int(np.argmax(np.where(is_open, weights * distance2, -1.0)))
        chosen.append(pick)
        is_open[pick] = False
        distance2 = np.minimum(distance2, norms - 2 * (points @ points[pick]) + norms[pick])
    return np.sort(np.array(chosen))


def medoids(points: Array, weights: Array, start: Array, iterations: int) -> Array:
    """Alternate assignment and medoid step until no medoid moves: sorted indices of as many distinct points.

    The weighted medoid of a cell under squared distance is its point nearest to the cell's weighted mean, since
    sum w |y - c|² = W |mean - c|² + a constant; so the step costs one pass over the points, not their square.
    """
    chosen = start
    for _ in range(iterations):
        cells, _ = nearest(points, points[chosen])
        cells[chosen] = np.arange(len(chosen))  # a medoid stays in its own cell even beside an equal point
        means = cell_means(points, weights, cells, len(chosen))
        order = np.lexsort((squared_distance(points, means[cells]), cells))
        sizes = np.bincount(cells, minlength=len(chosen))
        moved = np.sort(order[np.cumsum(sizes) - sizes])
        if np.array_equal(moved, chosen):
            break
        chosen = moved
    return chosen
