"""NTLBG's thinning over another pool: what the ablations of the representatives share.

Letters: T frames, M of them in the pool, k chosen. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import Law
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class Pooled(NTLBG, ABC):
    """The law, the thinning and the report of `ntlbg`; the frames to choose among come from `pool`."""

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        frames = self.pool(video, law, k)
        return self.report(video, law, np.sort(frames[self.thinned(video, law, frames, k)]))

    @abstractmethod
    def pool(self, video: VideoIndex, law: Law, k: int) -> Array:
        """At least k frames to choose among: sorted unique indices."""
