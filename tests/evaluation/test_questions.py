"""Questions out of the accepted table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation.questions import letter, read_questions
from ntlbg.records.question import Kind
from tests.evaluation.small_world import make_world


def test_rows_become_records(tmp_path: Path) -> None:
    """Empty cells become None; a kind nobody knows is unknown."""
    world = make_world(tmp_path / "w", videos=1, questions=3)
    path = world.paths["accepted"] / "questions.parquet"
    table = pd.read_parquet(path)
    table.loc[1, "kind"] = ""
    table.loc[2, "kind"] = "riddle"
    table.loc[2, "answer"] = -1
    table.to_parquet(path)
    found = read_questions(world.paths["accepted"], "mlvu")
    assert [q.kind for q in found] == [Kind.ONE_MOMENT, None, None]
    assert found[0].options == ("red", "green", "blue", "white")
    assert (found[0].subtitle_path, found[2].answer) == (None, None)


def test_a_question_may_not_stand_twice(tmp_path: Path) -> None:
    """Rows are told apart by question_id."""
    world = make_world(tmp_path / "w", videos=1, questions=3)
    path = world.paths["accepted"] / "questions.parquet"
    table = pd.read_parquet(path)
    pd.concat([table, table[:1]]).to_parquet(path)
    with pytest.raises(InputError, match="`mlvu-1` stands there twice"):
        read_questions(world.paths["accepted"], "mlvu")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    """One sentence with the path."""
    with pytest.raises(InputError, match=r"questions.parquet"):
        read_questions(tmp_path, "mlvu")


def test_letters() -> None:
    """A, B, C; nothing for no place."""
    assert [letter(0), letter(5), letter(None), letter(40)] == ["A", "F", "", ""]
