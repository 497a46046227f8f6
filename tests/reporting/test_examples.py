"""Which questions are shown, and how."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd

from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.picking import Videos
from ntlbg.evaluation.questions import read_questions
from ntlbg.reporting import examples
from ntlbg.reporting.examples import build, choose, jpeg
from ntlbg.video.source import FrameSource
from tests.evaluation.small_world import TextOnly, World


def test_the_draw_knows_no_result(world: World) -> None:
    """It sees questions, a number and a seed; another seed draws others; the order of rows does not matter."""
    assert list(inspect.signature(choose).parameters) == ["questions", "n", "seed"]
    questions = {name: read_questions(world.paths["accepted"], name) for name in ("mlvu", "videomme")}
    drawn = [q.question_id for q in choose(questions, 10, 1)]
    assert drawn == [q.question_id for q in choose({n: q[::-1] for n, q in questions.items()}, 10, 1)]
    assert drawn != [q.question_id for q in choose(questions, 10, 2)]


def test_kinds_and_benchmarks_take_turns(world: World) -> None:
    """Six questions of two benchmarks and three kinds: one of each; never more than there are."""
    questions = {name: read_questions(world.paths["accepted"], name) for name in ("mlvu", "videomme")}
    assert {(q.benchmark, q.kind) for q in choose(questions, 6, 1)} == {
        (b, k) for b in questions for k in ("one_moment", "several_moments", "whole_video")
    }
    assert len(choose(questions, 1000, 1)) == 36
    assert choose(questions, 0, 1) == []


def example(world: World, evaluations: dict[str, pd.DataFrame], question_id: str) -> examples.Example:
    name = question_id.split("-")[0]
    question = next(q for q in read_questions(world.paths["accepted"], name) if q.question_id == question_id)
    return build(
        question,
        evaluations[name],
        evidence=read_evidence(world.paths["evidence"]),
        videos=Videos.read(world.paths["frames"], world.paths["features"]),
        frames=FrameSource(world.paths["frames"], pd.read_parquet(world.paths["accepted"] / "videos.parquet")),
        encoder=TextOnly(),
        width=48,
    )


def test_an_example_shows_picks_of_both_and_marks_hits(world: World, evaluations: dict[str, pd.DataFrame]) -> None:
    """A thumbnail per pick; hit or miss agrees with the recall of the row."""
    found = example(world, evaluations, "mlvu-1")
    assert [a.arm for a in found.answered] == ["ntlbg-4", "uniform-4"]
    rows = evaluations["mlvu"].set_index(["question_id", "arm"])
    for answer in found.answered:
        assert len(answer.thumbnails) == 4
        assert all(t.src.startswith("data:image/jpeg;base64,") for t in answer.thumbnails)
        recall = rows.loc[("mlvu-1", answer.arm), "evidence_recall"]
        assert any(t.hit for t in answer.thumbnails) == (recall > 0)
    assert sum(right for _, _, right in found.options) == 1
    assert found.picture is not None


def test_a_broken_video_is_shown_as_broken(world: World, evaluations: dict[str, pd.DataFrame]) -> None:
    """The error is printed; no picture is invented."""
    broken = evaluations["videomme"]
    question_id = broken[broken["video_id"] == "videomme_1"]["question_id"].iloc[0]
    found = example(world, evaluations, question_id)
    assert all("corrupt" in a.error and not a.thumbnails for a in found.answered)
    assert found.picture is None
    assert "corrupt" in found.note


def test_equal_pixels_give_equal_bytes() -> None:
    """No date and no comment in the JPEG."""
    picture = np.arange(32 * 48 * 3, dtype=np.uint8).reshape(32, 48, 3)
    assert jpeg(picture) == jpeg(picture.copy())
