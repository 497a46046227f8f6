"""Practice videos: what they show and what they share with the corpus."""

from __future__ import annotations

import numpy as np

from ntlbg.backbone.practice import asked_pair, draw_all, events_at, pairs, plans, shaken, through_codec
from ntlbg.backbone.tiny_qwen import FRAME
from ntlbg.corpus.planted import plan_video
from ntlbg.corpus.world import HELD_OUT_COLOUR, HELD_OUT_PLACE, PLACES
from ntlbg.records.question import Kind


def test_practice_shares_no_video_with_any_corpus():
    """Whatever the corpus is called, with the same seed, names and looks are other ones."""
    practised = {p.video_id for series in ("encoder", "answerer", "check") for p in plans(1, series, 20)}
    assert len(practised) == 60
    for split in ("train", "val", "test"):
        for series in ("train", "longvideobench", "practice-answerer"):
            assert practised.isdisjoint(plan_video(1, split, series, i).video_id for i in range(20))


def test_held_out_combinations_are_never_practised():
    """No practice event has its shape's held-out colour or place."""
    for plan in plans(2, "answerer", 40):
        for event in plan.events:
            assert HELD_OUT_COLOUR[event.shape] != event.colour
            assert HELD_OUT_PLACE.get(event.shape) != event.place


def test_labels_are_what_the_plan_says(scenes):
    """Place and event of each frame follow from its time; a fading event is neither there nor absent."""
    for scene in scenes:
        for t, place, event in zip(scene.timestamps_s, scene.place, scene.event, strict=True):
            (chapter,) = [c for c in scene.plan.chapters if c.start_s <= t < c.end_s]
            assert list(PLACES)[place] == chapter.place
            inside = [i for i, e in enumerate(scene.plan.events) if e.start_s <= t < e.end_s]
            assert inside == ([event] if event >= 0 else inside if event == -2 else [])
    event = scenes[0].plan.events[0]
    times = np.array([event.start_s + 0.01, (event.start_s + event.end_s) / 2, event.end_s - 0.01])
    assert events_at(scenes[0].plan, times).tolist() == [-2, 0, -2]


def test_frames_are_one_a_second_at_the_asked_size(scenes):
    """uint8 [T, 32, 48, 3], a second apart."""
    for scene in scenes:
        assert scene.frames.shape == (len(scene.timestamps_s), *FRAME, 3)
        assert scene.frames.dtype == np.uint8
        np.testing.assert_allclose(np.diff(scene.timestamps_s), 1.0)


def test_drawing_is_repeatable_and_the_same_in_workers(scenes):
    """Same plan, same bytes, in this process or another."""
    here = scenes[:2]
    there = draw_all([scene.plan for scene in here], FRAME, workers=2)
    for a, b in zip(here, there, strict=True):
        assert np.array_equal(a.frames, b.frames)


def test_the_codec_blurs_but_does_not_shift():
    """A flat picture stays flat and keeps its colour to a few grey levels."""
    flat = np.full((96, 160, 3), (200, 60, 90), np.uint8)
    out = through_codec(flat, 60, FRAME)
    assert out.shape == (*FRAME, 3)
    assert abs(out.astype(int) - (200, 60, 90)).max() <= 8


def test_shaking_changes_light_only(rng):
    """Each frame gets one gain and one shift; black and white stay in range."""
    frames = rng.integers(40, 200, (4, 8, 8, 3)).astype(np.uint8)
    out = shaken(rng, frames)
    assert out.dtype == np.uint8
    for a, b in zip(frames, out, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99


def test_pairs_are_what_questions_ask_about(scenes):
    """The events behind a question about a shape in a place are those of one pair, their colours all different."""
    for scene in scenes:
        for question in scene.plan.questions:
            if question.kind is not Kind.WHOLE_VIDEO:
                events = asked_pair(scene.plan, question)
                (pair,) = {(e.shape, e.place) for e in events}
                assert len(pairs(scene.plan)[pair]) == len(events) == len({e.colour for e in events})
