"""The page of the film: groups of questions, what is missed first, and the measures of planted videos."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.film_relevance import NOT, SEES, WHOLE
from benchmarks.selecting import arms as all_arms
from benchmarks.selecting.arms import Arm
from benchmarks.selecting.film import KS, Asked, Wanted, measured, page
from benchmarks.selecting.tables import Figures
from ntlbg.evaluation.evidence import Item
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex


def test_groups_are_judged_apart():
    """Behind topk_nms where the encoder sees the object, ahead of uniform on the whole film: one is missed."""
    groups = np.array([SEES] * 3 + [NOT] * 3 + [WHOLE] * 3)
    ones = np.ones((9, 3))
    found = {"ntlbg": 50 * ones, "topk_nms": 60 * ones, "uniform": 40 * ones}
    found["ntlbg"][:3, 0] = 59
    arms = {name: all_arms.every()[name] for name in found}
    measures = {name: np.array([[0.5, 0.4, 0.9], [0.4, 0.3, 0.9], [0.3, 0.2, 0.9]]) for name in found}
    ms = dict.fromkeys(found, np.array([1.0, 2.0, 3.0]))
    text = page(Figures(KS, groups, arms, found, measures, ms, {"random": "RuntimeError: no"}, {}), list(arms.values()))
    assert f"missed: {SEES}, at most 2 below topk_nms at k = 16: -10.0" in text
    assert f"holds: {SEES}, at most 2 below topk_nms at k = 8: -1.0" in text
    assert f"holds: {WHOLE}, at most 5 below uniform at k = 32: +10.0" in text
    assert text.index("missed:") < text.index("holds:")
    assert "- random: RuntimeError: no" in text
    assert "| **ntlbg** | 59.0 50.0 50.0 | 50.0 50.0 50.0 | 50.0 50.0 50.0 |" in text
    assert "| arm (k = 8, 16, 32) | error, plain law | error, tilted law | evenness | ms |" in text
    assert "| uniform | 0.50 0.40 0.30 | 0.40 0.30 0.20 | 0.90 0.90 0.90 | 1.0 2.0 3.0 |" in text
    assert "median over 9 questions" in text


@pytest.fixture
def questions():
    """Two on one video of 60 frames whose one moment, at 30 to 36 s, the first curve shows."""
    rng = np.random.default_rng(0)
    video = VideoIndex("film", rng.normal(size=(60, 8)), np.arange(60.0), 1.0, 60, 60.0)
    peak = np.where((np.arange(60) >= 30) & (np.arange(60) < 36), 1.0, 0.0) + 0.01 * rng.normal(size=60)
    wanted = Wanted((Item(((30.0, 36.0, 0.0),)), Item(((59.5, 60.0, 0.0),))))
    return [
        Asked(video, Query("the moment", peak), wanted, SEES),
        Asked(video, Query("anything", rng.normal(size=60)), wanted, WHOLE),
    ]


def test_a_question_is_measured_as_a_planted_video_is(questions):
    """Recall of the items, errors, evenness and time of every arm and k; questions keep their order and their group."""
    arms = [Arm("uniform", "uniform"), Arm("topk", "topk")]
    figures = Figures.of(measured(questions, arms, (6, 30)), arms)
    assert figures.kinds.tolist() == [SEES, WHOLE]
    assert figures.recall["topk"][0].tolist() == [50.0, 50.0]  # no frame lies in the second item
    assert figures.recall["uniform"].shape == (2, 2)
    plain, _, evenness = figures.measures["uniform"].T
    assert plain[1] < plain[0] < 1
    assert evenness == pytest.approx([1 - 1 / 12, 1 - 1 / 60], abs=1 / 60)
    assert np.all(figures.ms["uniform"] > 0)


def test_an_arm_that_fails_is_named(questions):
    """The others go on; the failed one has no figures."""
    broken = Arm("broken", "uniform", {"grid": "longvideobench"})
    unreadable = [
        Asked(VideoIndex("film", q.video.features, q.video.timestamps_s, 0.0, 60, 60.0), q.query, q.evidence, q.group)
        for q in questions
    ]
    arms = [broken, Arm("random", "random")]
    figures = Figures.of(measured(unreadable, arms, (6,)), arms)
    assert figures.failed["broken"].startswith("2 of 2: InputError: ")
    assert list(figures.recall) == ["random"]
