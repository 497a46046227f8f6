"""The rows of an evaluation, looked at before they are published: every arm × question once, every field consistent.

What the rows say is set beside what they must say, given the accepted questions and the frames that `decode` kept;
Great Expectations judges the pairs. Nothing is mended: a row that breaks a rule stops the stage under its question's
name, since a figure over such rows would be wrong without looking wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ntlbg.records.arrays import indices_sha256
from pipelines.checks.docs import judge
from pipelines.checks.sentences import stop
from pipelines.checks.text import visible

BLIND, ORACLE = "blind", "oracle"  # the arms that no selector picks for
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
COUNTS = ("times_asked", "options", "place", "steps_back", "picks", "picks_due", "times", "times_off")


def check_rows(rows: pd.DataFrame, where: Path, *, accepted: Path, frames: Path, benchmark: str) -> None:
    """Judge the rows that are about to become the file `where`.

    rows: as `ntlbg.evaluation.rows.SCHEMA`. accepted, frames: folders of the stages `validate` and `decode`.
    Raises InputError naming the questions and arms whose row is missing or breaks a rule.
    """
    questions = pd.read_parquet(
        accepted / "questions.parquet", columns=["question_id", "benchmark", "split", "options", "answer"]
    )
    asked = questions[(questions["benchmark"] == benchmark) & (questions["split"] == "test")]
    outcomes = pd.read_parquet(frames / "outcomes.parquet", columns=["video_id", "timestamps_s"])
    seen = observe(rows, asked, dict(zip(outcomes["video_id"], outcomes["timestamps_s"], strict=True)))
    with judge() as by:
        verdicts = by.check("answer_rows", seen, key="question_id")
    stop(
        str(where),
        verdicts,
        seen,
        what="rows",
        name=lambda row: f"question `{visible(row['question_id'])}` under `{visible(row['arm'])}`",
    )


def observe(rows: pd.DataFrame, questions: pd.DataFrame, times: Mapping[str, Any]) -> pd.DataFrame:
    """One row per row, in its order, then one for each arm × question that has none.

    questions: the accepted test questions of the benchmark. times: video_id → timestamps of its candidate frames.
    """
    options = {name: len(given) for name, given in zip(questions["question_id"], questions["options"], strict=True)}
    answers = dict(zip(questions["question_id"], questions["answer"], strict=True))
    count = rows.groupby(["arm", "question_id"])["question_id"].transform("size")
    seen = [
        {
            **_state(row, options),
            **_answer(row, options.get(row.question_id), answers.get(row.question_id, -1)),
            **_picks(row, np.asarray(times.get(row.video_id, []), np.float64)),
            "times_asked": n,
            "evidence_recall": row.evidence_recall,
        }
        for row, n in zip(rows.itertuples(index=False), count, strict=True)
    ]
    given = set(zip(rows["arm"], rows["question_id"], strict=True))
    seen += [
        {"question_id": question, "arm": arm, "state": "missing"}
        for arm in dict.fromkeys(rows["arm"])
        for question in options
        if (arm, question) not in given
    ]
    return pd.DataFrame(seen).astype(dict.fromkeys(COUNTS, "Int64") | {"evidence_recall": "Float64"})


def _state(row: Any, options: Mapping[str, int]) -> dict[str, Any]:
    state = "present" if row.question_id in options else "of no accepted question"
    return {"question_id": row.question_id, "arm": row.arm, "state": state}


def _answer(row: Any, options: int | None, answer: int) -> dict[str, Any]:
    """How the row ended, which option it names (-1: none of the letters), and how it was marked beside how it must."""
    ended = {(True, False): "answered", (False, True): "an error"}.get(
        (bool(row.parsed), bool(row.error)), "both" if row.error else "neither"
    )
    place = (LETTERS.find(row.parsed) if len(row.parsed) == 1 else -1) if row.parsed else None
    marked = "unknown" if row.correct is None or pd.isna(row.correct) else "right" if row.correct else "wrong"
    if answer < 0:
        due = "unknown"
    elif row.error:
        # an oracle that had nothing to show was not asked, so it is neither right nor wrong
        due = "unknown" if row.selector == ORACLE and marked == "unknown" and not len(row.indices) else "wrong"
    else:
        due = "right" if place == answer else "wrong"
    return {"ended": ended, "options": options, "place": place, "marked": marked, "marked_due": due}


def _picks(row: Any, times: Any) -> dict[str, Any]:
    """The choice of frames: sorted, unique, min(k, T) of them, at the times of these candidate frames."""
    indices = np.asarray(row.indices, np.int64)
    at = np.asarray(row.timestamps_s, np.float64)
    inside = indices[(indices >= 0) & (indices < len(times))]
    due = 0 if row.selector == BLIND else min(int(row.k), len(times))
    return {
        "steps_back": int((np.diff(indices) <= 0).sum()),
        "picks": len(indices),
        # a row that failed before anything was chosen has no picks; one that failed later may still have those that
        # a rule proposed, of which a trained model keeps k
        "picks_due": len(indices) if row.error and (not len(indices) or len(indices) >= due) else due,
        "times": len(at),
        "times_off": len(indices) - len(inside)
        if len(inside) < len(indices) or len(at) != len(indices)
        else int((at != times[inside]).sum()),
        "masses_sum": float(np.sum(row.masses)) if len(row.masses) else None,
        "digest": row.sha256,
        "digest_due": indices_sha256(indices) if len(indices) else "",
    }
