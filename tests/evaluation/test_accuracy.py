"""Figures per arm."""

from __future__ import annotations

import pandas as pd
import pytest

from ntlbg.evaluation.accuracy import arm_summaries, chance, seed_of
from ntlbg.evaluation.rows import Row, table


def rows() -> pd.DataFrame:
    def row(question: int, kind: str, correct: bool | None, recall: float | None, error: str = "") -> Row:
        return Row(
            f"q{question}", f"v{question % 2}", "ntlbg-8", "ntlbg", 8, "frames", kind,
            correct=correct, evidence_recall=recall, error=error, parsed="" if error else "A",
        )  # fmt: skip

    return table(
        [
            row(0, "one_moment", True, 1.0),
            row(1, "one_moment", False, 0.0, "video: corrupt"),
            row(2, "whole_video", True, 0.5),
            row(3, "", None, None),
        ]
    )


def test_errors_are_wrong_and_counted() -> None:
    """answered + errors = rows; an error is in the denominator of accuracy and of recall."""
    (arm,) = arm_summaries(rows(), resamples=100, seed=1)
    assert (arm["answered"], arm["errors"]) == (3, 1)
    assert arm["accuracy"] == pytest.approx(2 / 3)
    assert arm["evidence_recall"] == pytest.approx(0.5)
    assert arm["by_kind"]["one_moment"]["accuracy"] == 0.5
    assert arm["by_kind"]["one_moment"]["n"] == 2


def test_kinds_without_questions_are_absent() -> None:
    """No figure is made for a kind that nobody asked about; the unknown kind is in `all` alone."""
    (arm,) = arm_summaries(rows(), resamples=100, seed=1)
    assert set(arm["by_kind"]) == {"one_moment", "whole_video"}


def test_a_figure_without_support_is_none() -> None:
    """Nothing known: None, not 0."""
    part = rows()[lambda r: r["question_id"] == "q3"]
    (arm,) = arm_summaries(part, resamples=100, seed=1)
    assert (arm["accuracy"], arm["accuracy_ci"], arm["evidence_recall"]) == (None, None, None)


def test_another_arm_changes_no_interval() -> None:
    """Each figure has a seed of its own."""
    more = pd.concat([rows(), rows().assign(arm="uniform-8", selector="uniform")], ignore_index=True)
    assert arm_summaries(more, resamples=100, seed=1)[0] == arm_summaries(rows(), resamples=100, seed=1)[0]
    assert seed_of(1, arm="a") != seed_of(1, arm="b")


def test_chance_is_the_mean_over_questions() -> None:
    """Options differ in number between questions; arms do not count twice."""
    assert chance(rows(), {"q0": 4, "q1": 2, "q2": 4, "q3": 0}) == pytest.approx((0.25 + 0.5 + 0.25) / 3)
    assert chance(rows(), {}) is None
