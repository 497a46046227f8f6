"""Support points of the question's law: k points at the least energy distance from it, snapped to frames.

The energy of points x_1..x_k under the law of Y is (2/k) sum E|x_i - Y| - (1/k²) sum |x_i - x_j|: they seek the law and
repel each other, so with equal weights they are spread as the law is, tails included.
Letters: T frames, r coordinates. Source: Mak and Joseph 2018, Annals of Statistics 46(6A); docs/selection.md, "Rivals".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.baselines.uniform import apart
from ntlbg.selection.tilted import Tilted
from ntlbg.statistics import laws
from ntlbg.statistics.nets import quantile_frames
from ntlbg.statistics.points import cell_masses, explained, nearest
from ntlbg.statistics.threads import one_thread

BLOCK = 262_144  # entries of a block of distances; the T × k matrix is only made once, to snap
DECIMALS = 9  # of squared distances in traces of the law: what differs less is rounding


@dataclass(frozen=True)
class SupportPoints(Tilted):
    """The convex-concave procedure from the law's time quantiles: no random start, so no seed."""

    name: ClassVar[str] = "support_points"
    source: ClassVar[str] = "arXiv 1609.01811; support points"

    iterations: PositiveInt = 100  # at most
    tolerance: NonNegativeFloat = 1e-3  # it ends where no point moves farther, in root traces of the law
    softening: PositiveFloat = 0.01  # root traces added to each distance in square: or no point leaves its first frame

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        points, weights = law.space.points, law.weights
        trace = laws.trace(points, weights)
        start = points[apart(quantile_frames(weights, k), len(points))]
        unit = max(float(np.sqrt(trace)), np.finfo(np.float64).tiny ** 0.25)
        places = convex_concave(points, weights, start, self.iterations, self.tolerance * unit, self.softening * unit)
        chosen = snapped(points, places, unit**2)
        cells, distance2 = nearest(points, points[chosen])
        distortion = float(weights @ distance2)
        return self.selection(
            video,
            chosen,
            masses=cell_masses(cells, weights, k),
            distortion=distortion,
            explained=explained(distortion, trace),
            trust=law.trust,
        )


@one_thread()
def convex_concave(
    points: Array, weights: Array, start: Array, iterations: int, tolerance: float, softening: float
) -> Array:
    """Lower the energy from `start` until no point moves farther than `tolerance`: [k, r].

    points: [T, r]. weights: [T], a law. start: [k, r], different points. Distances are sqrt(|x - y|² + softening²).
    Each step bounds the attraction by parabolas and the repulsion by its tangent; the minimum of that bound is the
    next set of points, so no step raises the energy.
    """
    places = start
    for _ in range(iterations):
        moved = _step(points, weights, places, softening)
        farthest = float(np.sqrt(np.square(moved - places).sum(axis=1).max()))
        places = moved
        if farthest <= tolerance:
            break
    return places


def _step(points: Array, weights: Array, places: Array, softening: float) -> Array:
    """x_i ← [sum w y / |x_i - y| + (1/k) sum (x_i - x_j) / |x_i - x_j|] / sum w / |x_i - y|."""
    k = len(places)
    pull, total = np.zeros_like(places), np.zeros(k)
    height = max(1, BLOCK // k)
    for start in range(0, len(points), height):
        part = points[start : start + height]
        share = weights[start : start + height] / _soft_distance(places, part, softening)
        pull += share @ part
        total += share.sum(axis=1)
    inverse = 1.0 / _soft_distance(places, places, softening)
    push = places * inverse.sum(axis=1)[:, None] - inverse @ places
    return (pull + push / k) / total[:, None]


def _soft_distance(a: Array, b: Array, softening: float) -> Array:
    distance2 = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * (a @ b.T)
    return np.sqrt(np.maximum(distance2, 0.0) + softening**2)


def energy(points: Array, weights: Array, places: Array, softening: float = 0.0) -> float:
    """(2/k) sum of E|x_i - Y| - (1/k²) sum of |x_i - x_j|: the energy distance less a constant of the law."""
    near = float((_soft_distance(places, points, softening) @ weights).mean())
    return 2 * near - float(_soft_distance(places, places, softening).mean())


def snapped(points: Array, places: Array, unit2: float) -> Array:
    """A frame of its own for each place, at the least total squared distance: [k] sorted indices.

    unit2: the unit of squared distance in which DECIMALS are counted.
    """
    from scipy.optimize import linear_sum_assignment

    norms2 = np.square(points).sum(axis=1)
    distance2 = np.square(places).sum(axis=1)[:, None] + norms2 - 2 * (places @ points.T)
    return np.sort(linear_sum_assignment(np.round(distance2 / unit2, DECIMALS))[1])
