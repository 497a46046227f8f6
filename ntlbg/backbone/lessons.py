"""Lessons: which frames the answerer sees in practice, and what it is asked about them.

*Composed* lessons put frames of many videos side by side, so that every lesson holds what its questions ask for:
order and count are hardly ever answerable from chance frames, and are not learnt from them. *Real* lessons are
selections from one video by a mixture of pickers (even spacing, chance, evidence padded in several ways, clusters
around some events), so that no selector's habits are favoured. In both the target is what the frames show: the
answerer reads its frames and does not speculate about the rest, whoever chose them. All questions have the corpus's
wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ntlbg.backbone.practice import Scene, pairs
from ntlbg.corpus.planted import COUNTS
from ntlbg.corpus.world import COLOURS, HELD_OUT_COLOUR, NUMBERS, PLACES
from ntlbg.records.arrays import Array

PICKERS = ("even", "chance", "evidence", "clusters")
PICKER_SHARES = (0.12, 0.13, 0.35, 0.40)
VIEW_SHARES = (0.2, 0.5, 0.3)  # shown, never, most: the second is the hardest
Pair = tuple[str, str]  # shape, place


@dataclass(frozen=True)
class Ask:
    """A question and its right answers (equally good). unseen: an answer that this split never shows, see below."""

    text: str
    right: tuple[str, ...]
    unseen: str | None = None  # practice says nothing about the held-out colour of a shape, for or against it


@dataclass(frozen=True)
class Lesson:
    """frames: [k, 2] scene and candidate frame of each picture, in the order shown. asks: questions about them."""

    frames: Array
    asks: tuple[Ask, ...]


class Pool:
    """All practice frames, sorted by what they show. Entries are [n, 2] arrays of scene and candidate frame."""

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.scenes = scenes
        self.events: dict[Pair, dict[str, list[Array]]] = {}  # pair -> colour -> frames of each event
        self.pair_of: dict[tuple[int, int], Pair] = {}
        bare: dict[str, list[tuple[int, int]]] = {place: [] for place in PLACES}
        names = list(PLACES)
        for s, scene in enumerate(scenes):
            for e, event in enumerate(scene.plan.events):
                found = np.flatnonzero(scene.event == e)
                if found.size:
                    pair = (event.shape, event.place)
                    entry = np.stack([np.full(found.size, s), found], axis=1)
                    self.events.setdefault(pair, {}).setdefault(event.colour, []).append(entry)
                    self.pair_of.update({(s, int(f)): pair for f in found})
            for f in np.flatnonzero(scene.event == -1):
                bare[names[scene.place[f]]].append((s, int(f)))
        self.bare = {place: np.array(found) for place, found in bare.items() if found}
        self.eventful = np.array(list(self.pair_of))

    def place(self, frame: Array) -> str:
        """The place that a frame shows."""
        return list(PLACES)[int(self.scenes[int(frame[0])].place[int(frame[1])])]


def compose(rng: np.random.Generator, pool: Pool, k: int, n: int) -> Lesson:
    """k frames of many videos around one or two targets, and n questions whose answers these frames show."""
    known = list(pool.events)
    many = 2 if k >= 4 and rng.random() < 0.5 else 1
    targets = [known[int(i)] for i in rng.choice(len(known), many, replace=False)]
    shown: list[tuple[int, Array]] = []  # (target, frames of one event)
    asks: list[Ask] = []
    for t, (shape, place) in enumerate(targets):
        by_colour = pool.events[shape, place]
        room = k - len(shown) - (many - 1 - t)  # every later target keeps a frame
        m = min(int(rng.integers(1, COUNTS + 1)), len(by_colour), room)
        colours = [str(c) for c in rng.permutation(list(by_colour))[:m]]
        shown += [(t, by_colour[c][int(rng.integers(len(by_colour[c])))]) for c in colours]
        asks += _about(rng, shape, place, colours, always=True)
    takes = [1] * len(shown)
    for _ in range(int(rng.integers(0, k - len(shown) + 1))):
        j = int(rng.integers(len(shown)))
        takes[j] = min(takes[j] + 1, len(shown[j][1]))
    blocks = [
        (t, f[np.sort(rng.choice(len(f), take, replace=False))]) for take, (t, f) in zip(takes, shown, strict=True)
    ]
    # the targets' events are shuffled into each other; each target's own order stays
    queues = [[f for owner, f in blocks if owner == t] for t in range(many)]
    evidence = np.concatenate([queues[int(t)].pop(0) for t in rng.permutation([t for t, _ in blocks])])
    frames = np.zeros((k, 2), dtype=np.int64)
    held = np.zeros(k, dtype=bool)
    held[rng.choice(k, len(evidence), replace=False)] = True
    frames[held] = evidence
    frames[~held] = _pads(rng, pool, targets, k - len(evidence))
    places = [pool.place(f) for f in frames]
    view = _views(np.array([places.count(place) for place in PLACES]))[int(rng.choice(3, p=VIEW_SHARES))]
    count = next(a for a in asks if a.text.startswith("How many"))  # the slowest to be learnt: in every lesson
    order = rng.permutation(len(asks))
    return Lesson(frames, (view, count, *(asks[int(order[i % len(asks)])] for i in range(n - 2)))[:n])


def _pads(rng: np.random.Generator, pool: Pool, targets: list[Pair], n: int) -> Array:
    """[n, 2] frames that do not show a target: bare ones, look-alikes (the shape elsewhere, another shape there)."""
    shape, place = targets[0]
    alike = [pair for pair in pool.events if (pair[0] == shape) != (pair[1] == place) and pair not in targets]
    pads: list[Array] = []
    while len(pads) < n:
        sort = rng.choice(4, p=(0.35, 0.2, 0.25, 0.2))
        if sort == 0 or (sort == 1 and place not in pool.bare):
            found = pool.bare[str(rng.choice(list(pool.bare)))]
        elif sort == 1:
            found = pool.bare[place]
        elif sort == 2 and alike:
            by_colour = pool.events[alike[int(rng.integers(len(alike)))]]
            events = by_colour[str(rng.choice(list(by_colour)))]
            found = events[int(rng.integers(len(events)))]
        else:
            found = pool.eventful
        frame = found[int(rng.integers(len(found)))]
        if pool.pair_of.get((int(frame[0]), int(frame[1]))) not in targets:
            pads.append(frame)
    return np.array(pads, dtype=np.int64).reshape(n, 2)


def lesson(rng: np.random.Generator, pool: Pool, k: int, n: int, *, composed: bool) -> Lesson:
    """One lesson of k frames with n questions."""
    if composed:
        return compose(rng, pool, k, n)
    s = int(rng.integers(len(pool.scenes)))
    frames = pick(rng, pool.scenes[s], k)
    asks = ask(rng, pool.scenes[s], frames, n)
    return Lesson(np.stack([np.full(k, s), frames], axis=1), asks)


def pick(rng: np.random.Generator, scene: Scene, k: int) -> Array:
    """k sorted candidate frames by one picker of the mixture."""
    T = len(scene.timestamps_s)
    picker = rng.choice(PICKERS, p=PICKER_SHARES)
    if picker == "even":
        return np.minimum(((np.arange(k) + 0.5) * T / k).astype(np.int64), T - 1)
    if picker == "chance":
        return np.sort(rng.choice(T, size=k, replace=False))
    known = list(pairs(scene.plan).values())
    order = rng.permutation(len(known))
    chosen: list[int] = []
    if picker == "evidence":
        events = known[order[0]]
        shown = [np.flatnonzero(scene.event == e) for e in events]
        shown = [s for s in shown if s.size]
        most = int(rng.integers(1, 6))  # frames per event: one, or as many as an oracle with room takes
        for depth in range(most):
            for s in shown:
                if len(chosen) < k and depth < s.size:
                    chosen.append(int(rng.choice(np.setdiff1d(s, chosen))))
    else:
        want = max(1, round(k * rng.uniform(0.4, 1.0)))
        for i in order:
            for e in known[i]:
                s = np.flatnonzero(scene.event == e)
                if s.size and len(chosen) < want:
                    chosen += [int(f) for f in rng.choice(s, size=min(s.size, int(rng.integers(1, 3))), replace=False)]
        chosen = chosen[:k]
    rest = np.setdiff1d(np.arange(T), chosen)
    missing = k - len(chosen)
    if rng.random() < 0.5:
        fill = rest[((np.arange(missing) + 0.5) * len(rest) / max(missing, 1)).astype(np.int64)]
    else:
        fill = rng.choice(rest, size=missing, replace=False)
    return np.sort(np.concatenate([np.array(chosen, dtype=np.int64), fill]))


def ask(rng: np.random.Generator, scene: Scene, frames: Array, n: int) -> tuple[Ask, ...]:
    """n questions that these frames of one video answer."""
    seen = {int(e) for e in scene.event[frames] if e >= 0}
    things: list[Ask] = []
    for (shape, place), events in pairs(scene.plan).items():
        if seen.issuperset(events):
            things += _about(rng, shape, place, _colours(scene, events))
    views = _views(np.bincount(scene.place[frames], minlength=len(PLACES)))
    out = []
    for i in range(n):
        if things and (i or rng.random() < 0.5):
            out.append(things[int(rng.integers(len(things)))])
        else:
            out.append(views[int(rng.choice(3, p=VIEW_SHARES))])
    return tuple(out)


def _colours(scene: Scene, events: list[int]) -> list[str]:
    return [scene.plan.events[e].colour for e in events]


def _about(rng: np.random.Generator, shape: str, place: str, colours: list[str], *, always: bool = False) -> list[Ask]:
    """What can be asked about a pair that is seen in these colours, in this order. always: count even a single one."""
    unseen = HELD_OUT_COLOUR[shape]
    count = Ask(f"How many times does the {shape} appear in the {place}?", (NUMBERS[len(colours) - 1],))
    thing = f"What colour is the {shape} in the {place}"
    if len(colours) == 1:
        colour = Ask(f"{thing}?", (colours[0],), unseen)
        # counts of one are a quarter of the counts asked, as in the corpus
        return [colour, count] if always or rng.random() < 0.35 else [colour]
    first = Ask(f"{thing} when it is seen first?", (colours[0],), unseen)
    last = Ask(f"{thing} when it is seen last?", (colours[-1],), unseen)
    return [first, last, count]


def _views(times: Array) -> list[Ask]:
    """The whole-video questions, from how long each of PLACES is shown; equals share `most`."""
    names = list(PLACES)
    shown = tuple(p for p, t in zip(names, times, strict=True) if t)
    never = tuple(p for p, t in zip(names, times, strict=True) if not t)
    most = tuple(p for p, t in zip(names, times, strict=True) if t == times.max())
    return [
        Ask("Which of these places is shown?", shown),
        Ask("Which of these places is never shown?", never),
        Ask("Where does most of the video take place?", most),
    ]


def vocabulary_of_answers() -> tuple[str, ...]:
    """Every answer that practice can ask for."""
    return (*COLOURS, *PLACES, *NUMBERS)
