"""Uniform sampling: the centres of k equal spans of time. What everyone does.

Unbeaten where the whole video matters; misses a moment shorter than its grid with probability 1 - length · k / T.
Source: docs/selection.md, "Baselines".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.statistics.smoothing import frame_gap_s


@dataclass(frozen=True)
class Uniform(Selector):
    """Blind to the question."""

    name: ClassVar[str] = "uniform"
    source: ClassVar[str] = "docs/selection.md, Baselines: bin centres"
    uses_relevance: ClassVar[bool] = False

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        return self.selection(video, bin_centres(video.timestamps_s, k))


def bin_centres(timestamps_s: Array, k: int) -> Array:
    """The frames on screen at the centres of k equal spans of time: [k] increasing indices, k ≤ T.

    At constant spacing these are the frames floor((i + 1/2) T / k), i = 0..k-1. Where frames are so irregular that
    two centres meet the same frame, the later centre takes the next frame.
    """
    frames, gap = len(timestamps_s), frame_gap_s(timestamps_s)
    first, length = timestamps_s[0], timestamps_s[-1] + gap - timestamps_s[0]
    centres = first + (np.arange(k) + 0.5) * (length / k)
    # a centre that falls on a timestamp must not slip to the frame before by rounding
    seen = np.searchsorted(timestamps_s, centres + 1e-6 * gap, side="right") - 1
    places = np.arange(k)
    apart = np.maximum.accumulate(seen - places) + places
    return np.minimum(apart, frames - k + places)
