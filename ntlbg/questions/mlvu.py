"""MLVU as distributed: json/<n>_<task>.json and video/<n>_<task>/<file>; also the parquet of its mirror.

Traps of the format, met here:
- the answer is an option's text, so a row whose answer is not among its candidates, or whose candidates repeat each
  other, says nothing certain: such rows are defects (2 and 16 in the published dev files);
- `question_type` sometimes has another name than the file (`findNeedle`, `subPlot`);
- one video is listed by several tasks, each with a folder and perhaps a copy of its own: the file name is its identity;
- two tasks are open questions (sub_scene, summary) with an answer text and no candidates.
The mirror (mlvu/test-*.parquet) appends the options to the question, and its videos lie in the folder's root.
There is no evidence in this layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.questions.collect import Collector, Parsed
from ntlbg.questions.kinds import MLVU as KINDS
from ntlbg.questions.reading import Row, RowError, load_rows, load_table, name_below, one_table, stem
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.records.question import Question
from ntlbg.store import write_atomic

NAME = "mlvu"
TASKS = (
    *("plotQA", "needle", "ego", "count", "order"),
    *("anomaly_reco", "topic_reasoning", "sub_scene", "summary"),
)
OPEN = ("sub_scene", "summary")
ALIASES = {"findNeedle": "needle", "subPlot": "sub_scene"}
_FILE = re.compile(r"\d+_(\w+)\.json")
_COLUMNS = ("video_name", "duration", "question", "candidates", "answer", "task_type", "question_id")


def read(folder: Path) -> Benchmark:
    """All rows of all task files, or of the mirror's parquet. Raises InputError when neither can be read."""
    for root in (folder, folder / "MLVU"):
        files = sorted((p for p in (root / "json").glob("*.json") if _FILE.fullmatch(p.name)), key=_number)
        if files:
            return _read_json(root, files)
    if list(folder.glob("mlvu*/test-*.parquet")):
        return _read_parquet(folder)
    raise InputError(
        f"{folder}: holds no MLVU annotations", hint="json/1_plotQA.json … or mlvu/test-*.parquet is expected"
    )


def _number(path: Path) -> tuple[int, str]:
    return int(path.name.partition("_")[0]), path.name


def task_folder(task: str) -> str:
    """`<n>_<task>`, the name of a task's file and video folder."""
    return f"{TASKS.index(task) + 1}_{task}"


def question_id(task: str, row: int) -> str:
    """The id of a row of a task's file, counted from 1; the JSON files have none of their own."""
    return f"{NAME}-{task_folder(task)}-{row}"


@dataclass
class _Places:
    """Where each video is: the first of its copies that exists, else the first that is named."""

    root: Path
    found: dict[str, tuple[str, int]] = field(default_factory=dict)  # name -> path, size (-1: missing)

    def note(self, folder: str, rows: Iterable[Any]) -> None:
        for row in rows:
            name = row.get("video") if isinstance(row, dict) else None
            if isinstance(name, str) and self.found.get(name, ("", -1))[1] < 0:
                try:
                    path = name_below(self.root, f"video/{folder}", name)
                except RowError:
                    continue
                size = self._size(path)
                if size >= 0 or name not in self.found:
                    self.found[name] = (path, size)

    def path(self, folder: str, name: str) -> str:
        here = name_below(self.root, f"video/{folder}", name)
        path, size = self.found.get(name, (here, -1))
        if here != path and self._size(here) not in (-1, size):
            raise RowError(f"`{here}` and `{path}` have one name and are two videos")
        return path

    def _size(self, path: str) -> int:
        try:
            return (self.root / path).stat().st_size
        except OSError:
            return -1


def _read_json(root: Path, files: list[Path]) -> Benchmark:
    tables = {file.stem: load_rows(file) for file in files}
    places = _Places(root)
    for folder, rows in tables.items():
        places.note(folder, rows)
    collector = Collector(NAME, root)
    for folder, rows in tables.items():
        for number, value in enumerate(rows, start=1):
            collector.add(f"json/{folder}.json", number, value, _row_parser(places, folder, number))
    return collector.benchmark()


