"""The questions that are trained on (split `train`) and watched (split `val`), and how they are asked.

Evidence is no part of them: what is trained may use a question, its options and its answer, nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ntlbg.errors import InputError
from ntlbg.questions import protocols
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question

if TYPE_CHECKING:
    import pandas as pd

QUESTIONS = "training.parquet"  # the accepted questions of these two splits, and no test question
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Exercise:
    """options: what the model may answer, as it would write it; answer: the place of the right one.

    An open question has its answer as the only option: it can be learnt, and counts in the loss but not in accuracy.
    """

    question_id: str
    video_id: str
    text: str
    prompt: Prompt
    options: tuple[str, ...]
    answer: int


def read_table(path: Path) -> pd.DataFrame:
    """A table of an earlier stage. Raises InputError naming the file when it cannot be read."""
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except Exception as error:
        raise InputError(f"{path}: cannot be read as a table", hint="run the stages before this one") from error


def read_exercises(accepted: Path, split: str, protocol: str, videos: Collection[str]) -> tuple[list[Exercise], int]:
    """(the accepted questions of a split, of all benchmarks, sorted by question_id; how many were left out).

    protocol: how they are asked; `open` scores option texts, the others letters. videos: those that have frames.
    Left out are questions whose video has no frames or whose answer is not known.
    Raises InputError naming the file when it is no table of questions or holds a question twice.
    """
    path = accepted / QUESTIONS
    table = read_table(path)
    try:
        rows = table[table["split"] == split].sort_values("question_id", kind="stable")
        twice = rows["question_id"][rows["question_id"].duplicated()]
        if len(twice):
            raise InputError(f"{path}: question `{twice.iloc[0]}` stands there twice")
        ask = protocols.get(protocol)
        found = []
        for row in rows.itertuples(index=False):
            options = tuple(str(option) for option in row.options)
            answer, text = int(row.answer), str(row.answer_text or "")
            known = 0 <= answer < len(options) if options else bool(text) and protocol == "open"
            if not known or str(row.video_id) not in videos:
                continue
            question = Question(
                question_id=str(row.question_id),
                video_id=str(row.video_id),
                benchmark=str(row.benchmark),
                text=str(row.text),
                options=options,
            )
            said = (options or (text,)) if protocol == "open" else tuple(LETTERS[: len(options)])
            found.append(
                Exercise(
                    question.question_id,
                    question.video_id,
                    question.text,
                    ask.prompt(question),
                    said,
                    answer if options else 0,
                )
            )
    except KeyError as error:
        raise InputError(f"{path}: has no column {error}", hint="run the stages before this one") from error
    return found, len(rows) - len(found)
