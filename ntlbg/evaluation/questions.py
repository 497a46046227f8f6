"""The questions of an evaluation, out of the accepted tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.records.question import Kind, Question

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def question_of(row: Any) -> Question:
    """The record of one row of `questions.parquet` (a named tuple of its columns)."""
    kind = str(row.kind or "")
    return Question(
        question_id=str(row.question_id),
        video_id=str(row.video_id),
        benchmark=str(row.benchmark),
        text=str(row.text),
        options=tuple(str(option) for option in row.options),
        answer=int(row.answer) if int(row.answer) >= 0 else None,
        answer_text=str(row.answer_text) or None,
        kind=Kind(kind) if kind in set(Kind) else None,
        category=str(row.category),
        group=str(row.group),
        split=str(row.split),
        subtitle_path=str(row.subtitle_path) or None,
        subtitle_offset_s=float(row.subtitle_offset_s),
    )


def read_questions(accepted: Path, benchmark: str, split: str = "test") -> list[Question]:
    """The accepted questions of one benchmark and split, in the order of the table.

    Raises InputError naming the file when it cannot be read, holds no such question, or holds one twice.
    """
    import pandas as pd

    path = accepted / "questions.parquet"
    try:
        table = pd.read_parquet(path)
        table = table[(table["benchmark"] == benchmark) & (table["split"] == split)]
    except Exception as error:
        raise InputError(
            f"{path}: cannot be read as the table of accepted questions", hint="run the stages before this one"
        ) from error
    if table.empty:
        raise InputError(
            f"{path}: no {split} question of `{benchmark}` was accepted",
            hint="reports/validation says what was set aside, and why",
        )
    twice = table["question_id"][table["question_id"].duplicated()]
    if len(twice):
        raise InputError(f"{path}: question `{twice.iloc[0]}` stands there twice")
    return [question_of(row) for row in table.itertuples(index=False)]


def letter(place: int | None) -> str:
    """The letter of an option; "" for none."""
    return "" if place is None or not 0 <= place < len(LETTERS) else LETTERS[place]
