"""Kernel herding of the question's law: each frame is the one that the frames so far fall shortest of.

The n-th pick maximises E k(y, Y) - (1/n) times the kernel's sum over those chosen: greedy descent of the maximum mean
discrepancy (MMD) between law and selection. The picks spread as the law does, while points of least squared error
crowd to its middle.
Letters: T frames, r coordinates. Source: Chen, Welling and Smola 2010; docs/selection.md, "Rivals".
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
from ntlbg.selection.tilted import Tilted
from ntlbg.statistics import laws
from ntlbg.statistics.points import cell_masses, explained, nearest
from ntlbg.statistics.threads import one_thread

ROWS = 64  # of a block of the kernel: its T² values are summed, never held
DECIMALS = 12  # the kernel is at most 1: what differs less is rounding, and the earlier frame is taken


@dataclass(frozen=True)
class Herding(Tilted):
    """A Gaussian kernel in the space of the law. Published herding may meet a frame again; here it may not."""

    name: ClassVar[str] = "herding"
    source: ClassVar[str] = "arXiv 1203.3472; kernel herding"

    # squared distance at which the kernel is 1/e, in mean squared distances of the law: the paper leaves it open
    width: PositiveFloat = 1.0

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        points, weights = law.space.points, law.weights
        trace = laws.trace(points, weights)
        chosen = np.sort(herd(points, weights, 2 * trace * self.width, k))
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
def herd(points: Array, weights: Array, width2: float, k: int) -> Array:
    """k different points in the order of choice; ties go to the earlier point.

    points: [T, r]. weights: [T], a law. width2: the kernel is exp(-distance² / width2); a law without spread has
    width2 0 and a kernel of 1 everywhere. O(T²) time, O(T) memory.
    """
    norms2 = np.square(points).sum(axis=1)

    def kernel(first: int, last: int, since: int = 0) -> Array:
        """Of the points from `first` up to `last` with those from `since` on."""
        if not width2 > 0:
            return np.ones((last - first, len(points) - since))
        values = (2 * points[first:last]) @ points[since:].T  # each step in place: the exponential is dear enough
        values -= norms2[first:last, None]
        values -= norms2[since:]
        np.minimum(values, 0.0, out=values)
        values /= width2
        return np.exp(values, out=values)

    embedding = np.zeros(len(points))
    for first in range(0, len(points), ROWS):
        last = min(first + ROWS, len(points))
        values = kernel(first, last, first)  # the other half is its mirror image
        embedding[first:last] += values @ weights[first:]
        embedding[last:] += weights[first:last] @ values[:, last - first :]
    so_far = np.zeros(len(points))
    is_open = np.ones(len(points), dtype=bool)
    chosen: list[int] = []
    for n in range(1, k + 1):
        lacking = np.round(embedding - so_far / n, DECIMALS)
        pick = int(np.argmax(np.where(is_open, lacking, -np.inf)))
        chosen.append(pick)
        is_open[pick] = False
        so_far += kernel(pick, pick + 1)[0]
    return np.array(chosen)
