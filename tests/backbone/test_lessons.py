"""What the answerer is shown and asked in practice."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ntlbg.backbone.lessons import lesson, pick, vocabulary_of_answers
from ntlbg.backbone.practice import pairs
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


def test_answers_are_the_truth_of_the_video(rng, scenes):
    """Whatever frames are shown, the target is what the whole video holds."""
    for i in range(120):
        scene = scenes[i % 4]
        known = pairs(scene.plan)
        shown = {list(PLACES)[p] for p in scene.place}
        for ask in lesson(rng, scene, 8, 6).asks:
            assert set(ask.right) <= set(vocabulary_of_answers())
            found = re.search(r"the (\w+) (?:in|appear in) the (\w+)", ask.text)
            if found:
                events = [scene.plan.events[e] for e in known[found.group(1), found.group(2)]]
                if ask.text.startswith("How many"):
                    assert ask.right == (NUMBERS[len(events) - 1],)
                else:
                    expected = events[-1] if "last" in ask.text else events[0]
                    assert ask.right == (expected.colour,)
                    assert ask.unseen == HELD_OUT_COLOUR[found.group(1)]
            elif "never" in ask.text:
                assert set(ask.right) == set(PLACES) - shown
            elif "shown" in ask.text:
                assert set(ask.right) == shown
            else:
                assert set(ask.right) <= shown


def test_lessons_repeat(scenes):
    """The same generator gives the same lesson."""
    a, b = (lesson(np.random.default_rng(3), scenes[0], 8, 6) for _ in range(2))
    assert a.asks == b.asks
    assert np.array_equal(a.frames, b.frames)
