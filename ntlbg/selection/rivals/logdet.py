"""Relevance and log-determinant: each next frame adds relevance, and volume to what is chosen.

Greedy: add the frame of largest r + λ log v, v being its variance given the chosen frames under the kernel of
cosines; log v is the growth of log det, so a copy of a chosen frame adds next to nothing.
Relevance is brought to [0, 1] by its range, as the rule was published for probabilities and raw cosines would not count
against log v. A constant curve leaves diversity alone in charge. Ties go to the earlier frame.
O(T k (d + k)), memory O(T (d + k)). λ is fixed here; it is not the rule that sets it anew for each video.
Letters: T frames, d features. Source: arXiv 2510.02778, equation of the greedy step; Chen, Zhang and Zhou 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt, PositiveFloat

from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.inputs import inputs
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.rivals.scores import unit_range
from ntlbg.statistics.information import greedy_logdet
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class LogDet(Selector):
    """Relevance plus λ times the growth of the log-determinant."""

    name: ClassVar[str] = "logdet"
    source: ClassVar[str] = "arXiv 2510.02778; relevance + log-determinant with a fixed weight"

    weight: PositiveFloat = 0.5  # λ, what one unit of log-volume is worth in relevance from 0 to 1; published
    jitter: PositiveFloat = 0.01  # noise variance of a unit feature: a copy of a frame keeps 2 % of its variance
    pool: NonNegativeInt = 0  # candidates, uniform in time; 0 = all frames, as published
    denoised: bool = False  # on the denoised features and relevance that ntlbg works with

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = pool_frames(video.timestamps_s, self.pool, k)
        looks, relevance = inputs(video, query, frames, self.denoised)

        variance = np.einsum("ij,ij->i", looks, looks)
        gain = unit_range(relevance) / self.weight
        picks = greedy_logdet(gain, variance, lambda j: looks[j] @ looks.T, k, self.jitter)
        return self.selection(video, frames[picks])
