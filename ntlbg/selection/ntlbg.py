"""NTLBG: many representative points of the question's law, then few of them by relevance and conditional variance.

Representing comes first and choosing second: points of least squared error are spent on screen time, evidence is
not. Against one relevant moment it finds the peak; against a flat curve it covers the video. A question whose words ask
about the video as a whole has no peak to find: each of its frames is from one of k equal spans of time.
Letters: T frames, M representatives, k chosen. Source: docs/selection.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.spans import span_points
from ntlbg.selection.tilted import Law, Tilted
from ntlbg.selection.wording import asks_about_the_whole
from ntlbg.statistics import laws
from ntlbg.statistics.information import lazy_logdet
from ntlbg.statistics.nets import quantile_frames
from ntlbg.statistics.points import Representation, cell_masses, explained, lbg, nearest
from ntlbg.statistics.robust import excess_kurtosis
from ntlbg.statistics.threads import one_thread


@dataclass(frozen=True)
class NTLBG(Tilted):
    """Number-theoretic LBG with determinantal thinning."""

    name: ClassVar[str] = "ntlbg"
    source: ClassVar[str] = "docs/selection.md, after Fang and Wang 1994 and Linde, Buzo and Gray 1980"

    representatives: PositiveInt = 512  # fewer merge short moments away
    representatives_per_pick: PositiveInt = 16  # the same for k > 32
    representatives_share: PositiveFloat = 0.75  # of the frames at most: a cell needs more than one frame to choose
    steps: PositiveInt = 1  # further ones change no recall: what is chosen are frames of the cells, not their centres
    snap: NonNegativeFloat = 3.0  # robust sd of relevance against distance² in units of the cell's mean
    relevance_weight: NonNegativeFloat = 0.12  # log-variance that one robust sd is worth: relevance against diversity
    time_share: NonNegativeFloat = 0.1  # of the kernel that fades with time: a look-alike far away is another moment
    time_width_s: PositiveFloat = 120.0  # two minutes: within them a look-alike is most likely the same moment
    sharp_floor: PositiveFloat = 2.5  # robust sd: black frames and credits, which match nothing, make no curve sharp
    sharp_from: float = 0.5  # excess kurtosis of what is left, up to which nothing changes: noise and broad humps
    sharp_to: float = 2.0  # and from which it is sharp: few frames stand far out of all others
    sharp_weight: PositiveFloat = 1.5  # what the weight of relevance is multiplied by for a sharp curve
    sharp_share: NonNegativeFloat = 0.6  # `time_share` of a sharp curve: what peaks twice is two moments,
    sharp_width_s: PositiveFloat = 10.0  # however alike they look, unless seconds lie between them
    jitter: PositiveFloat = 0.01  # noise variance of a unit-norm feature; keeps duplicates from being singular
    wording: bool = True  # a question about the whole video is given coverage; False reads no words

    def covers(self, query: Query) -> bool:
        """Whether the words of the question ask about the whole video: then its frames cover it evenly."""
        return self.wording and asks_about_the_whole(query.text)

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        if self.covers(query):
            return self.covering(video, law, k)
        return self.report(video, law, np.sort(self.chosen(video, law, k)))

    def chosen(self, video: VideoIndex, law: Law, k: int) -> Array:
        """k different frames under the law, in any order: [k] indices. The step that a variant of the rule changes."""
        if k >= len(video):
            return np.arange(len(video))
        frames = self.snapped(law, self.represent(law, k))
        return frames[self.thinned(video, law, frames, k)]

    def represent(self, law: Law, k: int) -> Representation:
        """M representative points of the law: the net of its time quantiles, refined by `steps` of weighted LBG."""
        start = law.space.points[quantile_frames(law.weights, self.pool_size(len(law.weights), k))]
        return lbg(law.space.points, law.weights, start, self.steps)

    def pool_size(self, frames: int, k: int) -> int:
        """M, the representatives of so many frames; all frames where all are chosen."""
        m = max(self.representatives, self.representatives_per_pick * k)
        return min(frames, max(k, min(m, int(self.representatives_share * frames))))

    def snapped(self, law: Law, cells: Representation) -> Array:
        """One frame of each cell, the most relevant that is not too far from its centre: [M] sorted indices."""
        sizes = np.bincount(cells.cells)
        mean2 = (np.bincount(cells.cells, weights=cells.distance2) / sizes)[cells.cells]
        far = np.divide(cells.distance2, mean2, out=np.zeros_like(mean2), where=mean2 > 0)
        order = np.lexsort((far - self.snap * law.z, cells.cells))  # stable: ties stay with the earlier frame
        return np.sort(order[np.cumsum(sizes) - sizes])

    def thinned(self, video: VideoIndex, law: Law, frames: Array, k: int) -> list[int]:
        """k of the M representatives, as places in `frames`, in the order of choice.

        The first is the most relevant representative, whatever k is.
        """
        weight, share, width_s = self.trade_off(law)
        features, variance = law.space.features, law.space.norms2[frames]

        def kernel(columns: Array) -> Callable[[Array], Array]:
            x, times = features[frames[columns]], video.timestamps_s[frames[columns]]

            def rows(j: Array) -> Array:
                near = np.exp(np.square(times - video.timestamps_s[frames[j]][:, None]) / (-2 * width_s**2))
                return (features[frames[j]] @ x.T) * (1 - share + share * near)

            return rows

        return lazy_logdet(weight * law.z[frames], variance, kernel, k, self.jitter)

    def trade_off(self, law: Law) -> tuple[float, float, float]:
        """(weight of relevance, time's share of the kernel, its width in seconds), by how sharp the curve is."""
        span = max(self.sharp_to - self.sharp_from, 1e-9)
        tails = excess_kurtosis(np.maximum(law.z, -self.sharp_floor))
        sharp = min(max((tails - self.sharp_from) / span, 0.0), 1.0)
        return (
            self.relevance_weight * self.sharp_weight**sharp,
            self.time_share + sharp * (self.sharp_share - self.time_share),
            self.time_width_s * (self.sharp_width_s / self.time_width_s) ** sharp,
        )

    def covering(self, video: VideoIndex, law: Law, k: int) -> Selection:
        """The frames that stand for k equal spans of time, told under the law of all frames alike: nothing is believed
        of the curve.
        """
        plain = np.full(len(video), 1 / len(video))
        chosen = span_points(law.space.points, video.timestamps_s, k)
        return self.report(video, replace(law, weights=plain, trust=0.0), chosen)

    def report(self, video: VideoIndex, law: Law, chosen: Array) -> Selection:
        """The chosen frames with the masses of their cells under the law, and how much of it they explain."""
        points, weights = law.space.points, law.weights
        cells, distance2 = nearest(points, points[chosen])
        distortion = float(weights @ distance2)
        return self.selection(
            video,
            chosen,
            masses=cell_masses(cells, weights, len(chosen)),
            distortion=distortion,
            explained=explained(distortion, laws.trace(points, weights)),
            trust=law.trust,
        )
