"""FOCUS: clips are the arms of a bandit, which looks at few frames before it decides where to look closely.

Each arm is some 16 s of video. A few of its frames are scored; an upper confidence bound of their mean (Bernstein's:
mean + sqrt(2 ln N · variance / n) + 3 ln N / n) names the arms that may be good, and a quarter of them are scored
densely. A fifth of the budget goes to the best frames seen; the rest is spread evenly over the best arms and drawn
there by a softmax of what was seen, a frame that was not scored taking the score of the nearest one that was.
The point of the original is to score few frames of an undecoded video. Here the whole curve is at hand, and the rule
**opens only the values that it would have scored**: the values left closed cannot change a pick. At one candidate
frame per second that is 3 of every 16 frames, and all frames of a quarter of the arms: 39 % of the curve (of the
original's 25 frames per second it is 1.6 %). An arm is judged by its mean, so a needle of one frame is diluted.
Letters: T frames. O(T + k²), memory O(T). Source: arXiv 2510.27280 and its release.

Traps of the release, kept by `raw`: closely scored frames change neither the arms nor the interpolation; the best
fifth ignores the least gap between frames, and so do draws from one arm among themselves; the last frames belong to no
arm; scores are cut to [0, 1], so negative ones are all alike; arms too short for their share leave the list short.
Here every opened value counts, the arms that were looked at closely are ranked again by it, the gap holds wherever the
arm has other frames, arms cover the video, opened values are brought to [0, 1] by their range, and a short list is
filled up with the frames of highest estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector
from ntlbg.selection.rivals.draws import generator
from ntlbg.selection.rivals.released import released
from ntlbg.selection.rivals.scores import topped_up, unit_range
from ntlbg.statistics.smoothing import frame_gap_s

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True)
class FOCUS(Selector):
    """Frame-optimistic confidence upper-bound selection, all constants as released."""

    name: ClassVar[str] = "focus"
    source: ClassVar[str] = "arXiv 2510.27280; FOCUS"
    deterministic: ClassVar[bool] = False

    arm_s: PositiveFloat = 16.0  # length of an arm
    least_arms: PositiveInt = 8  # however short the video
    extra: NonNegativeInt = 2  # frames of each arm opened at random beside its middle one
    zoom: Share = 0.25  # of the arms are looked at closely
    least_zoomed: PositiveInt = 4
    most_final: PositiveInt = 32  # of those, so many give frames in the end
    fine_s: PositiveFloat = 1.0  # one frame per so many seconds in a close look
    fine_even: Share = 0.5  # of those frames are evenly spaced, the others random
    least_variance: PositiveFloat = 1e-6  # of an arm's scores in [0, 1]; a few equal ones do not make it certain
    top: Share = 0.2  # of the budget goes to the best frames opened
    gap_s: NonNegativeFloat = 1.0  # two frames show the same below it; a quarter of the mean spacing if that is less
    temperature: PositiveFloat = 0.06  # of the draw, over scores in [0, 1] within the arm
    raw: bool = False  # what the authors' code returns, traps included
    seed: int = 0  # another seed, other frames opened and drawn

    def select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        fixed = super().select(video, query, k)
        if not self.raw:
            return fixed
        rate = 1 / frame_gap_s(video.timestamps_s)
        return released(self, video, focus_raw(query.relevance, rate, k, generator(self.seed, video, query), self), k)

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        picks, _ = self.picks(video.timestamps_s, query.relevance, k, generator(self.seed, video, query))
        return self.selection(video, picks)

    def picks(self, times: Array, relevance: Array, k: int, draw: np.random.Generator) -> tuple[Array, Array]:
        """k sorted frames, and a mask of the frames whose relevance was opened: [k], [T].

        times: [T] in seconds. relevance: [T], of which only the opened values are looked at. k ≤ T.
        """
        first, second = draw.random((2, len(times)))
        noise = draw.gumbel(size=len(times))
        borders = arm_borders(times, self.arm_s, self.least_arms)
        opened = middles_and_random(borders, first, self.extra)
        bounds = upper_bounds(borders, opened, relevance, self.least_variance)
        count = min(len(bounds), max(self.least_zoomed, int(np.ceil(self.zoom * len(bounds)))))
        zoomed = np.argsort(-bounds, kind="stable")[:count]

        frame_s = frame_gap_s(times)
        for arm in (np.arange(borders[i], borders[i + 1]) for i in zoomed):
            length_s = times[arm[-1]] - times[arm[0]] + frame_s
            wanted = min(len(arm), max(1, int(length_s / self.fine_s + 1e-6)))  # 16 times 0.1 s are not 1.59 s
            opened[even_and_random(arm, second[arm], opened[arm], wanted, self.fine_even)] = True
        bounds = upper_bounds(borders, opened, relevance, self.least_variance)
        final = zoomed[np.argsort(-bounds[zoomed], kind="stable")][: self.most_final]

        guess = interpolated(borders, times, opened, relevance)
        # a gap is meant in whole frames, as released: 0.99 s between frames are one second
        spread = Spread(times, least_gap_s(times, k, self.gap_s) - frame_s / 2)
        seen = np.flatnonzero(opened)
        best = seen[np.argsort(-relevance[seen], kind="stable")]
        spread.take(best, round(self.top * min(k, len(seen))))
        for i, need in zip(final, even_shares(k - int(spread.chosen.sum()), len(final)), strict=True):
            free = spread.free(np.arange(borders[i], borders[i + 1]))
            if need and len(free):
                keys = unit_range(guess[free]) / self.temperature + noise[free]
                spread.take(free[np.argsort(-keys, kind="stable")], need)
        return topped_up(np.flatnonzero(spread.chosen), guess, k), opened


class Spread:
    """The frames chosen so far, as a mask [T], and which frames lie less than near_s from one of them."""

    def __init__(self, times: Array, near_s: float) -> None:
        self.chosen = np.zeros(len(times), dtype=bool)
        self.first = np.searchsorted(times, times - near_s, side="right")
        self.last = np.searchsorted(times, times + near_s, side="left")

    def free(self, frames: Array) -> Array:
        """Those not chosen and not near a chosen one; where there are none, those not chosen."""
        left = frames[~self.chosen[frames]]
        before = np.concatenate([[0], np.cumsum(self.chosen)])
        apart = left[before[self.last[left]] <= before[self.first[left]]]
        return apart if len(apart) else left

    def take(self, frames: Array, count: int) -> None:
        """Choose `count` of the frames, in their order: first those apart from all chosen ones, then any."""
        goal = int(self.chosen.sum()) + count
        for frame in frames.tolist():
            if count and not self.chosen[frame] and not self.chosen[self.first[frame] : self.last[frame]].any():
                self.chosen[frame] = True
                count -= 1
            if not count:
                return
        others = frames[~self.chosen[frames]]
        self.chosen[others[: goal - int(self.chosen.sum())]] = True


def arm_borders(times: Array, arm_s: float, least: int) -> Array:
    """Where the arms begin and end: [arms + 1] from 0 to T, equal numbers of frames, none empty. times: [T] in s."""
    duration = times[-1] - times[0] + frame_gap_s(times)
    count = min(len(times), max(least, int(np.ceil(duration / arm_s - 1e-6))))
    return np.arange(count + 1) * len(times) // count


def middles_and_random(borders: Array, lots: Array, extra: int) -> Array:
    """The middle frame of each arm and those `extra` others with the smallest lots: a mask [T]. lots: [T], ≥ 0."""
    lots = lots.copy()
    lots[(borders[:-1] + borders[1:] - 1) // 2] = -1.0
    sizes = np.diff(borders)
    order = np.lexsort((lots, np.repeat(np.arange(len(sizes)), sizes)))  # arm after arm, its smallest lots first
    ranks = np.arange(len(lots)) - np.repeat(borders[:-1], sizes)
    opened = np.zeros(len(lots), dtype=bool)
    opened[order[ranks <= extra]] = True
    return opened


def even_and_random(arm: Array, lots: Array, opened: Array, wanted: int, even: float) -> Array:
    """`wanted` frames of an arm, a share `even` of them at the centres of equal parts, the others by smallest lot.

    arm, lots, opened: [n]. The random ones are not among those opened before.
    """
    count = round(wanted * even)
    centres = ((np.arange(count) + 0.5) * len(arm) / max(count, 1)).astype(np.int64)
    closed = ~opened
    closed[centres] = False
    others = np.flatnonzero(closed)
    drawn = others[np.argsort(lots[others], kind="stable")[: wanted - count]]
    return arm[np.append(centres, drawn)]


def upper_bounds(borders: Array, opened: Array, relevance: Array, least_variance: float) -> Array:
    """Bernstein's upper confidence bound of each arm's mean: [arms].

    Scores are brought to [0, 1] by the range of all opened values, which lie there in the original.
    """
    seen = np.flatnonzero(opened)
    scores = unit_range(relevance[seen])
    arm = np.searchsorted(borders, seen, side="right") - 1
    looks = np.bincount(arm)
    mean = np.bincount(arm, scores) / looks
    variance = np.maximum(np.bincount(arm, np.square(scores - mean[arm])) / looks, least_variance)
    log = np.log(len(seen))
    return mean + np.sqrt(2 * log * variance / looks) + 3 * log / looks


def interpolated(borders: Array, times: Array, opened: Array, relevance: Array) -> Array:
    """The score of each frame, or of the nearest opened frame of its arm where it is closed; of two, the earlier."""
    seen, frames = np.flatnonzero(opened), np.arange(len(times))
    arm = np.repeat(np.arange(len(borders) - 1), np.diff(borders))
    place = np.searchsorted(seen, frames)
    after, before = seen[np.minimum(place, len(seen) - 1)], seen[np.maximum(place - 1, 0)]
    wait, past = (np.where(arm[near] == arm, np.abs(times[near] - times), np.inf) for near in (after, before))
    return relevance[np.where(past <= wait, before, after)]


def least_gap_s(times: Array, k: int, gap_s: float) -> float:
    """The gap that two picks keep: a quarter of their mean spacing at most, and none where that is below 0.2 s."""
    spacing = (times[-1] - times[0] + frame_gap_s(times)) / k
    return min(gap_s, 0.25 * spacing) if spacing > 0.2 else 0.0


def even_shares(count: int, arms: int) -> list[int]:
    """`count` frames spread evenly over arms, one more to the first ones where they do not divide."""
    return [count // arms + (i < count % arms) for i in range(arms)]


def focus_raw(relevance: Array, rate: float, k: int, draw: np.random.Generator, rule: FOCUS | None = None) -> Array:
    """The authors' sorted list: different frames, possibly fewer than k.

    relevance: [T]. rate: frames per second, even. draw: their generator runs on from question to question.
    rule: its constants, theirs by default.
    """
    rule = rule or FOCUS()
    frames = len(relevance)
    duration = frames / max(1.0, rate)
    spacing = duration / k
    gap = 0 if spacing <= 0.2 else round(min(0.25 * spacing, rule.gap_s) * rate)
    wanted = max(rule.least_arms, int(np.ceil(duration / rule.arm_s)))
    stride = max(1, frames // wanted)
    count = max(1, frames // stride)
    size = max(1, frames // count)
    arms = [np.arange(i * size, min((i + 1) * size, frames)) for i in range(count)]

    seen: list[list[int]] = []
    for arm in arms:
        middle = int(arm[0] + arm[-1]) // 2
        others = arm[arm != middle]
        drawn = draw.choice(others, size=min(rule.extra, len(others)), replace=False).tolist() if len(others) else []
        seen.append([middle, *drawn])
    scores = [relevance[inside] for inside in seen]
    log = np.log(sum(map(len, seen)))
    bounds = [
        np.mean(s) + np.sqrt(2 * log * max(np.var(s), rule.least_variance) / len(s)) + 3 * log / len(s) for s in scores
    ]
    ranked = np.argsort(-np.array(bounds), kind="stable")
    share = int(np.ceil(rule.zoom * count))

    coarse = [frame for inside in seen for frame in inside]
    taken = set(coarse)
    half = max(1, round(max(1 / rate, duration / wanted / 2) * rate))
    step = min(max(1, round(rule.fine_s * rate)), stride)
    fine: list[int] = []
    for i in ranked[: max(rule.least_zoomed, share)]:
        middle = int(arms[i][0] + arms[i][-1]) // 2
        window = range(max(0, middle - half), min(frames - 1, middle + half) + 1)
        looks = max(1, len(window) // step)
        even = round(looks * rule.fine_even)
        width = len(window) / max(even, 1)
        places = [int(j * width + width / 2) for j in range(even)] if len(window) > even else [(len(window) - 1) // 2]
        fresh = {window[place] for place in places} - taken
        taken |= fresh
        closed = [frame for frame in window if frame not in taken]
        if looks > even and closed:
            fresh |= set(draw.choice(closed, size=min(looks - even, len(closed)), replace=False).tolist())
        taken |= fresh
        fine += fresh

    opened = coarse + sorted(fine)
    best = sorted(opened, key=lambda frame: -relevance[frame])
    chosen = best[: round(rule.top * min(k, len(opened)))]
    final = ranked[: min(max(rule.least_zoomed, share), rule.most_final)]
    for i, need in zip(final, even_shares(k - len(chosen), len(final)), strict=True):
        free = [frame for frame in arms[i].tolist() if frame not in chosen]
        allowed = [frame for frame in free if all(abs(frame - other) >= gap for other in chosen)] or free
        if not need or not allowed:
            continue
        nearest = np.argmin(np.abs(np.subtract.outer(allowed, seen[i])), axis=1)
        guess = unit_range(np.clip(scores[i][nearest], 0.0, 1.0))
        weights = np.exp((guess - np.max(guess)) / rule.temperature)
        odds = weights / np.sum(weights)
        chosen += draw.choice(allowed, size=min(need, len(allowed)), replace=False, p=odds).tolist()
    return np.sort(np.array(chosen, dtype=np.int64))
