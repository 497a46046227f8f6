"""What the rules that weigh frames by a question share: the space of a video, and the law of a question on it.

Letters: T frames, d features, r principal directions, P anchors. Source: docs/selection.md, "Space" and "Tilt".
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.statistics import laws
from ntlbg.statistics.principal import basis_of, denoised
from ntlbg.statistics.robust import peak_share, robust_z
from ntlbg.statistics.smoothing import smooth
from ntlbg.statistics.threads import one_thread

Betas = Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1)]

PREPARED_VIDEOS = 4  # kept at a time: about 40 MB each for an hour at 1 fps, and questions come video by video


@dataclass(frozen=True)
class Tilted(Selector, ABC):
    """A rule on the relevance-tilted law; its fields are the constants of the space and of the law."""

    smoothing_s: NonNegativeFloat = 0.7  # one to two frames of encoder noise; more merges short moments
    rank: PositiveInt = 64  # directions of the space in which the law is represented
    clip: PositiveFloat = 6.0  # robust sd: one freak score must not set the scale of the smoothed curve
    contrast: NonNegativeFloat = 0.3  # share of what look-alikes earn elsewhere that a frame loses; > 0.6 costs
    contrast_rank: PositiveInt = 32  # directions in which frames look alike: backgrounds, not details
    contrast_width: PositiveFloat = 0.30  # squared distance (rms norm 1) at which likeness has fallen to 1/e
    contrast_gap_s: NonNegativeFloat = 30.0  # nearer frames show the same moment: their relevance is evidence
    contrast_anchors: PositiveInt = 600  # frames that stand for the whole video in the contrast: bounds its cost
    betas: Betas = (0.3, 1.0, 2.0)  # one law for the whole video and for its peaks

    @one_thread()
    def law(self, video: VideoIndex, query: Query) -> Law:
        """The law of this question on this video."""
        space = prepared(
            video,
            self.smoothing_s,
            self.rank,
            self.contrast_rank,
            self.contrast_width,
            self.contrast_gap_s,
            self.contrast_anchors,
            self.contrast,
        )
        z = self._relevance(space, video, query)
        weights = laws.tilt(z, self.betas)
        # believed as far as a peak stands out of the noise, and as far as the law left the plain one for it
        trust = peak_share(query.relevance, video.timestamps_s, self.smoothing_s)
        trust *= max(0.0, 1.0 - laws.effective_share(weights))
        return Law(space, z, weights, trust)

    def _relevance(self, space: Space, video: VideoIndex, query: Query) -> Array:
        """Relevance in robust standard deviations, denoised, less what look-alike frames earn elsewhere: [T]."""
        clipped = np.clip(robust_z(query.relevance), -self.clip, self.clip)
        z = robust_z(smooth(clipped, video.timestamps_s, self.smoothing_s))
        if self.contrast == 0:
            return z
        return robust_z(z - self.contrast * (space.lookalikes @ z[:: space.stride]))


@dataclass(frozen=True, eq=False)
class Space:
    """What is computed once per video and shared by all its questions.

    features: [T, d] denoised, unit rows. norms2: [T] their squared norms. points: [T, r + 1] principal scores with rms
    row norm 1, then time with variance 1: time weighs as much as all directions together. lookalikes: [T, P] weights
    of the anchor frames (every `stride`-th frame) that look like each frame but are not near it in time.
    """

    features: Array
    norms2: Array
    points: Array
    lookalikes: Array
    stride: int


@dataclass(frozen=True, eq=False)
class Law:
    """z: [T] relevance in robust sd. weights: [T], sum 1. trust: how far the curve was believed, 0 to 1."""

    space: Space
    z: Array
    weights: Array
    trust: float


@lru_cache(maxsize=PREPARED_VIDEOS)  # a VideoIndex is frozen and equal only to itself: it is its own key
@one_thread()
def prepared(
    video: VideoIndex,
    smoothing_s: float,
    rank: int,
    contrast_rank: int,
    contrast_width: float,
    contrast_gap_s: float,
    contrast_anchors: int,
    contrast: float,
) -> Space:
    """The space of a video. `video.basis` is used where there is one, up to `rank` directions."""
    features = denoised(video.features, video.timestamps_s, smoothing_s)
    basis = video.basis[:rank] if video.basis is not None else basis_of(features, rank)
    scores = (features - features.mean(axis=0)) @ basis.T
    times = video.timestamps_s
    spread = float(np.std(times))
    standard_time = (times - times.mean()) / spread if spread > 0 else np.zeros_like(times)
    points = np.column_stack([_unit_rms(scores), standard_time])
    stride = -(-len(video) // contrast_anchors)
    like = _likeness(_unit_rms(scores[:, :contrast_rank]), times, stride, contrast_width, contrast_gap_s)
    lookalikes = like / (like.sum(axis=1, keepdims=True) + contrast) if contrast > 0 else like
    norms2 = np.einsum("ij,ij->i", features, features)
    return Space(features, norms2, points, lookalikes, stride)


def _unit_rms(scores: Array) -> Array:
    """Scores scaled so that the root mean square of their row norms is 1; zeros where all frames are alike."""
    rms = float(np.sqrt(np.square(scores).sum(axis=1).mean()))
    return scores / rms if rms > 0 else scores


def _likeness(scores: Array, times: Array, stride: int, width: float, gap_s: float) -> Array:
    """exp(-squared distance / width) between each frame and each anchor; 0 within gap_s seconds: [T, P]."""
    anchors = scores[::stride]
    distance2 = np.square(scores).sum(axis=1)[:, None] + np.square(anchors).sum(axis=1) - 2 * (scores @ anchors.T)
    like = np.exp(np.maximum(distance2, 0.0) / -width)
    like[np.abs(times[:, None] - times[::stride]) <= gap_s] = 0.0
    return like
