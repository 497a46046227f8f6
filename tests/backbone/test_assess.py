"""How the tiny models are measured."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.backbone import tiny_qwen
from ntlbg.backbone.assess import accuracy, checking_plans, even, filmed, line, oracle, relevance_auc, shown
from ntlbg.backbone.practice import plans, through_codec
from ntlbg.corpus.scenes import Renderer
from ntlbg.modeling.answerer import Answerer


def test_the_oracle_shows_every_item(scenes):
    """As long as items are no more than k, each is among the frames; always k, sorted, unique."""
    for scene in scenes:
        for question in scene.plan.questions:
            picks = oracle(question, scene.timestamps_s, 8)
            assert len(picks) == 8
            assert (np.diff(picks) > 0).all()
            for frames in shown(question, scene.timestamps_s).values():
                assert np.isin(frames, picks).any()


def test_even_spacing_is_even():
    """Gaps differ by at most one frame."""
    gaps = np.diff(even(np.arange(301.0), 8))
    assert gaps.max() - gaps.min() <= 1


def test_auc_of_known_cases():
    """Perfect, reversed, constant, and one computed by hand."""
    evidence = np.array([False, True, False, True])
    assert relevance_auc(np.array([0, 2, 1, 3.0]), evidence) == 1
    assert relevance_auc(np.array([3, 1, 2, 0.0]), evidence) == 0
    assert relevance_auc(np.zeros(4), evidence) == 0.5
    assert relevance_auc(np.array([0, 1, 2, 3.0]), evidence) == 0.75


def test_a_filmed_video_is_the_drawn_one(scenes):
    """H.264 and back changes pixels a little and times not at all."""
    plan = scenes[0].plan
    film, renderer = filmed(plan, tiny_qwen.FRAME), Renderer(plan)
    assert film.frames.shape == (len(film.timestamps_s), *tiny_qwen.FRAME, 3)
    for i in range(5, len(film.timestamps_s), 40):
        drawn = through_codec(renderer.frame(round(film.timestamps_s[i] * plan.fps)), 95, tiny_qwen.FRAME)
        assert np.abs(film.frames[i].astype(float) - drawn).mean() < 8


def test_checking_videos_are_no_practice_videos():
    """Neither set shares a video with practice; only the composed one may hold held-out combinations."""
    practised = {p.video_id for p in plans(7, "answerer", 30)} | {p.video_id for p in plans(7, "encoder", 30)}
    for composed in (False, True):
        checks = checking_plans(7, 6, composed=composed)
        assert practised.isdisjoint(p.video_id for p in checks)
        assert {p.split for p in checks} == {"test" if composed else "backbone"}


@pytest.mark.parametrize("frames", ["oracle", "even", "blind"])
def test_accuracy_counts_every_question(scenes, frames):
    """Per form and per kind, all questions are in the table."""
    processor = tiny_qwen.build_processor()
    answerer = Answerer(tiny_qwen.build_model(processor, width=64, layers=1).eval(), processor, {})
    table = accuracy(answerer, scenes[:2], frames)
    kinds = ("one_moment", "several_moments", "whole_video")
    assert sum(table[k][1] for k in kinds) == sum(len(s.plan.questions) for s in scenes[:2])
    assert all(0 <= value <= 1 for value, _ in table.values())
    assert "one_moment" in line(table)
