"""The tables of a corpus: videos, questions, evidence (apart), and the rows that had to be left out.

Written with fixed columns, fixed types and in the order of reading, so equal corpora are equal files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ntlbg.errors import InputError
from ntlbg.questions.rows import Defect
from ntlbg.records.question import Evidence, Kind, Question
from ntlbg.store import write_atomic

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()

SCHEMAS: dict[str, pa.Schema] = {
    "videos": pa.schema(
        [
            *((n, _TEXT) for n in ("video_id", "benchmark", "split", "path")),
            ("size", _INT),  # 0 when the file is missing
            ("blake3", _TEXT),  # "" when the file is missing
            ("container", _TEXT),
            ("group", _TEXT),
        ]
    ),
    "questions": pa.schema(
        [
            *((n, _TEXT) for n in ("question_id", "video_id", "benchmark", "split", "text")),
            ("options", pa.list_(_TEXT)),
            ("answer", _INT),  # counted from 0; -1 when hidden or open
            *((n, _TEXT) for n in ("answer_text", "answer_type", "kind", "category", "group", "subtitle_path")),
            ("subtitle_offset_s", _FLOAT),
            ("origin", _TEXT),
        ]
    ),
    "evidence": pa.schema(
        [
            ("question_id", _TEXT),
            ("item", _INT),
            *((n, _FLOAT) for n in ("start_s", "end_s", "tolerance_s")),
        ]
    ),
    "defects": pa.schema(
        [
            *((n, _TEXT) for n in ("benchmark", "file")),
            ("row", _INT),
            *((n, _TEXT) for n in ("question_id", "reason")),
        ]
    ),
}


@dataclass(frozen=True)
class VideoFile:
    """One row of videos.parquet. path: relative to the working folder for rendered videos, else absolute."""

    video_id: str
    benchmark: str
    split: str
    path: str
    size: int
    blake3: str
    container: str
    group: str


def question_row(question: Question) -> dict[str, Any]:
    """A question as a row of questions.parquet."""
    return {
        "question_id": question.question_id,
        "video_id": question.video_id,
        "benchmark": question.benchmark,
        "split": question.split,
        "text": question.text,
        "options": list(question.options),
        "answer": -1 if question.answer is None else question.answer,
        "answer_text": question.answer_text or "",
        "answer_type": question.metadata.get("answer_type") or ("multiple_choice" if question.options else "open"),
        "kind": str(question.kind) if question.kind else "",
        "category": question.category,
        "group": question.group,
        "subtitle_path": question.subtitle_path or "",
        "subtitle_offset_s": question.subtitle_offset_s,
        "origin": question.metadata.get("origin", ""),
    }


def question_of(row: dict[str, Any]) -> Question:
    """The question that a row of questions.parquet holds."""
    return Question(
        question_id=row["question_id"],
        video_id=row["video_id"],
        benchmark=row["benchmark"],
        text=row["text"],
        options=tuple(row["options"]),
        answer=None if row["answer"] < 0 else int(row["answer"]),
        answer_text=row["answer_text"] or None,
        kind=Kind(row["kind"]) if row["kind"] else None,
        category=row["category"],
        group=row["group"],
        split=row["split"],
        subtitle_path=row["subtitle_path"] or None,
        subtitle_offset_s=float(row["subtitle_offset_s"]),
        metadata={"origin": row["origin"], "answer_type": row["answer_type"]},
    )


@dataclass(frozen=True)
class Manifest:
    """All that the corpus stage knows, in the order it was read."""

    videos: Sequence[VideoFile]
    questions: Sequence[Question]
    evidence: Sequence[Evidence]
    defects: Sequence[tuple[str, Defect]] = ()  # with the benchmark's name

    def write(self, into: Path) -> None:
        """Write the four tables. Raises InputError when an id is not unique or names no row."""
        self.check()
        write_table(into / "videos.parquet", "videos", (vars(v) for v in self.videos))
        write_table(into / "questions.parquet", "questions", (question_row(q) for q in self.questions))
        write_table(into / "evidence.parquet", "evidence", (vars(e) for e in self.evidence))
        defects = ({"benchmark": name, **vars(d)} for name, d in self.defects)
        write_table(into / "defects.parquet", "defects", defects)

    def check(self) -> None:
        """Raises InputError naming the id that is used twice, or the row that belongs to nothing."""
        videos = unique("video", (v.video_id for v in self.videos))
        questions = unique("question", (q.question_id for q in self.questions))
        for q in self.questions:
            if q.video_id not in videos:
                raise InputError(f"question `{q.question_id}` belongs to video `{q.video_id}`, which is not listed")
        for e in self.evidence:
            if e.question_id not in questions:
                raise InputError(f"evidence belongs to question `{e.question_id}`, which is not listed")


def unique(what: str, ids: Iterable[str]) -> set[str]:
    """The set of these ids. Raises InputError naming the first that comes twice."""
    seen: set[str] = set()
    for identifier in ids:
        if identifier in seen:
            raise InputError(f"{what} id `{identifier}` is used twice")
        seen.add(identifier)
    return seen


def write_table(path: Path, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as the table of this name, whole or not at all."""
    table = pa.Table.from_pylist(list(rows), schema=SCHEMAS[name])
    out = BytesIO()
    pq.write_table(table, out, compression="zstd", store_schema=False)
    write_atomic(path, out.getvalue())


def read(folder: Path) -> Manifest:
    """The tables as written. Raises InputError naming a table that is missing or has other columns."""
    videos = [VideoFile(**row) for row in read_table(folder / "videos.parquet", "videos")]
    questions = [question_of(row) for row in read_table(folder / "questions.parquet", "questions")]
    evidence = [Evidence(**row) for row in read_table(folder / "evidence.parquet", "evidence")]
    defects = [(row.pop("benchmark"), Defect(**row)) for row in read_table(folder / "defects.parquet", "defects")]
    return Manifest(videos, questions, evidence, defects)


def read_table(path: Path, name: str) -> list[dict[str, Any]]:
    """Rows of one table. Raises InputError naming the file."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such table", hint="run the corpus stage: `dvc repro corpus`")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable parquet file ({str(error).splitlines()[0]})") from error
    for column in SCHEMAS[name].names:
        if column not in table.column_names:
            raise InputError(f"{path}: has no column `{column}`")
    return list(table.select(SCHEMAS[name].names).to_pylist())
