"""NTLBG's thinning over M weighted k-medoids of the law instead of M number-theoretic representatives.

What the net and the relevant frame of each cell buy over the medoids of the same law in the same space.
Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ablations.pool import Pooled
from ntlbg.selection.baselines.kmedoids import farthest_first, medoids
from ntlbg.selection.tilted import Law


@dataclass(frozen=True)
class KMedoidsPool(Pooled):
    """Started farthest first, as the baseline `kmedoids` is."""

    name: ClassVar[str] = "ntlbg_kmedoids_pool"
    source: ClassVar[str] = "docs/selection.md, Ablations"

    iterations: PositiveInt = 50  # at most; it ends where no medoid moves

    def pool(self, video: VideoIndex, law: Law, k: int) -> Array:
        """M medoids; they are frames, so nothing is snapped."""
        points, weights = law.space.points, law.weights
        start = farthest_first(points, weights, self.pool_size(len(video), k))
        return medoids(points, weights, start, self.iterations)
