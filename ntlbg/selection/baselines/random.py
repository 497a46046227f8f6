"""Random sampling without replacement, seeded by the question itself.

The draw depends on (seed, video, question text) and on nothing else: not on the order of calls, not on k (a larger
k keeps the smaller one's frames). Source: docs/selection.md, "Baselines".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector


@dataclass(frozen=True)
class Random(Selector):
    """Every subset of k frames is equally likely."""

    name: ClassVar[str] = "random"
    source: ClassVar[str] = "docs/selection.md, Baselines: sampling without replacement"
    deterministic: ClassVar[bool] = False
    uses_relevance: ClassVar[bool] = False

    seed: int = 0  # another seed, another draw of the same law

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        key = json.dumps([self.seed, video.video_id, query.text]).encode()
        draw = np.random.default_rng(int.from_bytes(hashlib.sha256(key).digest()))
        return self.selection(video, np.argsort(draw.random(len(video)), kind="stable")[:k])
