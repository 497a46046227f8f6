"""Top-k relevance under temporal non-maximum suppression (NMS).

Strong when one moment answers the question; ignores coverage, so it loses to `uniform` on whole-video questions.
Source: docs/selection.md, "Baselines".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeFloat

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector


@dataclass(frozen=True)
class TopKNMS(Selector):
    """The most relevant frames, no two nearer than the window while others are left."""

    name: ClassVar[str] = "topk_nms"
    source: ClassVar[str] = "docs/selection.md, Baselines: relevance with temporal suppression"

    window_s: NonNegativeFloat = 2.0  # two picks nearer than this show the same moment

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        return self.selection(video, nms_picks(query.relevance, video.timestamps_s, self.window_s, k))


def nms_picks(relevance: Array, timestamps_s: Array, window_s: float, k: int) -> Array:
    """k frames, best first: greedily those less suppressed, then the best of the suppressed ones.

    relevance, timestamps_s: [T]. A pick suppresses the frames less than window_s from it. Ties go to the earlier frame.
    """
    order = np.argsort(-relevance, kind="stable")
    suppressed = np.zeros(len(order), dtype=bool)
    picks: list[int] = []
    for frame in order.tolist():
        if len(picks) == k:
            break
        if not suppressed[frame]:
            picks.append(frame)
            time = timestamps_s[frame]
            first = np.searchsorted(timestamps_s, time - window_s, side="right")
            last = np.searchsorted(timestamps_s, time + window_s, side="left")
            suppressed[first:last] = True
    if len(picks) < k:
        left = order[~np.isin(order, picks)]
        picks += left[: k - len(picks)].tolist()
    return np.array(picks, dtype=np.int64)
