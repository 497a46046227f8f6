"""Q-Frame: frames ranked by relevance plus random noise, which is a draw from a softmax without replacement.

Gumbel noise on the logarithms of a softmax makes the k largest sums k draws from it. Candidates are 128 frames,
uniform in time, or every frame of a shorter video. O(T).
The published rule gives its first ranks more pixels (4 frames at half the side, 8 at a quarter, 32 at an eighth: the
tokens of some 8 whole ones). Resolution belongs to the presentation, which is the same for every rule; here all k
frames are equal. Source: arXiv 2506.22139 and its release.

Traps of the release: its draw has no seed; where the match fails it takes random frames and says nothing; the question
is cut out of the prompt at fixed places. None of them is possible here. What `raw` keeps: single precision, in which
frames far below the best all become impossible and fall back to the order of time; a grid that sits on both ends; and
never more than 128 frames, whatever k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt, PositiveFloat

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.draws import generator
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.rivals.released import released

SMALL = 1e-10  # the release adds it inside its logarithms


@dataclass(frozen=True)
class QFrame(Selector):
    """Gumbel top-k with every frame at the same resolution."""

    name: ClassVar[str] = "qframe"
    source: ClassVar[str] = "arXiv 2506.22139; Q-Frame"
    deterministic: ClassVar[bool] = False

    pool: NonNegativeInt = 128  # candidates, uniform in time, as published; 0 = all frames
    temperature: PositiveFloat = 0.8  # of the dot products, as released
    # relevance here is a cosine; the release takes dot products of vectors that were not scaled to length 1, and how
    # long LongCLIP's are it does not say: CLIP's own factor from cosines to the exponents of its softmax stands in
    scale: PositiveFloat = 100.0
    raw: bool = False  # what the authors' code returns, traps included
    seed: int = 0  # another seed, another draw of the same law

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        draw = generator(self.seed, video, query)
        picks = qframe_raw(query.relevance, k, draw, self.temperature, self.pool, self.scale)
        return released(self, video, picks, k)

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = pool_frames(video.timestamps_s, self.pool, k)
        noise = generator(self.seed, video, query).gumbel(size=len(video))
        # a softmax differs from its exponents' logarithms by a constant, which moves no rank
        keys = (query.relevance - np.max(query.relevance)) * (self.scale / self.temperature) + noise
        return self.selection(video, frames[np.argsort(-keys[frames], kind="stable")[:k]])


def qframe_raw(
    relevance: Array,
    k: int,
    draw: np.random.Generator,
    temperature: float = 0.8,
    pool: int = 128,
    scale: float = 100.0,
) -> Array:
    """The authors' list of frames, best rank first: at most `pool` of them.

    relevance: [T], cosines. draw: theirs has no seed.
    """
    frames = np.arange(len(relevance))
    if 0 < pool < len(frames):
        frames = np.linspace(0, len(relevance) - 1, pool, dtype=int)
    products = (relevance[frames] * scale).astype(np.float32) / np.float32(temperature)
    weights = np.exp(products - np.max(products))
    uniform = draw.random(len(frames), dtype=np.float32)
    with np.errstate(divide="ignore"):
        keys = np.log(weights / np.sum(weights))
    keys = keys - np.log(-np.log(uniform + np.float32(SMALL)) + np.float32(SMALL))
    return frames[np.argsort(-keys, kind="stable")[:k]]
