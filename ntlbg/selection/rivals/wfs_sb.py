"""WFS-SB: cut the video where relevance changes slowly but clearly, then choose inside the parts.

The coarsest detail band of the relevance curve's wavelet transform is large where relevance changes on the scale of
scenes, whatever the noise of single frames; its peaks are the borders of the parts. A part is worth its length, mean,
maximum and variance of relevance; worthless parts are dropped and the budget is shared by a softmax of the worth.
Within a part the rule begins at the most relevant frame and goes on by maximal marginal relevance: each frame is
relevant and unlike the nearest of those chosen. Parts with fewer frames than their share leave a rest, which is filled
in the same way from all frames. A curve without a peak gets k // 2 frames evenly spaced by number, from the first to
the last, and the most relevant of the others.
Letters: T frames, d features. O(T k d / parts), memory O(T d). Source: arXiv 2603.00512 and the lists that its release
returns, with the constants of its command line.

A trap, kept by `raw`: relevance enters as 2 s - 1 against cosines between frames, so it must be a probability. Cosines
of text and image, all near 0.25, leave looks alone in charge. Here relevance is brought to [0, 1] by its range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.released import released
from ntlbg.selection.rivals.scores import unit_range
from ntlbg.statistics.principal import denoised
from ntlbg.statistics.threads import one_thread
from ntlbg.statistics.wavelets import coarsest_detail

Share = Annotated[float, Field(ge=0, le=1)]

WORTH = np.array(
    [0.4, 0.2, 0.3, 0.1]
)  # of a part: its share of the frames, mean, maximum and share of variance, as released
NO_VARIANCE = 1e-8  # the release adds it to the variance that it divides by
FEW_PARTS = 3  # up to so many, none is dropped


@dataclass(frozen=True)
class WFSSB(Selector):
    """Wavelet-based selection at semantic boundaries. One set of constants for all benchmarks, all as released."""

    name: ClassVar[str] = "wfs_sb"
    source: ClassVar[str] = "arXiv 2603.00512; WFS-SB"

    height: NonNegativeFloat = 0.5  # a border's detail in standard deviations above the mean detail
    prominence: Share = 0.05  # of the range of the detail, by which a border stands out of its surroundings
    distance: PositiveInt = 5  # frames between two borders at least
    distance_share: Share = 0.02  # the same as a share of all frames; the larger of the two holds
    least_worth: NonNegativeFloat = 0.05  # a part below it is dropped
    strictness: NonNegativeFloat = 1.2  # so is one further below the mean worth, in standard deviations of the worths
    temperature: PositiveFloat = 1.0  # of the softmax of worths; worths lie in [0, 1], so shares differ little
    relevance_share: Share = 0.5  # λ of the marginal relevance: 1 looks at relevance alone, 0 at looks alone
    raw: bool = False  # what the authors' code returns, traps included

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        if self.raw:
            return released(self, video, wfs_sb_raw(query.relevance, video.features, k, self), k)
        looks = denoised(video.features, video.timestamps_s, smoothing_s=0.0)
        return self.selection(video, self.picks(unit_range(query.relevance), looks, k))

    @one_thread()
    def picks(self, scores: Array, looks: Array, k: int) -> Array:
        """k different frames, in the order of choice. scores: [T]. looks: [T, d], rows of norm 1 (or 0). k ≤ T."""
        if k == len(scores):
            return np.arange(k)
        borders = self.borders(scores)
        if not len(borders):
            return evenly_and_best(scores, k)
        starts, ends = np.r_[0, borders], np.r_[borders, len(scores)]
        worths = np.array([worth(scores, start, end) for start, end in zip(starts, ends, strict=True)])
        kept = self.kept(worths)
        gain = 2 * scores - 1  # on the scale of a cosine, from -1 to 1
        chosen: list[int] = []
        for part, share in zip(kept, shares(worths[kept] / self.temperature, k), strict=True):
            inside = np.arange(starts[part], ends[part])
            chosen += grown(gain, looks, [], inside, min(share, len(inside)), self.relevance_share)
        others = np.setdiff1d(np.arange(len(scores)), chosen)
        chosen += grown(gain, looks, chosen, others, k - len(chosen), self.relevance_share)
        return np.array(chosen, dtype=np.int64)

    def borders(self, scores: Array) -> Array:
        """The first frames of all parts but the first: peaks of the coarsest detail, increasing. scores: [T]."""
        from scipy.signal import find_peaks

        frames = len(scores)
        levels = max(1, int(np.log2(frames)) - 3)  # the band then holds changes over T/8 to T/16 frames
        detail = np.abs(coarsest_detail(scores, levels))
        peaks, _ = find_peaks(
            detail,
            height=np.mean(detail) + self.height * np.std(detail),
            prominence=self.prominence * np.ptp(detail),
            distance=max(self.distance, int(self.distance_share * frames)),
        )
        return peaks

    def kept(self, worths: Array) -> Array:
        """The parts that are worth frames, increasing: all where there are few, or none would be left."""
        if len(worths) <= FEW_PARTS:
            return np.arange(len(worths))
        least = max(self.least_worth, float(np.mean(worths) - self.strictness * np.std(worths)))
        kept = np.flatnonzero(worths >= least)
        return kept if len(kept) else np.arange(len(worths))


def wfs_sb_raw(relevance: Array, features: Array, k: int, rule: WFSSB | None = None) -> Array:
    """The authors' list: relevance as it comes, which they have as the probability that text and image match.

    relevance: [T]. features: [T, d]. rule: its constants, theirs by default. T ≤ k gives every frame.
    """
    norms = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    looks = features / np.where(norms > 0, norms, 1.0)
    return (rule or WFSSB()).picks(relevance, looks, min(k, len(relevance)))


def evenly_and_best(scores: Array, k: int) -> Array:
    """k // 2 frames evenly spaced from the first to the last, and the most relevant others. Ties: the earlier frame."""
    even = np.linspace(0, len(scores) - 1, k // 2, dtype=np.int64)
    order = np.argsort(-scores, kind="stable")
    others = order[~np.isin(order, even)]
    return np.concatenate([even, others[: k - len(even)]])


def worth(scores: Array, start: int, end: int) -> float:
    """What a part is worth: 0.4 length + 0.2 mean + 0.3 maximum + 0.1 variance, the first and the last as shares."""
    inside = scores[start:end]
    variance = np.var(inside) / (np.var(scores) + NO_VARIANCE)
    return float(WORTH @ np.array([len(inside) / len(scores), np.mean(inside), np.max(inside), variance]))


def shares(exponents: Array, k: int) -> list[int]:
    """k frames shared by a softmax: the whole numbers, then one each to the largest remainders. Ties: earlier part."""
    weights = np.exp(exponents - np.max(exponents))
    exact = k * weights / np.sum(weights)
    counts = np.floor(exact).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: k - int(np.sum(counts))]] += 1
    return counts.tolist()


def grown(gain: Array, looks: Array, chosen: list[int], candidates: Array, count: int, share: float) -> list[int]:
    """`count` more frames by maximal marginal relevance: argmax share · gain - (1 - share) · max cosine to the chosen.

    gain: [T]. looks: [T, d], rows of norm 1 (or 0). chosen: frames so far; where there are none, the first pick is
    that of largest gain. candidates: increasing frames, none of them chosen. Ties go to the earlier frame.
    """
    if count == 0:
        return []  # most often the case of the last filling, which would copy all looks
    inside, worth_now = looks[candidates], share * gain[candidates]
    is_open = np.ones(len(candidates), dtype=bool)
    nearest = np.full(len(candidates), -np.inf)
    picks: list[int] = []
    before = list(chosen)
    while len(picks) < count:
        for frame in before:
            # not by BLAS: it sums equal rows in different orders, and equal frames would no longer tie
            nearest = np.maximum(nearest, np.einsum("ij,j->i", inside, looks[frame]))
        value = worth_now - (1 - share) * nearest if chosen or picks else gain[candidates]
        place = int(np.argmax(np.where(is_open, value, -np.inf)))
        is_open[place] = False
        picks.append(int(candidates[place]))
        before = picks[-1:]
    return picks
