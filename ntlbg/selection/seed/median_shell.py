"""The seed's rule as it is printed: the k frames whose Mahalanobis distance is nearest to the median distance.

Its reason is that representative points share one ellipsoid. But in d dimensions squared distances differ by no more
than sqrt(2 / d) of their mean, so nearly every frame lies near that shell, in whatever direction: the rule is blind to
what frames show, and covers less than random ones do. It stays as the baseline to be beaten.
The seed leaves mean and covariance to untrained layers; here they are the moments of the question's law in the
leading principal scores, so that the rule and not an estimate is compared. The median is the lower one, as torch's.
Ties go to the earlier frame. O(T r²) per question, memory O(T r). Source: the seed's README, "NTLBG-Guided Attention".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.seed.whitened import whitened
from ntlbg.selection.tilted import Tilted
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class MedianShell(Tilted):
    """Nearest to the median distance."""

    name: ClassVar[str] = "median_shell"
    source: ClassVar[str] = "the seed's README; top-k around the median Mahalanobis distance"

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        scores = whitened(law.space.points[:, :-1], law.weights, self.rank)  # the seed's frames know no time
        return self.selection(video, nearest_to_median(np.square(scores).sum(axis=1), k), trust=law.trust)


def nearest_to_median(distance2: Array, k: int) -> Array:
    """The k frames whose squared distance is nearest to the lower median of all, nearest first: [T] → [k] indices."""
    median = np.sort(distance2)[(len(distance2) - 1) // 2]
    return np.argsort(np.abs(distance2 - median), kind="stable")[:k]