def _row_parser(places: _Places, folder: str, number: int) -> Callable[[Row, str], Parsed]:
    task = folder.partition("_")[2]

    def parse(row: Row, origin: str) -> Parsed:
        file = row.word("video")
        said = row.word("question_type")
        if ALIASES.get(said, said) != task:
            raise RowError(f"`question_type` is `{said}` in the file of `{task}`")
        duration = row.number("duration", least=0.0)
        video = VideoRow(f"{NAME}-{stem(file)}", NAME, places.path(folder, file), duration_s=duration)
        text = row.text("answer", empty=True)
        options: tuple[str, ...] = ()
        answer = None
        if task not in OPEN:
            options = row.texts("candidates")
            answer = _place(text, options)
        metadata = {"origin": origin}
        if row.has("scoring_points"):
            metadata["scoring_points"] = json.dumps(row.texts("scoring_points", least=0), ensure_ascii=False)
        question = Question(
            question_id=f"{NAME}-{folder}-{number}",
            video_id=video.video_id,
            benchmark=NAME,
            text=row.text("question"),
            options=options,
            answer=answer,
            answer_text=text,
            kind=KINDS.get(task),
            category=task,
            metadata=metadata,
        )
        return video, question, []

    return parse


def _place(answer: str, options: tuple[str, ...]) -> int:
    """Where the answer stands among the options, which must all differ."""
    listed = ", ".join(f"`{o:.80}`" for o in options)
    twice = next((o for i, o in enumerate(options) if o in options[:i]), None)
    if twice is not None:
        raise RowError(f"candidate `{twice:.80}` is listed twice among {listed}")
    if answer not in options:
        raise RowError(f"answer `{answer:.80}` is not among its options {listed}")
    return options.index(answer)


def _read_parquet(folder: Path) -> Benchmark:
    table = one_table(folder, "mlvu*/test-*.parquet")
    file = table.relative_to(folder).as_posix()
    collector = Collector(NAME, folder)
    rows = load_table(table, _COLUMNS)
    collector.add_all(file, rows, lambda row, origin: _parse_parquet(row, folder, origin))
    return collector.benchmark()


def _parse_parquet(row: Row, folder: Path, origin: str) -> Parsed:
    file = row.word("video_name")
    duration = row.number("duration", least=0.0)
    video = VideoRow(f"{NAME}-{stem(file)}", NAME, name_below(folder, "", file), duration_s=duration)
    options = row.texts("candidates")
    letter = row.word("answer")
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    answer = _place(options[place] if 0 <= place < len(options) else letter, options)
    # the options are repeated behind the question; a selector must see the question alone
    text = row.text("question").partition("\n(A)")[0].strip()
    task = row.word("task_type")
    task = ALIASES.get(task, task)
    question = Question(
        question_id=f"{NAME}-{row.word('question_id')}",
        video_id=video.video_id,
        benchmark=NAME,
        text=text,
        options=options,
        answer=answer,
        answer_text=options[answer],
        kind=KINDS.get(task),
        category=task,
        metadata={"origin": origin},
    )
    return video, question, []


def write(folder: Path, videos: Iterable[VideoRow], questions: Iterable[Question]) -> None:
    """Write one JSON file a task that has questions. Videos are placed by the caller, once in each task's folder."""
    by_id = {v.video_id: v for v in videos}
    tables: dict[str, list[dict[str, Any]]] = {}
    for q in questions:
        video = by_id[q.video_id]
        row: dict[str, Any] = {
            "video": video.path.split("/", 2)[2],
            "duration": video.duration_s,
            "question": q.text,
            "answer": q.answer_text,
            "question_type": next((alias for alias, task in ALIASES.items() if task == q.category), q.category),
        }
        if q.category not in OPEN:
            row["candidates"] = list(q.options)
        if "scoring_points" in q.metadata:
            row["scoring_points"] = json.loads(q.metadata["scoring_points"])
        tables.setdefault(task_folder(q.category), []).append(row)
    for name, rows in tables.items():
        text = json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False)
        write_atomic(folder / "json" / f"{name}.json", text)
