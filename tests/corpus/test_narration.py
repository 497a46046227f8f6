"""Narration of rendered videos."""

from __future__ import annotations

from itertools import pairwise

from ntlbg.corpus import narration, world
from ntlbg.corpus.planted import plan_video


def test_narration_says_no_word_of_the_world() -> None:
    """No place, shape, colour or number is ever spoken."""
    spoken = {word.strip(".,").lower() for line in narration.LINES for word in line.split()}
    assert not spoken & {*world.PLACES, *world.SHAPES, *world.COLOURS, *world.NUMBERS}


def test_cues_lie_in_the_video_in_order() -> None:
    """None overlaps, none begins before 0 or ends behind the video; the same look says the same."""
    plan = plan_video(1, "test", "x", 0, minutes=3.0)
    cues = narration.narrate(plan.look, plan.duration_s)
    assert len(cues) > 4
    assert cues[0].start_s >= 0
    assert cues[-1].end_s < plan.duration_s
    assert all(a.end_s < b.start_s for a, b in pairwise(cues))
    assert cues == narration.narrate(plan.look, plan.duration_s)
