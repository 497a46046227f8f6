"""MMR, maximal marginal relevance: each next frame is relevant, and unlike the nearest of those already chosen.

Greedy: add the frame of largest λ · relevance - (1 - λ) · (largest cosine to a chosen frame); the first is the most
relevant. It looks at the one nearest chosen frame, where a determinant looks at all of them together.
Relevance is brought to [0, 1] by its range, so that λ weighs it against cosines whatever the encoder's scale; raw
cosines of image and text near 0.25 would leave diversity alone in charge. λ = 1/2 is what was published for frames.
A constant curve leaves diversity, from the first frame on. Ties go to the earlier frame. O(k T d), memory O(T d).
Source: Carbonell and Goldstein 1998; λ of arXiv 2603.00512 (WFS-SB).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.inputs import unit_rows
from ntlbg.selection.rivals.scores import unit_range

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class MMR(Selector):
    """Relevance against the likeness to what is already chosen."""

    name: ClassVar[str] = "mmr"
    source: ClassVar[str] = "Carbonell and Goldstein 1998; MMR, weight of arXiv 2603.00512"

    relevance_share: Share = 0.5  # λ: 1 is top-k, 0 never looks at the question

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        looks = unit_rows(video)
        return self.selection(video, mmr_picks(unit_range(query.relevance), looks, self.relevance_share, k))


def mmr_picks(relevance: Array, looks: Array, share: float, k: int) -> Array:
    """k different frames in the order of choice.

    relevance: [T], on the scale of a cosine. looks: [T, d], rows of norm 1 (or 0). share: λ, from 0 to 1. k ≤ T.
    """
    gain = share * relevance
    nearest = np.zeros(len(gain))  # nothing is chosen yet, so nothing is held against the first
    is_open = np.ones(len(gain), dtype=bool)
    picks: list[int] = []
    for _ in range(k):
        pick = int(np.argmax(np.where(is_open, gain - (1 - share) * nearest, -np.inf)))
        # not by BLAS: it sums equal rows in different orders, and equal frames would no longer tie
        cosine = np.einsum("ij,j->i", looks, looks[pick])
        nearest = np.maximum(nearest, cosine) if picks else cosine
        is_open[pick] = False
        picks.append(pick)
    return np.array(picks, dtype=np.int64)
