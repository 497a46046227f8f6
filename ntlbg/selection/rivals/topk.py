"""Top-k relevance: the k frames that match the question best, and nothing else.

Best of all where one moment answers; with three moments or more it falls below uniform, as the k best frames are
mostly one shot. `topk_nms` differs by keeping its picks apart in time.
Source: the baseline of arXiv 2503.21483 (BOLT) and 2502.21271 (AKS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector


@dataclass(frozen=True)
class TopK(Selector):
    """Ties go to the earlier frame."""

    name: ClassVar[str] = "topk"
    source: ClassVar[str] = "arXiv 2503.21483; the baseline of relevance alone"

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        return self.selection(video, np.argsort(-query.relevance, kind="stable")[:k])
