"""Plans of rendered videos: chapters in places, short planted events, and questions whose evidence is known.

A plan is drawn from (seed, split, series, index) alone; nothing in it knows a sampling grid or a selector.
Given a question's options every option is equally likely to be right: colours are drawn alike for targets and
distractors, counts are uniform over the counts offered, the right option's place and the questions' order are shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from blake3 import blake3

from ntlbg.corpus.world import COLOURS, HELD_OUT_COLOUR, HELD_OUT_PLACE, NUMBERS, PLACES, SHAPES
from ntlbg.records.question import Kind

EVENT_S = (3.0, 6.0)  # how long a planted event lasts
EDGE_S = 1.0  # an event keeps this far from its chapter's ends
GAP_S = (1.5, 7.0)  # between the possible places of two events
CHAPTER_MIN_S = 9.0
ONE_MOMENT, ORDER, COUNT = 4, 2, 2  # questions a video, besides one of each whole-video form
COUNTS = 4  # a count is uniform on 1 … COUNTS


@dataclass(frozen=True)
class Chapter:
    """One visit to a place, from start_s to end_s."""

    place: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Event:
    """A coloured shape seen in a chapter. x, y: its centre, radius: its size, as shares of the picture."""

    shape: str
    colour: str
    place: str
    start_s: float
    end_s: float
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class PlannedQuestion:
    """evidence: (item, start_s, end_s) per interval; an item is hit when any of its intervals is."""

    text: str
    options: tuple[str, ...]
    answer: int
    kind: Kind
    form: str  # colour, first, last, count, shown, never, most
    evidence: tuple[tuple[int, float, float], ...]

    @property
    def answer_text(self) -> str:
        return self.options[self.answer]


@dataclass(frozen=True)
class VideoPlan:
    """All that a rendered video shows. look: the seed of its colours, textures, camera and noise."""

    video_id: str
    split: str
    duration_s: float
    fps: int
    chapters: tuple[Chapter, ...]
    events: tuple[Event, ...]
    questions: tuple[PlannedQuestion, ...]
    look: int


def rng_for(*parts: object) -> np.random.Generator:
    """A generator that depends on the text of `parts` only."""
    digest = blake3("/".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest[:16], dtype=np.uint32))


def plan_video(
    seed: int,
    split: str,
    series: str,
    index: int,
    *,
    minutes: float = 5.0,
    fps: int = 12,
    n_options: int = 4,
    fill: float = 0.9,
) -> VideoPlan:
    """Draw one video.

    split: `test` may show held-out combinations, every other split may not. series: whose video it is (a
    benchmark's name, `train` …); with `index` it names the video. minutes: mean length, drawn within ±10 %.
    n_options: options of colour and place questions; counts always offer `COUNTS`. fill: share of the time left by
    events that are asked about, and their look-alikes, that shows events which nothing asks about.
    """
    rng = rng_for("video", seed, split, series, index)
    duration = round(60 * minutes * rng.uniform(0.9, 1.1) * fps) / fps
    # drawn once: if a layout without room redrew them, large counts would be rarer than small ones
    repeats = [("order", int(rng.integers(2, 4))) for _ in range(ORDER)]
    repeats += [("count", int(rng.integers(1, COUNTS + 1))) for _ in range(COUNT)]
    while True:
        chapters = _chapters(rng, duration)
        drawn = _events(rng, chapters, split, repeats, fill)
        if drawn is not None:
            events, targets = drawn
            break
    questions = _questions(rng, chapters, events, targets, n_options)
    # events are planted largest count first; a question's number must not tell that
    order = rng_for("order of questions", seed, split, series, index).permutation(len(questions))
    questions = tuple(questions[i] for i in order)
    name = blake3(f"id/{seed}/{split}/{series}/{index}".encode()).hexdigest()[:11]
    return VideoPlan(name, split, duration, fps, chapters, events, questions, int(rng.integers(2**31)))


def _chapters(rng: np.random.Generator, duration: float) -> tuple[Chapter, ...]:
    """Visits to five or six places; one place clearly takes the most time."""
    places = [str(p) for p in rng.choice(list(PLACES), size=int(rng.integers(5, 7)), replace=False)]
    while True:
        visits = places + [str(p) for p in rng.choice(places, size=int(rng.integers(2, 6)))]
        rng.shuffle(visits)
        if any(a == b for a, b in pairwise(visits)):
            continue
        spare = duration - CHAPTER_MIN_S * len(visits)
        lengths = CHAPTER_MIN_S + spare * rng.dirichlet(np.full(len(visits), 0.9))
        totals = sorted(
            sum(length for length, p in zip(lengths, visits, strict=True) if p == place) for place in places
        )
        if totals[-1] >= 1.4 * totals[-2]:
            break
    ends = np.cumsum(lengths)
    ends[-1] = duration
    starts = np.concatenate([[0.0], ends[:-1]])
    return tuple(Chapter(p, float(a), float(b)) for p, a, b in zip(visits, starts, ends, strict=True))


def _allowed(shape: str, place: str, split: str) -> bool:
    return split == "test" or HELD_OUT_PLACE.get(shape) != place


def _colour(rng: np.random.Generator, shape: str, split: str) -> str:
    names = [c for c in COLOURS if split == "test" or HELD_OUT_COLOUR[shape] != c]
    return str(rng.choice(names))


def _colours_left(events: list[Event], shape: str, place: str, split: str) -> list[str]:
    """Colours that one more event of this pair may have: all its events differ, and they are at most COUNTS."""
    shown = [e.colour for e in events if (e.shape, e.place) == (shape, place)]
    left = [c for c in COLOURS if c not in shown and (split == "test" or HELD_OUT_COLOUR[shape] != c)]
    return left if len(shown) < COUNTS else []


def _events(
    rng: np.random.Generator, chapters: tuple[Chapter, ...], split: str, repeats: list[tuple[str, int]], fill: float
) -> tuple[tuple[Event, ...], list[tuple[str, str, str]]] | None:
    """Events, and the targets (form, shape, place); None when these chapters have no room for them."""
    slots: dict[str, list[tuple[float, float]]] = {}
    for chapter in chapters:
        at = chapter.start_s + EDGE_S + rng.uniform(0, 3)
        while True:
            length = rng.uniform(*EVENT_S)
            if at + length > chapter.end_s - EDGE_S:
                break
            slots.setdefault(chapter.place, []).append((at, at + length))
            at += length + rng.uniform(*GAP_S)
    for place_slots in slots.values():
        rng.shuffle(place_slots)

    # the largest first: they need a place with that many slots
    wanted = sorted(repeats, key=lambda form: -form[1]) + [("colour", 1)] * ONE_MOMENT
    events: list[Event] = []
    targets: list[tuple[str, str, str]] = []
    used: set[tuple[str, str]] = set()

    def plant(shape: str, place: str, colours: list[str]) -> None:
        used.add((shape, place))
        for colour in colours:
            start, end = slots[place].pop()
            x, y = rng.uniform(0.24, 0.76), rng.uniform(0.36, 0.64)
            events.append(Event(shape, colour, place, start, end, x, y, rng.uniform(0.23, 0.29)))

    for form, times in wanted:
        pairs = [
            (shape, place)
            for place, free in slots.items()
            if len(free) >= times
            for shape in SHAPES
            if (shape, place) not in used and _allowed(shape, place, split)
        ]
        if not pairs:
            return None
        shape, place = pairs[int(rng.integers(len(pairs)))]
        colours: list[str] = []
        while len(colours) < times:
            colour = _colour(rng, shape, split)
            if colour not in colours:
                colours.append(colour)
        plant(shape, place, colours)
        targets.append((form, shape, place))

    asked = set(used)
    for _, shape, place in targets:  # look-alikes: the shape elsewhere, another shape in the place
        alike = [
            (s, p)
            for p, free in slots.items()
            if free
            for s in SHAPES
            if (s == shape) != (p == place) and (s, p) not in asked and _allowed(s, p, split)
        ]
        if alike and rng.random() < 0.8:
            s, p = alike[int(rng.integers(len(alike)))]
            plant(s, p, [_colour(rng, s, split)])

    # most of what is seen is not asked about: looking for whatever is new must not find the answers by itself
    for place, free in slots.items():
        for _ in range(round(fill * len(free))):
            open_pairs = {s: _colours_left(events, s, place, split) for s in SHAPES if (s, place) not in asked}
            shapes = [s for s, colours in open_pairs.items() if colours and _allowed(s, place, split)]
            if not shapes:
                break
            shape = str(rng.choice(shapes))
            plant(shape, place, [str(rng.choice(open_pairs[shape]))])
    return tuple(sorted(events, key=lambda e: e.start_s)), targets


def _shuffled(rng: np.random.Generator, right: str, wrong: list[str]) -> tuple[tuple[str, ...], int]:
    options = [right, *wrong]
    order = rng.permutation(len(options))
    return tuple(options[i] for i in order), int(np.flatnonzero(order == 0)[0])


def _fill(rng: np.random.Generator, first: list[str], pool: list[str], right: str, n: int) -> list[str]:
    """n - 1 wrong options: those of `first` (shuffled), then others of `pool`."""
    wrong = [o for o in dict.fromkeys(first) if o != right]
    rng.shuffle(wrong)
    rest = [o for o in pool if o != right and o not in wrong]
    rng.shuffle(rest)
    return (wrong + rest)[: n - 1]


def _questions(
    rng: np.random.Generator,
    chapters: tuple[Chapter, ...],
    events: tuple[Event, ...],
    targets: list[tuple[str, str, str]],
    n_options: int,
) -> tuple[PlannedQuestion, ...]:
    questions = []
    for form, shape, place in targets:
        seen = [e for e in events if (e.shape, e.place) == (shape, place)]
        alike = [e.colour for e in events if (e.shape == shape) != (e.place == place)]
        evidence = tuple((i, e.start_s, e.end_s) for i, e in enumerate(seen))
        if form == "colour":
            text = f"What colour is the {shape} in the {place}?"
            wrong = _fill(rng, alike, list(COLOURS), seen[0].colour, n_options)
            options, answer = _shuffled(rng, seen[0].colour, wrong)
            kind = Kind.ONE_MOMENT
        elif form == "order":
            form = str(rng.choice(["first", "last"]))
            text = f"What colour is the {shape} in the {place} when it is seen {form}?"
            right = (seen[0] if form == "first" else seen[-1]).colour
            wrong = [e.colour for e in seen if e.colour != right]
            wrong += [c for c in _fill(rng, alike, list(COLOURS), right, len(COLOURS)) if c not in wrong]
            options, answer = _shuffled(rng, right, wrong[: n_options - 1])
            kind = Kind.SEVERAL_MOMENTS
        else:
            text = f"How many times does the {shape} appear in the {place}?"
            counts = list(NUMBERS[:COUNTS])
            right = NUMBERS[len(seen) - 1]
            options, answer = _shuffled(rng, right, [c for c in counts if c != right])
            kind = Kind.SEVERAL_MOMENTS
        questions.append(PlannedQuestion(text, options, answer, kind, form, evidence))

    visited = list(dict.fromkeys(c.place for c in chapters))
    absent = [p for p in PLACES if p not in visited]
    time = {p: sum(c.end_s - c.start_s for c in chapters if c.place == p) for p in visited}
    everywhere = tuple((i, c.start_s, c.end_s) for i, p in enumerate(visited) for c in chapters if c.place == p)

    right = str(rng.choice(visited))
    options, answer = _shuffled(rng, right, _fill(rng, [], absent, right, n_options))
    visits = tuple((0, c.start_s, c.end_s) for c in chapters if c.place == right)
    questions.append(
        PlannedQuestion("Which of these places is shown?", options, answer, Kind.WHOLE_VIDEO, "shown", visits)
    )
    right = str(rng.choice(absent))
    options, answer = _shuffled(rng, right, _fill(rng, [], visited, right, n_options))
    questions.append(
        PlannedQuestion("Which of these places is never shown?", options, answer, Kind.WHOLE_VIDEO, "never", everywhere)
    )
    right = max(visited, key=lambda p: time[p])
    options, answer = _shuffled(rng, right, _fill(rng, [], visited, right, n_options))
    questions.append(
        PlannedQuestion(
            "Where does most of the video take place?", options, answer, Kind.WHOLE_VIDEO, "most", everywhere
        )
    )
    return tuple(questions)
