"""Rows of an evaluation are looked at before they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation.rows import Row, table
from ntlbg.records.arrays import indices_sha256
from pipelines.checks.answer_rows import check_rows, observe
from pipelines.checks.docs import judge
from pipelines.checks.sentences import reasons

TIMES = [0.5, 1.5, 2.5, 3.5, 4.5]
QUESTIONS = pd.DataFrame(
    [
        {"question_id": name, "benchmark": benchmark, "split": split, "options": ["x", "y", "z"], "answer": answer}
        for name, benchmark, split, answer in (
            ("q1", "mlvu", "test", 1),
            ("q2", "mlvu", "test", 0),
            ("hidden", "mlvu", "test", -1),
            ("elsewhere", "videomme", "test", 0),
            ("practice", "mlvu", "train", 0),
        )
    ]
)
ASKED = QUESTIONS[:3]
CORRECT = {"q1": True, "q2": False, "hidden": None}


def row(question: str, arm: str = "uniform", k: int = 2, **changes) -> Row:
    picks = [] if arm == "blind" else [1, 3, 4][:k]
    made = Row(
        question,
        "v",
        f"{arm}-{k}" if k else arm,
        arm,
        k,
        "frames",
        indices=picks,
        timestamps_s=[TIMES[i] for i in picks],
        sha256=indices_sha256(np.asarray(picks)) if picks else "",
        raw="[-1.0]",
        parsed="B",
        correct=CORRECT.get(question),
        evidence_recall=None if arm == "blind" else 0.5,
        masses=[1 / max(len(picks), 1)] * len(picks),
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def sound() -> list[Row]:
    return [row(question, arm, k) for arm, k in (("uniform", 2), ("blind", 0)) for question in CORRECT]


def broken(rows: list[Row]) -> dict[tuple[str, str], str]:
    """(question, arm) → what is wrong with its row."""
    seen = observe(table(rows), ASKED, {"v": TIMES})
    with judge() as by:
        told = reasons(by.check("answer_rows", seen, key="question_id"), seen)
    return {(seen["question_id"][place], seen["arm"][place]): said for place, said in told.items()}


SHORT = {"indices": [1], "timestamps_s": [1.5], "masses": [1.0], "sha256": indices_sha256(np.asarray([1]))}
FAILED = {"error": "answer: none", "parsed": "", "correct": False}
UNSEEN = {"indices": [], "timestamps_s": [], "masses": [], "sha256": ""}


@pytest.mark.parametrize(
    ("question", "changes", "said"),
    [
        ("q1", {"parsed": ""}, "of an answer and an error it has neither"),
        ("q1", {"error": "frames: none"}, "of an answer and an error it has both"),
        ("q1", {"parsed": "BC", "correct": False}, "its answer is not one letter from A to Z"),
        ("q1", {"parsed": "D", "correct": False}, "its answer is option 3, counted from 0, of 3"),
        ("q1", {"correct": False}, "it is marked wrong, and must be right"),
        ("q1", {"correct": None}, "it is marked unknown, and must be right"),
        ("q2", {"correct": True}, "it is marked right, and must be wrong"),
        ("hidden", {"correct": False}, "it is marked wrong, and must be unknown"),
        ("q1", FAILED | {"correct": None}, "it is marked unknown, and must be wrong"),
        ("q1", SHORT, "1 frames were picked where 2 must be"),
        ("q1", {"timestamps_s": [1.5, 3.0]}, "1 of its picks are not candidate frames at these times"),
        ("q1", {"masses": [0.5, 0.6]}, "its masses sum to 1.1"),
        ("q1", {"sha256": "0" * 64}, "its sha256 is not that of its picks"),
        ("q1", {"evidence_recall": 1.5}, "its evidence recall is 1.5, not from 0 to 1"),
    ],
)
def test_each_rule_is_broken_by_the_row_that_breaks_it(question, changes, said):
    """And by no other; the sentence says what is there and what must be."""
    rows = sound()
    place = list(CORRECT).index(question)
    rows[place] = row(question, **changes)
    told = broken(rows)
    assert list(told) == [(question, "uniform-2")]
    assert said in told[question, "uniform-2"]


def test_picks_are_sorted_and_unique_and_of_the_video():
    """Index 9 of a video of five frames is nobody's pick."""
    rows = sound()
    for place, picks in enumerate(([3, 1], [1, 1], [1, 9])):
        rows[place].indices = picks
        rows[place].timestamps_s = [TIMES[min(i, 4)] for i in picks]
        rows[place].sha256 = indices_sha256(np.asarray(picks))
    told = broken(rows)
    assert told["q1", "uniform-2"] == told["q2", "uniform-2"] == "its picks are not sorted, or not unique"
    assert told["hidden", "uniform-2"] == "1 of its picks are not candidate frames at these times"


def test_sound_rows_and_sound_errors_pass():
    """An error is wrong where the answer is known; an oracle that had nothing to show is neither right nor wrong."""
    rows = sound()
    rows[0] = row("q1", **FAILED)
    rows[1] = row("q2", **FAILED, **UNSEEN)
    rows += [row(question, "oracle", 3) for question in ("q1", "hidden")]
    rows.append(row("q2", "oracle", 3, error="no evidence", parsed="", correct=None, evidence_recall=None, **UNSEEN))
    assert broken(rows) == {}


def test_more_frames_than_the_video_has_are_not_asked_for():
    """k = 8 of five frames is five."""
    picks = list(range(5))
    whole = {"indices": picks, "timestamps_s": TIMES, "masses": [0.2] * 5, "sha256": indices_sha256(np.asarray(picks))}
    assert broken([row(question, k=8, **whole) for question in CORRECT]) == {}


def test_every_arm_answers_every_question_once():
    """A row that is missing is named like one that is wrong; so is one too many, and one nobody asked for."""
    rows = sound()
    rows[2] = row("practice", correct=None)
    rows.append(row("q1"))
    assert broken(rows) == {
        ("q1", "uniform-2"): "it stands there 2 times",
        ("practice", "uniform-2"): "its row is of no accepted question",
        ("hidden", "uniform-2"): "its row is missing",
    }


def test_the_stage_is_stopped_in_one_sentence(tmp_path: Path):
    """With the file that is not written, the questions and the arms."""
    QUESTIONS.to_parquet(tmp_path / "questions.parquet")
    pd.DataFrame({"video_id": ["v"], "timestamps_s": [TIMES]}).to_parquet(tmp_path / "outcomes.parquet")
    where = {"accepted": tmp_path, "frames": tmp_path, "benchmark": "mlvu"}
    rows = sound()
    check_rows(table(rows), Path("reports/mlvu.parquet"), **where)
    rows[0].correct = False
    with pytest.raises(InputError) as caught:
        check_rows(table(rows[:-1]), Path("reports/mlvu.parquet"), **where)
    assert caught.value.sentence == (
        "reports/mlvu.parquet: 2 of 6 rows break a rule: question `q1` under `uniform-2`: "
        "it is marked wrong, and must be right; question `hidden` under `blind`: its row is missing"
    )
