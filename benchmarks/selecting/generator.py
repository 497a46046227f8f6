"""Made-up videos as features, with a question and the evidence that was planted for it. No pixels.

A video has chapters of recurring scenes, cut into shots. A frame is a sum of independent parts (the mean of all
videos, the video, its chapter, its scene, its shot, slow and white noise); a question is a direction that the frames of
its moments are pushed along, as are distractors and spikes that answer nothing. How far decides how well relevance
tells a moment from the rest: five levels, from hardly to almost always.

One round is a video of every length, level and kind; `draw` and `number` seed it, so two draws share no video.
Letters: T frames (one a second), d features. Source: all of it is in this file; no number is taken from a data set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex

WIDTH = 512
LENGTHS = (300, 1200, 3600)  # candidate frames
LEVELS = {0.60: 0.46, 0.66: 0.76, 0.72: 1.10, 0.80: 1.82, 0.90: 3.9}  # nominal mean AUC: push in sd of relevance
SINGLE, MULTI, WHOLE = KINDS = ("single", "multi", "whole")
ROUNDS = 16  # a full draw: 16 x 45 = 720 videos

CHAPTERS = {300: (4, 8), 1200: (6, 16), 3600: (8, 24)}  # by length
CHAPTER_S = 10  # at least
SCENES = (2, 6)  # of a chapter
EARLIER = 0.3  # of its scenes have been seen in an earlier chapter
MEAN, VIDEO, CHAPTER, SCENE, SHOT, SLOW, WHITE = 0.55, 0.10, 0.04, 0.13, 0.06, 0.06, 0.06  # variance, 1 in all
PHI = 0.9  # of the slow noise, from frame to frame within a shot
NOVELTY = 0.03  # variance of what only this moment, or this distractor, shows
TO_MEAN, TO_WISH = 0.25, 0.4  # share of the question in the mean of all frames; in what it asks for
MOMENTS = {2: 0.4, 3: 0.25, 4: 0.15, 5: 0.1, 6: 0.1}  # how many of them in a question about several
TOLERANCE_S, TOLERANCE_WHOLE_S = 1.0, 0.5

Span = tuple[int, int]  # frames from the first up to, not including, the second


@dataclass(frozen=True)
class Part:
    """One thing that has to be seen. spans: in any of which it shows. weight: its share of the recall."""

    spans: tuple[Span, ...]
    weight: float


@dataclass(frozen=True)
class Evidence:
    """What answers a question. tolerance_s: how far from a span a frame still counts."""

    parts: tuple[Part, ...]
    tolerance_s: float

    def recall(self, times_s: Array) -> float:
        """The weighted share of the parts that frames at these times show.

        A frame shows a part when it lies at most the tolerance before its first or after its last frame.
        """
        times, seen = np.asarray(times_s, dtype=np.float64), 0.0
        for part in self.parts:
            near = (
                (times >= first - self.tolerance_s) & (times <= last - 1 + self.tolerance_s)
                for first, last in part.spans
            )
            seen += part.weight if any(bool(hit.any()) for hit in near) else 0.0
        return seen / sum(part.weight for part in self.parts)

    def shown(self, frames: int) -> Array:
        """[T] bool: the frames of the parts, without tolerance."""
        mask = np.zeros(frames, dtype=bool)
        for part in self.parts:
            for first, last in part.spans:
                mask[first:last] = True
        return mask


@dataclass(frozen=True)
class Cell:
    """Which video: its place in the design and its seed."""

    draw: int
    number: int  # of the round
    frames: int
    level: float
    kind: str

    @property
    def name(self) -> str:
        return f"{self.number:02d}-{self.frames}-{round(100 * self.level)}-{self.kind}"

    def rng(self) -> np.random.Generator:
        place = (LENGTHS.index(self.frames), list(LEVELS).index(self.level), KINDS.index(self.kind))
        return np.random.default_rng([self.draw, self.number, *place])


@dataclass(frozen=True, eq=False)
class Planted:
    cell: Cell
    video: VideoIndex
    query: Query
    evidence: Evidence


@dataclass(eq=False)
class Layout:
    """chapter, scene, shot: [T] which of them a frame belongs to. shots: their spans."""

    chapter: Array
    scene: Array
    shot: Array
    shots: list[Span] = field(default_factory=list)


def cells(draw: int, videos: int | None = None) -> list[Cell]:
    """The videos of a draw, round by round. With a number, so many of them: whole rounds, then an even part of one.

    The part of a round goes through levels and lengths so that every kind has the same number of videos (give or take
    one), and levels and lengths come as evenly as their number allows.
    """
    total = ROUNDS * len(LENGTHS) * len(LEVELS) * len(KINDS)
    return [cell for cell, _ in zip(_rounds(draw), range(min(videos or total, total)), strict=False)]


def _rounds(draw: int) -> Iterator[Cell]:
    levels, lengths = list(LEVELS), list(LENGTHS)
    for number in range(ROUNDS):
        # 3 and 5 have no common factor: walking along both at once meets each pair once, and evenly
        for step in range(len(levels) * len(lengths)):
            for kind in KINDS:
                yield Cell(draw, number, lengths[(step + number) % 3], levels[(2 * step + number) % 5], kind)


@cache
def basis() -> tuple[Array, Array, Array]:
    """The spectrum of the parts (variances [d], sum 1), the mean of all frames and the direction of all questions."""
    spectrum = 1.0 / (np.arange(WIDTH) + 6.0)
    rng = np.random.default_rng(0)
    mean = _unit(rng.normal(size=WIDTH))
    gap = rng.normal(size=WIDTH)
    gap = _unit(gap - (gap @ mean) * mean)
    return spectrum / spectrum.sum(), mean, TO_MEAN * mean + np.sqrt(1 - TO_MEAN**2) * gap


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


def drawn(rng: np.random.Generator, n: int) -> Array:
    """n independent parts of variance 1: [n, d]."""
    return rng.normal(size=(n, WIDTH)) * np.sqrt(basis()[0])


def clipped_lognormal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> int:
    """Whole seconds: exp N(ln mean, sd), clipped."""
    return int(np.rint(np.clip(np.exp(rng.normal(np.log(mean), sd)), low, high)))


def layout(rng: np.random.Generator, frames: int) -> Layout:
    """Chapters of scenes, cut into shots."""
    low, high = CHAPTERS[frames]
    ends = _chapter_ends(rng, int(rng.integers(low, high + 1)), frames)
    chapter, scene, shot = np.zeros((3, frames), dtype=np.int64)
    made = Layout(chapter, scene, shot)
    known = 0
    for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        scenes: list[int] = []
        before = known
        for _ in range(int(rng.integers(SCENES[0], SCENES[1] + 1))):
            old = [s for s in range(before) if s not in scenes]
            if old and rng.random() < EARLIER:
                scenes.append(int(rng.choice(old)))
            else:
                scenes.append(known)
                known += 1
        last = -1
        while start < end:
            stop = min(end, start + clipped_lognormal(rng, 8, 0.8, 2, 60))
            last = int(rng.choice([s for s in scenes if s != last]))
            made.chapter[start:stop], made.scene[start:stop], made.shot[start:stop] = number, last, len(made.shots)
            made.shots.append((start, stop))
            start = stop
    return made


def _chapter_ends(rng: np.random.Generator, chapters: int, frames: int) -> list[int]:
    """Ends of the chapters; shares are drawn again until none is too short."""
    while True:
        ends = np.rint(np.cumsum(rng.dirichlet(np.full(chapters, 2.0))) * frames).astype(int)
        ends[-1] = frames
        if np.diff(ends, prepend=0).min() >= CHAPTER_S:
            return ends.tolist()


def features(rng: np.random.Generator, made: Layout) -> Array:
    """The frames without any question: [T, d], not of unit norm."""
    T = len(made.shot)
    spectrum, mean, _ = basis()
    x = np.sqrt(MEAN) * mean + np.sqrt(VIDEO) * drawn(rng, 1)
    for variance, of in ((CHAPTER, made.chapter), (SCENE, made.scene), (SHOT, made.shot)):
        x = x + np.sqrt(variance) * drawn(rng, int(of.max()) + 1)[of]
    steps, slow = drawn(rng, T), np.empty((T, WIDTH))
    for start, stop in made.shots:
        slow[start] = steps[start]
        for t in range(start + 1, stop):
            slow[t] = PHI * slow[t - 1] + np.sqrt(1 - PHI**2) * steps[t]
    white = rng.normal(size=(T, WIDTH)) * np.sqrt((spectrum + 1 / WIDTH) / 2)
    return x + np.sqrt(SLOW) * slow + np.sqrt(WHITE) * white


def moments(rng: np.random.Generator, made: Layout, count: int) -> list[Span]:
    """Spans of 2 to 20 s whose centres keep apart; every second one, by chance, is a whole shot."""
    T = len(made.shot)
    apart = max(20.0, T / (4 * count))
    whole_shots = [(a, b) for a, b in made.shots if 2 <= b - a <= 20]
    while True:
        found: list[Span] = []
        for _ in range(200):
            if whole_shots and rng.random() < 0.5:
                span = whole_shots[int(rng.integers(len(whole_shots)))]
            else:
                length = clipped_lognormal(rng, 8, 0.6, 2, 20)
                start = int(rng.integers(T - length + 1))
                span = (start, start + length)
            if all(abs(sum(span) - sum(other)) / 2 > apart for other in found):
                found.append(span)
            if len(found) == count:
                return sorted(found)


def _free_span(rng: np.random.Generator, taken: Array, length: int) -> Span | None:
    """A span off the evidence, its tolerance included; None where a hundred tries find none."""
    for _ in range(100):
        start = int(rng.integers(len(taken) - length + 1))
        if not taken[start : start + length].any():
            return start, start + length
    return None


def push(rng: np.random.Generator, found: list[Span], level: float, T: int) -> Array:
    """How far each frame is pushed towards the question by its moments, in sd of relevance: [T]."""
    pushed, of_video = np.zeros(T), np.exp(rng.normal(0, 0.4))
    for start, stop in found:
        height = np.full(stop - start, LEVELS[level] * of_video * np.exp(rng.normal(0, 0.35)))
        if stop - start >= 4:
            height[[0, -1]] /= 2  # things come into view and leave it
        height[rng.random(stop - start) < 0.08] = 0.0  # and are hidden for a moment
        pushed[start:stop] += height
    return pushed


def nuisance(rng: np.random.Generator, evidence: list[Span], T: int) -> tuple[Array, list[Span]]:
    """Relevance that answers nothing, in sd: [T]; and the spans of the distractors, which show something new too."""
    taken = np.zeros(T, dtype=bool)
    for start, stop in evidence:
        taken[max(0, start - 1) : stop + 1] = True
    pushed, distractors = np.zeros(T), []
    for _ in range(rng.poisson(1.5 * np.sqrt(T / 1200))):
        span = _free_span(rng, taken, int(rng.integers(3, 31)))
        if span is not None:
            pushed[slice(*span)] += rng.uniform(0.8, 2.0)
            distractors.append(span)
    for _ in range(rng.poisson(T / 200)):
        span = _free_span(rng, taken, int(rng.integers(1, 3)))
        if span is not None:
            pushed[slice(*span)] += rng.uniform(1.5, 4.0)
    cycles, phase = rng.uniform(0.3, 1.5), rng.uniform(0, 2 * np.pi)
    pushed += rng.uniform(0, 0.8) * np.cos(2 * np.pi * cycles * np.arange(T) / T + phase)
    return pushed, distractors


def whole_evidence(rng: np.random.Generator, made: Layout) -> Evidence:
    """A question about the whole video: its chapters by their length, or all its scenes alike."""
    if rng.random() < 0.5:
        of, counts = made.chapter, np.bincount(made.chapter).astype(float)
    else:
        of, counts = made.scene, (np.bincount(made.scene) > 0).astype(float)
    parts = [Part(tuple(_runs(of == item)), float(weight)) for item, weight in enumerate(counts) if weight > 0]
    return Evidence(tuple(parts), TOLERANCE_WHOLE_S)


def _runs(mask: Array) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def planted(cell: Cell) -> Planted:
    """The video of a cell; the same on every machine but for the last bits of its features."""
    rng, T = cell.rng(), cell.frames
    made = layout(rng, T)
    x = features(rng, made)
    wish = _unit(drawn(rng, 1)[0])
    question = _unit(np.sqrt(1 - TO_WISH**2) * basis()[2] + TO_WISH * wish)
    found: list[Span] = []
    if cell.kind == WHOLE:
        evidence = whole_evidence(rng, made)
    else:
        count = 1 if cell.kind == SINGLE else int(rng.choice(list(MOMENTS), p=list(MOMENTS.values())))
        found = moments(rng, made, count)
        evidence = Evidence(tuple(Part((span,), 1.0) for span in found), TOLERANCE_S)
    false, distractors = nuisance(rng, found, T)
    pushed = push(rng, found, cell.level, T) + false
    # along the wish by as much as moves the similarity by so many of its sd
    x += (float(np.std(x @ question)) / float(wish @ question) * pushed)[:, None] * wish
    for start, stop in [*found, *distractors]:
        x[start:stop] += np.sqrt(NOVELTY) * drawn(rng, 1)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    times = np.arange(T, dtype=np.float64)
    video = VideoIndex(f"{cell.draw}/{cell.name}", x, times, 25.0, 25 * T, float(T))
    return Planted(cell, video, Query(cell.name, x @ question, question), evidence)
