"""What a rule of another house works with: the features and scores as they are, or as `ntlbg` denoises them.

Denoising is a step of its own: a rule that is given it too can be compared for its choice alone.
Letters: T frames, d features, n frames of the pool. Source: docs/selection.md, "Rivals".
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import PREPARED_VIDEOS
from ntlbg.statistics.principal import denoised as smoothed_rows
from ntlbg.statistics.robust import robust_z


def inputs(video: VideoIndex, query: Query, frames: Array, denoised: bool) -> tuple[Array, Array]:
    """Features and relevance of these frames: [n, d] with rows of norm 1 (or 0), [n].

    denoised: as `ntlbg` sees them, smoothed along time, relevance less what look-alikes earn elsewhere; the scores are
    then brought back to the encoder's scale, for rules that take them for cosines.
    """
    if denoised:
        law = NTLBG().law(video, query)
        looks, relevance = law.space.features, in_scale_of(query.relevance, law.z)
    elif len(frames) < len(video):  # the pool's rows alone are cheaper than the video's, even kept ones
        return smoothed_rows(video.features[frames], video.timestamps_s[frames], 0.0), query.relevance[frames]
    else:
        looks, relevance = unit_rows(video), query.relevance
    if len(frames) == len(video):
        return looks, relevance
    return looks[frames], relevance[frames]


@lru_cache(maxsize=PREPARED_VIDEOS)  # a VideoIndex is equal only to itself; questions come video by video
def unit_rows(video: VideoIndex) -> Array:
    """The features of every frame, scaled to norm 1: [T, d] float64. A row of zeros stays."""
    rows = smoothed_rows(video.features, video.timestamps_s, 0.0)
    rows.setflags(write=False)
    return rows


def in_scale_of(relevance: Array, z: Array) -> Array:
    """z, in robust standard deviations, with the median and the robust spread of `relevance`: [T]."""
    standard = robust_z(relevance)
    width = float(np.std(standard))
    spread = float(np.std(relevance)) / width if width > 0 else 0.0  # robust_z is affine: this is what it divided by
    return np.median(relevance) + spread * z
