"""Collects the rows of one layout: a sound row becomes a question, any other a defect; ids stay unique."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ntlbg.questions.reading import Row, RowError
from ntlbg.questions.rows import Benchmark, Defect, VideoRow
from ntlbg.records.question import Evidence, Question

Parsed = tuple[VideoRow, Question, list[Evidence]]


class Collector:
    """`add` every row of every annotation file, then take `benchmark()`."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.videos: dict[str, VideoRow] = {}
        self.questions: dict[str, Question] = {}
        self.evidence: list[Evidence] = []
        self.defects: list[Defect] = []

    def add(self, file: str, row: int, value: Any, parse: Callable[[Row, str], Parsed]) -> None:
        """Parse one row, `parse(fields, origin)`; what is wrong with it becomes a Defect naming `file` and `row`."""
        question_id = ""
        try:
            video, question, evidence = parse(Row(value), f"{file} row {row}")
            question_id = question.question_id
            if question_id in self.questions:
                raise RowError(f"question id `{question_id}` is taken by an earlier row")
            known = self.videos.get(video.video_id, video)
            if known.path != video.path:
                raise RowError(f"`{video.path}` and `{known.path}` would be one video: names differ in suffix only")
        except RowError as error:
            self.defects.append(Defect(file, row, str(error), question_id))
            return
        self.videos.setdefault(video.video_id, video)
        self.questions[question_id] = question
        self.evidence += evidence

    def add_all(self, file: str, rows: Iterable[Any], parse: Callable[[Row, str], Parsed]) -> None:
        for number, value in enumerate(rows, start=1):
            self.add(file, number, value, parse)

    def benchmark(self) -> Benchmark:
        return Benchmark(
            self.name,
            list(self.videos.values()),
            list(self.questions.values()),
            self.evidence,
            self.defects,
            self.root,
        )
