"""Which questions are trained on, and how they are asked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.training.questions import read_exercises, read_table

ROW = {
    "video_id": "v",
    "benchmark": "own",
    "split": "train",
    "text": "What colour is the star?",
    "options": ["red", "blue", "green"],
    "answer": 1,
    "answer_text": "blue",
}


def accepted(folder: Path, *rows: dict) -> Path:
    """A folder with these rows, each a change of ROW."""
    pd.DataFrame([{**ROW, "question_id": f"q{i}", **row} for i, row in enumerate(rows)]).to_parquet(
        folder / "training.parquet"
    )
    return folder


def test_an_exercise_is_the_question_as_an_evaluation_asks_it(tmp_path):
    """Its prompt is the protocol's; its options are the texts, or the letters where the prompt shows the texts."""
    folder = accepted(tmp_path, {})
    (one,), _ = read_exercises(folder, "train", "open", {"v"})
    assert (one.prompt.user, one.options, one.answer) == (ROW["text"], ("red", "blue", "green"), 1)
    (letters,), _ = read_exercises(folder, "train", "mlvu", {"v"})
    assert letters.options == ("A", "B", "C")
    assert "blue" in letters.prompt.user


def test_splits_do_not_mix(tmp_path):
    """A test question is in neither; the order is that of the ids."""
    folder = accepted(tmp_path, {"split": "test"}, {"question_id": "b"}, {"split": "val"}, {"question_id": "a"})
    assert [e.question_id for e in read_exercises(folder, "train", "open", {"v"})[0]] == ["a", "b"]
    assert [e.question_id for e in read_exercises(folder, "val", "open", {"v"})[0]] == ["q2"]


def test_what_cannot_be_learnt_is_left_out_and_counted(tmp_path):
    """A hidden answer, an open question without its answer, a video without frames."""
    folder = accepted(
        tmp_path,
        {"answer": -1},
        {"options": [], "answer": -1, "answer_text": ""},
        {"video_id": "lost"},
        {"answer": 3},
        {},
    )
    found, left_out = read_exercises(folder, "train", "open", {"v"})
    assert [e.question_id for e in found] == ["q4"]
    assert left_out == 4


def test_an_open_question_is_learnt_by_its_words(tmp_path):
    """Its answer is its only option; by letters it cannot be asked."""
    folder = accepted(tmp_path, {"options": [], "answer": -1, "answer_text": "a red star"})
    (one,), _ = read_exercises(folder, "train", "open", {"v"})
    assert (one.options, one.answer) == (("a red star",), 0)
    assert read_exercises(folder, "train", "mlvu", {"v"}) == ([], 1)


def test_bad_tables_are_named(tmp_path):
    """Missing, no table, without a column, or with a question twice: one sentence with the file."""
    with pytest.raises(InputError, match=r"training\.parquet: cannot be read"):
        read_exercises(tmp_path, "train", "open", {"v"})
    (tmp_path / "videos.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"videos\.parquet: cannot be read"):
        read_table(tmp_path / "videos.parquet")
    accepted(tmp_path, {"question_id": "twice"}, {"question_id": "twice"})
    with pytest.raises(InputError, match="`twice` stands there twice"):
        read_exercises(tmp_path, "train", "open", {"v"})
    pd.DataFrame([{"question_id": "q"}]).to_parquet(tmp_path / "training.parquet")
    with pytest.raises(InputError, match="has no column 'split'"):
        read_exercises(tmp_path, "train", "open", {"v"})
