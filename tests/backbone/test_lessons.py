"""What the answerer is shown and asked in practice."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ntlbg.backbone.lessons import Pool, lesson, pick, vocabulary_of_answers
from ntlbg.backbone.practice import Scene, pairs
from ntlbg.corpus.world import HELD_OUT_COLOUR, NUMBERS, PLACES


@pytest.mark.parametrize("k", [1, 2, 4, 6, 8])
def test_every_picker_gives_k_frames_in_order(rng, scenes, k):
    """Sorted, unique, in range, exactly k."""
    for i in range(80):
        frames = pick(rng, scenes[i % 4], k)
        assert len(frames) == k
        assert (np.diff(frames) > 0).all()
        assert frames[0] >= 0
        assert frames[-1] < len(scenes[i % 4].timestamps_s)


def test_no_picker_rules(rng, scenes):
    """About half of the selections hold evidence by design, a quarter know nothing of it."""
    shares = [np.mean(scenes[i % 4].event[pick(rng, scenes[i % 4], 8)] >= 0) for i in range(400)]
    assert np.mean(np.array(shares) < 0.5) > 0.1
    assert np.mean(np.array(shares) >= 0.5) > 0.3


@pytest.fixture(scope="module")
def pool(scenes) -> Pool:
    """All frames of the practice videos."""
    return Pool(scenes)


def pair_asked(text: str) -> tuple[str, str] | None:
    """(shape, place) that a question is about."""
    found = re.search(r"the (\w+) (?:in|appear in) the (\w+)", text)
    return (found.group(1), found.group(2)) if found else None


def test_a_real_lesson_is_a_selection_from_one_video(rng, pool):
    """All frames from one video in time order; pairs are asked about only when all of their events are among them."""
    for _ in range(60):
        one = lesson(rng, pool, 8, 5, composed=False)
        (number,) = set(one.frames[:, 0])
        scene: Scene = pool.scenes[number]
        assert (np.diff(one.frames[:, 1]) > 0).all()
        for ask in one.asks:
            if pair := pair_asked(ask.text):
                colours = [scene.plan.events[e].colour for e in pairs(scene.plan)[pair]]
                check(ask, pair, colours)
                assert set(pairs(scene.plan)[pair]) <= set(scene.event[one.frames[:, 1]])


def check(ask, pair, colours):
    """The answer that follows from the colours of a pair in their order."""
    if ask.text.startswith("How many"):
        assert ask.right == (NUMBERS[len(colours) - 1],)
    else:
        assert ask.right == (colours[-1] if "last" in ask.text else colours[0],)
        assert ask.unseen == HELD_OUT_COLOUR[pair[0]]


@pytest.mark.parametrize("composed", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_answers_are_what_the_frames_show(rng, pool, k, composed):
    """Read off the frames alone: colours of the asked pair in order of appearance, places by their number."""
    for _ in range(60):
        one = lesson(rng, pool, k, 5, composed=composed)
        assert set().union(*(a.right for a in one.asks)) <= set(vocabulary_of_answers())
        assert one.frames.shape == (k, 2)
        assert len(one.asks) == 5
        events = [pool.scenes[s].event[f] for s, f in one.frames]
        seen = [pool.scenes[s].plan.events[e] if e >= 0 else None for (s, _), e in zip(one.frames, events, strict=True)]
        places = [pool.place(frame) for frame in one.frames]
        for ask in one.asks:
            if pair := pair_asked(ask.text):
                mine = [e.colour for e in seen if e is not None and (e.shape, e.place) == pair]
                check(ask, pair, list(dict.fromkeys(mine)))
            elif "never" in ask.text:
                assert set(ask.right) == set(PLACES) - set(places)
            elif "shown" in ask.text:
                assert set(ask.right) == set(places)
            else:
                assert {places.count(p) for p in ask.right} == {max(map(places.count, places))}


@pytest.mark.parametrize("composed", [False, True])
def test_lessons_repeat(pool, composed):
    """The same generator gives the same lesson."""
    a, b = (lesson(np.random.default_rng(3), pool, 8, 5, composed=composed) for _ in range(2))
    assert a.asks == b.asks
    assert np.array_equal(a.frames, b.frames)
