"""AdaQ: frames drawn by relevance, at a temperature that the relevance curve itself sets.

The temperature is the variance of the curve brought to [0, 1]: a few peaks over a calm background leave a small
variance and so a cold, narrow law; a restless curve leaves a wide one. The frames that hold all but 0.27 % of the law
(three sigma) are candidates, and k of them are drawn without replacement, each time in proportion to the law. Nearly
all of the published gain is the temperature's, not the cut's. O(T log T).
Source: arXiv 2606.24187, from the text of the paper; no code of its authors was at hand, so there is no `raw`.

Gaps of the paper, closed: fewer candidates than k are filled up by the next most relevant frames; a constant curve,
whose temperature would be 0, is a law of equal weights. The law takes the encoder's scores as they come while its
temperature is of the scaled ones: that is the letter of the paper, meant for cosines of CLIP; `scores` can change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.draws import generator
from ntlbg.selection.rivals.scores import unit_range

Scores = Literal["raw", "unit"]


@dataclass(frozen=True)
class AdaQ(Selector):
    """Sampling by a softmax of adaptive temperature. The paper reports the mean of three seeds."""

    name: ClassVar[str] = "adaq"
    source: ClassVar[str] = "arXiv 2606.24187; AdaQ"
    deterministic: ClassVar[bool] = False

    gamma: PositiveFloat = 0.5  # temperature per variance, as published; 1.5 for LongCLIP on Video-MME
    mass: Annotated[float, Field(gt=0, le=1)] = 0.9973  # of the law, held by the candidates; two sigma: 0.9545
    scores: Scores = "raw"  # what the law is a softmax of; "unit" brings them to [0, 1], as the variance does
    seed: int = 0  # another seed, another draw of the same law

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        logits = adaptive_logits(query.relevance, self.gamma, self.scores)
        noise = generator(self.seed, video, query).gumbel(size=len(video))
        return self.selection(video, drawn(logits, noise, self.mass, k))


def adaptive_logits(relevance: Array, gamma: float, scores: Scores) -> Array:
    """Logarithms of the law up to a constant: [T], the largest 0. A constant curve gives zeros."""
    unit = unit_range(relevance)
    temperature = gamma * np.var(unit)
    if temperature == 0:
        return np.zeros_like(unit)
    scaled = unit if scores == "unit" else relevance
    return (scaled - np.max(scaled)) / temperature


def drawn(logits: Array, noise: Array, mass: float, k: int) -> Array:
    """k different frames of the smallest set of frames that holds this share of the law, the most likely first in it.

    logits: [T]. noise: [T], Gumbel: the k largest sums of logit and noise are k draws without replacement. Where the
    set has fewer than k frames, all of it and the likeliest others. Ties go to the earlier frame.
    """
    order = np.argsort(-logits, kind="stable")
    law = np.exp(logits[order])
    held = np.cumsum(law / np.sum(law))
    size = int(np.searchsorted(held, mass)) + 1
    if size <= k:
        return order[:k]
    inside = np.sort(order[:size])
    return inside[np.argsort(-(logits[inside] + noise[inside]), kind="stable")[:k]]
