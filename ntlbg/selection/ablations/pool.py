"""NTLBG's thinning over another pool: what the ablations of the representatives share.

Letters: T frames, M of them in the pool, k chosen. Source: docs/selection.md, "Ablations".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import Law


@dataclass(frozen=True)
class Pooled(NTLBG, ABC):
    """The words, the law, the thinning and the report of `ntlbg`; the frames to choose among come from `pool`."""

    def chosen(self, video: VideoIndex, law: Law, k: int) -> Array:
        """k of the pool, by relevance and conditional variance."""
        frames = self.pool(video, law, k)
        return frames[self.thinned(video, law, frames, k)]

    @abstractmethod
    def pool(self, video: VideoIndex, law: Law, k: int) -> Array:
        """At least k frames to choose among: sorted unique indices."""
