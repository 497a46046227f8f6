"""A small sound corpus on disk, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3

from pipelines.checks.accept import Accepted, accept
from pipelines.checks.tables import QUESTIONS, VIDEOS

Row = dict[str, Any]


@dataclass
class Corpus:
    """Rows to be changed by a test, then written and accepted."""

    root: Path
    videos: list[Row] = field(default_factory=list)
    questions: list[Row] = field(default_factory=list)

    @property
    def into(self) -> Path:
        return self.root / "accepted"

    @property
    def reports(self) -> Path:
        return self.root / "validation"

    def add_video(self, video_id: str, split: str = "test", **changes: Any) -> Row:
        """A real file of some bytes, recorded as it is."""
        data = b"bytes of " + video_id.encode()
        path = self.root / "videos" / f"{blake3(data).hexdigest()[:12]}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        row = {
            "video_id": video_id,
            "benchmark": "mlvu",
            "split": split,
            "path": str(path),
            "size": len(data),
            "blake3": blake3(data).hexdigest(),
            "container": "mp4",
            "group": "",
        }
        self.videos.append(row | changes)
        return self.videos[-1]

    def add_question(self, question_id: str, video_id: str, split: str = "test", **changes: Any) -> Row:
        row = {
            "question_id": question_id,
            "video_id": video_id,
            "benchmark": "mlvu",
            "split": split,
            "text": "What colour is the star?",
            "options": ["red", "blue", "green"],
            "answer": 1,
            "answer_text": "blue",
            "answer_type": "multiple_choice",
            "kind": "one_moment",
            "category": "colour",
            "group": "",
            "subtitle_path": "",
            "subtitle_offset_s": 0.0,
            "origin": "1_plotQA.json row 0",
        }
        self.questions.append(row | changes)
        return self.questions[-1]

    def write(self, videos: pa.Table | None = None, questions: pa.Table | None = None) -> Path:
        folder = self.root / "corpus"
        folder.mkdir(exist_ok=True)
        pq.write_table(videos or pa.Table.from_pylist(self.videos, VIDEOS), folder / "videos.parquet")
        pq.write_table(questions or pa.Table.from_pylist(self.questions, QUESTIONS), folder / "questions.parquet")
        return folder

    def accept(self, **options: Any) -> Accepted:
        return accept(self.write(), self.into, self.reports, **options)

    def accepted(self, table: str) -> list[Row]:
        rows: list[Row] = pq.read_table(self.into / f"{table}.parquet").to_pylist()
        return rows


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Three sound videos in three splits, and a question on each."""
    made = Corpus(tmp_path)
    for video_id, split in (("c", "test"), ("a", "train"), ("b", "val")):
        made.add_video(video_id, split)
        made.add_question(f"q_{video_id}", video_id, split)
    return made


@pytest.fixture
def reasons() -> Callable[[Corpus], dict[str, str]]:
    """Name of each quarantined row -> its reason, as quarantine.csv tells it."""
    import csv

    def read(corpus: Corpus) -> dict[str, str]:
        with (corpus.reports / "quarantine.csv").open(newline="", encoding="utf-8") as file:
            return {row["name"]: row["reason"] for row in csv.DictReader(file)}

    return read
