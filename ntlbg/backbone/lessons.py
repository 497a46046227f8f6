"""Lessons: which frames of a practice video the answerer sees, and what it is asked about them.

The frames come from a mixture of pickers, so that no selector's habits are favoured: even spacing, chance, evidence
padded in several ways, clusters around some events. Questions have the corpus's wording; most can be answered from
the frames shown, some cannot (as happens to every selector), and their target is still the truth of the video.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ntlbg.backbone.practice import Scene, pairs
from ntlbg.corpus.world import COLOURS, HELD_OUT_COLOUR, NUMBERS, PLACES
from ntlbg.records.arrays import Array

PICKERS = ("even", "chance", "evidence", "clusters")
PICKER_SHARES = (0.12, 0.13, 0.35, 0.40)


@dataclass(frozen=True)
class Ask:
    """A question and its right answers (equally good). unseen: an answer that this split never shows, see below."""

    text: str
    right: tuple[str, ...]
    unseen: str | None = None  # practice says nothing about the held-out colour of a shape, for or against it


@dataclass(frozen=True)
class Lesson:
    """frames: sorted indices into the scene's candidate frames. asks: questions about them."""

    frames: Array
    asks: tuple[Ask, ...]


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
    """n questions about these frames, the answerable ones first in line."""
    seen = {int(e) for e in scene.event[frames] if e >= 0}
    whole: list[Ask] = []
    partly: list[Ask] = []
    for (shape, place), events in pairs(scene.plan).items():
        shown = sum(e in seen for e in events)
        if shown == len(events):
            whole += _about(rng, scene, shape, place, events)
        elif len(partly) < 4:
            partly += _about(rng, scene, shape, place, events)
    views = list(_views(scene))
    lists = [whole, partly, views]
    for found in lists:
        rng.shuffle(found)
    out: list[Ask] = []
    while len(out) < n and any(lists):
        # an unanswerable question teaches only to be unsure, so a few of them are enough
        share = np.array([0.70 * bool(whole), 0.08 * bool(partly), 0.22 * bool(views)])
        out.append(lists[int(rng.choice(3, p=share / share.sum()))].pop())
    while len(out) < n:
        out.append(out[int(rng.integers(len(out)))])
    return tuple(out)


def _about(rng: np.random.Generator, scene: Scene, shape: str, place: str, events: list[int]) -> list[Ask]:
    colours = [scene.plan.events[e].colour for e in events]
    unseen = HELD_OUT_COLOUR[shape]
    count = Ask(f"How many times does the {shape} appear in the {place}?", (NUMBERS[len(events) - 1],))
    thing = f"What colour is the {shape} in the {place}"
    if len(events) == 1:
        colour = Ask(f"{thing}?", (colours[0],), unseen)
        # counts of one are a quarter of the counts asked, as in the corpus
        return [colour, count] if rng.random() < 0.35 else [colour]
    first = Ask(f"{thing} when it is seen first?", (colours[0],), unseen)
    last = Ask(f"{thing} when it is seen last?", (colours[-1],), unseen)
    return [first, last, count]


def _views(scene: Scene) -> list[Ask]:
    """The whole-video questions; the target is what the video shows, whether or not these frames do."""
    time = np.bincount(scene.place, minlength=len(PLACES))
    names = list(PLACES)
    shown = tuple(p for p, t in zip(names, time, strict=True) if t)
    never = tuple(p for p, t in zip(names, time, strict=True) if not t)
    return [
        Ask("Which of these places is shown?", shown),
        Ask("Which of these places is never shown?", never),
        Ask("Where does most of the video take place?", (names[int(np.argmax(time))],)),
    ]


def lesson(rng: np.random.Generator, scene: Scene, k: int, asks: int) -> Lesson:
    """One selection of k frames with `asks` questions about it."""
    frames = pick(rng, scene, k)
    return Lesson(frames, ask(rng, scene, frames, asks))


def vocabulary_of_answers() -> tuple[str, ...]:
    """Every answer that practice can ask for."""
    return (*COLOURS, *PLACES, *NUMBERS)
