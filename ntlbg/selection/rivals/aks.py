"""AKS, adaptive keyframe sampling: halve the video until a part has a clear peak, then take each part's best frames.

Judge and split: a segment whose k best scores lie far above its mean is a peak and keeps its frames together; any
other is cut in two, and each half may give half as many. So relevance decides within a part, coverage between parts.
A tie goes to the earlier frame. Memory O(T). Source: arXiv 2502.21271 and the lists that its release returns.

Traps, all kept by `raw`: a part of depth d gives floor(k / 2^d) frames, so k = 8 at depth 4 gives none and the usual
answer for k < 32 is the empty list; k that is no multiple of 2^d loses frames; a constant curve is 0 / 0. Here the
depth is at most log2 k, and the most relevant of the frames left out fill up what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.released import released
from ntlbg.selection.rivals.scores import topped_up, unit_range


@dataclass(frozen=True)
class AKS(Selector):
    """Adaptive keyframe sampling with the constants of its release."""

    name: ClassVar[str] = "aks"
    source: ClassVar[str] = "arXiv 2502.21271; AKS"

    gap: float = 0.8  # of scores in [0, 1]: how far the best must stand above the mean for a segment to stay whole
    spread: float = -100.0  # least standard deviation of such a segment; this one never stops anything
    depth: NonNegativeInt = 5  # halvings at most; the authors set it anew for each answering model
    halve_top: bool = False  # judge a half by the k / 2 best of it, which it may give; the release keeps k
    raw: bool = False  # what the authors' code returns, traps included

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        # with the k that was asked for: beyond T it changes what the release does
        return released(self, video, aks_raw(query.relevance, k, self.gap, self.spread, self.depth), k)

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        depth = min(self.depth, k.bit_length() - 1)  # 2^depth ≤ k: every part gives a frame
        scores = unit_range(query.relevance)
        picks = best_of_parts(scores, k, self.gap, self.spread, depth, self.halve_top)
        return self.selection(video, topped_up(picks, query.relevance, k))


def aks_raw(relevance: Array, k: int, gap: float = 0.8, spread: float = -100.0, depth: int = 5) -> Array:
    """The list of the authors' code: sorted indices, mostly fewer than k and often none; every frame where T < k.

    relevance: [T]. A constant curve becomes not-a-number there: no segment is a peak then, and all ties.
    """
    if len(relevance) < k:
        return np.arange(len(relevance))
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = (relevance - np.min(relevance)) / (np.max(relevance) - np.min(relevance))
    return best_of_parts(scores, k, gap, spread, depth, halve_top=False)


def best_of_parts(scores: Array, k: int, gap: float, spread: float, depth: int, halve_top: bool) -> Array:
    """The floor(k / 2^d) best frames of each part, d being how often the video was halved for it: sorted indices.

    scores: [T], from 0 to 1. Parts are disjoint and their shares 2^-d sum to 1, so these are at most k frames.
    """
    picks: list[Array] = []
    parts = [(0, len(scores), 0)]
    while parts:
        start, end, level = parts.pop()
        if start == end:  # half of a single frame
            continue
        inside = scores[start:end]
        best = np.argsort(-inside, kind="stable")  # not-a-number everywhere: the earliest first
        if level < depth and not _is_peak(inside, best[: k >> level if halve_top else k], gap, spread):
            middle = start + len(inside) // 2
            parts += [(start, middle, level + 1), (middle, end, level + 1)]
        else:
            picks.append(start + best[: k >> level])
    return np.sort(np.concatenate(picks))


def _is_peak(scores: Array, best: Array, gap: float, spread: float) -> bool:
    """Whether the best frames of a segment lie more than `gap` above its mean, and its scores are spread enough."""
    return bool(np.mean(scores[best]) - np.mean(scores) > gap and np.std(scores) > spread)
