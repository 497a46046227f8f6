"""Conditional k-DPP: the likeliest set of k frames under quality × similarity × quality, sought greedily.

A determinantal point process gives a set S a probability in proportion to det(L_S); with L = q_i (x_i · x_j) q_j that
is the product of the squared qualities times the squared volume that the frames span. The best set is hard to find;
greedily, each next frame is the one of largest 2 log q + log v, v being its variance given the chosen ones.
Quality is relevance brought to [0, 1] by its range, with a floor, so that the least relevant frame is possible.
A constant curve gives quality 1 everywhere. Ties go to the earlier frame. O(T k (d + k)), memory O(T (d + k)).
Letters: T frames, d features, n frames of the pool.
Source: Kulesza and Taskar 2011; Chen, Zhang and Zhou 2018; arXiv 2506.10967 (quality from the question).

Traps, all kept by `raw`: a constant curve is 1e-6 / 0, and frames beyond the rank of the features have negative
variances, whose roots are not numbers; either turns the rest of the list into two frames in turn. Here the floor goes
with the range, and a noise variance keeps every frame possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.inputs import inputs
from ntlbg.selection.rivals.pool import pool_frames
from ntlbg.selection.rivals.released import released
from ntlbg.selection.rivals.scores import unit_range
from ntlbg.statistics.information import greedy_logdet
from ntlbg.statistics.threads import one_thread

FLOOR = 1e-6  # of the range: quality of the least relevant frame, as released


@dataclass(frozen=True)
class KDPP(Selector):
    """Greedy most probable set of a k-DPP whose qualities come from the question."""

    name: ClassVar[str] = "kdpp"
    source: ClassVar[str] = "Kulesza and Taskar 2011; conditional as in arXiv 2506.10967"

    power: NonNegativeFloat = 1.0  # of the quality, as released; 0 never looks at the question
    jitter: PositiveFloat = 0.01  # noise variance of a unit feature: a copy of a frame keeps 2 % of its variance
    pool: NonNegativeInt = 0  # candidates, uniform in time; 0 = all frames, as released
    raw: bool = False  # what the authors' code returns, traps included

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        frames = pool_frames(video.timestamps_s, self.pool, k)
        looks, relevance = inputs(video, query, frames, denoised=False)
        if self.raw:
            return released(self, video, frames[kdpp_raw(relevance, looks, k)], k)

        quality = unit_range(relevance)
        quality = quality + FLOOR if np.any(quality > 0) else np.ones_like(quality)
        gain = 2 * self.power * np.log(quality)
        variance = np.einsum("ij,ij->i", looks, looks)
        picks = greedy_logdet(gain, variance, lambda j: looks[j] @ looks.T, k, self.jitter)
        return self.selection(video, frames[picks])


@one_thread()
def kdpp_raw(relevance: Array, looks: Array, k: int) -> Array:
    """The list of the authors' code: [k], in the order of choice, with repeats once a variance is not a number.

    relevance: [n], of a sign that makes more relevant larger. looks: [n, d], rows of norm 1.
    """
    factors = np.zeros((k, len(relevance)))
    picks = np.zeros(k, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        quality = (relevance - np.min(relevance) + FLOOR) / (np.max(relevance) - np.min(relevance))
        left = quality * np.einsum("ij,ij->i", looks, looks) * quality
        for n in range(k):
            pick = picks[n] = np.argmax(left)  # the first not-a-number, where there is one
            column = quality[pick] * (looks @ looks[pick]) * quality
            factors[n] = (column - factors[:n, pick] @ factors[:n]) / np.sqrt(left[pick])
            left = left - np.square(factors[n])
            left[pick] = -np.inf
    return picks
