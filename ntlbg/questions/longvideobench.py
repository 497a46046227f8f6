"""LongVideoBench as distributed: lvb_val.json, videos/, subtitles/.

Traps of the format, met here:
- `video_id` does not name the file (some are `@user-<digits>`): paths come from `video_path` and `subtitle_path` only;
- `position` counts frames on a 24-fps timeline whatever the file's rate, so seconds are position / 24; a few values
  lie far beyond the video and are discarded;
- clips carry the subtitles of their source: `starting_timestamp_for_subtitles` is what to subtract;
- lvb_test_wo_gt.json has no answers: all of its questions have `answer` None;
- the parquet of the same questions has no positions, so it is not read.
Options may repeat each other (8 rows of the published file); the answer is an index, so those rows stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.questions import subtitles
from ntlbg.questions.collect import Collector, Parsed
from ntlbg.questions.kinds import LONGVIDEOBENCH as KINDS
from ntlbg.questions.reading import Row, RowError, load_rows, name_below, stem
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.questions.subtitles import Cue
from ntlbg.records.question import Evidence, Question
from ntlbg.store import write_atomic

NAME = "longvideobench"
ANNOTATION = "lvb_val.json"
POSITION_FPS = 24.0
TOLERANCE_S = 2.0  # of a position: it marks a moment without saying how long it lasts
GROUPS = (15, 60, 600, 3600)
_KEPT = ("question_wo_referring_query", "topic_category", "level")


def read(folder: Path, annotation: str = ANNOTATION) -> Benchmark:
    """All rows of an annotation file. Raises InputError when the file itself cannot be read."""
    rows = load_rows(folder / annotation)
    hidden = not any(isinstance(r, dict) and r.get("correct_choice") is not None for r in rows)
    collector = Collector(NAME, folder)
    collector.add_all(annotation, rows, lambda row, origin: _parse(row, folder, origin, hidden))
    return collector.benchmark()


def _parse(row: Row, folder: Path, origin: str, hidden: bool) -> Parsed:
    file = row.word("video_path")
    path = name_below(folder, "videos", file)
    duration = row.number("duration", least=0.0)
    group = str(row.integer("duration_group"))
    video = VideoRow(f"{NAME}-{stem(file)}", NAME, path, "test", group, duration)

    options = row.texts("candidates")
    answer = None if hidden else row.integer("correct_choice")
    if answer is not None and not 0 <= answer < len(options):
        raise RowError(f"`correct_choice` is {answer}; there are {len(options)} candidates, counted from 0")
    category = row.word("question_category")
    metadata = {"origin": origin} | {name: row.text(name) for name in _KEPT if row.value.get(name) not in (None, "")}
    if row.has("video_id") and row.word("video_id") != stem(file):
        metadata["video_id"] = row.word("video_id")
    subtitle = row.optional_word("subtitle_path")
    offset = row.number("starting_timestamp_for_subtitles") if subtitle else 0.0
    question = Question(
        question_id=f"{NAME}-{row.word('id')}",
        video_id=video.video_id,
        benchmark=NAME,
        text=row.text("question"),
        options=options,
        answer=answer,
        answer_text=None if answer is None else options[answer],
        kind=KINDS.get(category),
        category=category,
        group=group,
        subtitle_path=name_below(folder, "subtitles", subtitle) if subtitle else None,
        subtitle_offset_s=offset,
        metadata=metadata,
    )
    return video, question, _evidence(row, question.question_id, duration)


def _evidence(row: Row, question_id: str, duration_s: float) -> list[Evidence]:
    """One point a position, each an item of its own."""
    positions = row.value.get("position") or []
    if not isinstance(positions, list) or any(type(p) is not int for p in positions):
        raise RowError("`position` is not a list of whole numbers")
    last = POSITION_FPS * duration_s + POSITION_FPS
    points = [p / POSITION_FPS for p in dict.fromkeys(positions) if 0 <= p <= last]
    return [Evidence(question_id, item, s, s, TOLERANCE_S) for item, s in enumerate(points)]


def position(start_s: float, end_s: float) -> int:
    """The frame number on the 24-fps timeline that lies in the middle of an interval."""
    middle = round((start_s + end_s) / 2 * POSITION_FPS)
    if not start_s <= middle / POSITION_FPS <= end_s:
        raise InputError(f"no frame of a 24-fps timeline lies within {start_s} s and {end_s} s")
    return middle


def duration_group(duration_s: float) -> str:
    """The benchmark's group of a length: the first of 15, 60, 600, 3600 s that is not much shorter."""
    return str(next((g for g in GROUPS if duration_s <= g * 1.1), GROUPS[-1]))


def write(
    folder: Path,
    videos: Iterable[VideoRow],
    questions: Iterable[Question],
    evidence: Iterable[Evidence] = (),
    cues: Mapping[str, Iterable[Cue]] | None = None,
) -> None:
    """Write lvb_val.json and, per subtitle path in `cues`, the subtitle file. Videos are placed by the caller.

    Of each item of evidence one position is written: the middle of its longest interval.
    """
    by_id = {v.video_id: v for v in videos}
    points: dict[str, dict[int, Evidence]] = {}
    for e in evidence:
        best = points.setdefault(e.question_id, {}).setdefault(e.item, e)
        if e.end_s - e.start_s > best.end_s - best.start_s:
            points[e.question_id][e.item] = e
    rows = [_row(q, by_id[q.video_id], points.get(q.question_id, {})) for q in questions]
    write_atomic(folder / ANNOTATION, json.dumps(rows, ensure_ascii=False, indent=1, allow_nan=False))
    for path, lines in (cues or {}).items():
        subtitles.write_json(folder / path, lines)


def _row(question: Question, video: VideoRow, points: Mapping[int, Evidence]) -> dict[str, Any]:
    file = video.path.removeprefix("videos/")
    offset = question.subtitle_offset_s
    row: dict[str, Any] = {
        "video_id": question.metadata.get("video_id", stem(file)),
        "question": question.text,
        "candidates": list(question.options),
        "position": [position(points[i].start_s, points[i].end_s) for i in sorted(points)],
        "question_category": question.category,
        "id": question.question_id.removeprefix(f"{NAME}-"),
        "video_path": file,
        "subtitle_path": (question.subtitle_path or "").removeprefix("subtitles/"),
        "duration_group": int(video.group),
        "starting_timestamp_for_subtitles": int(offset) if offset == int(offset) else offset,
        "duration": video.duration_s,
    }
    if question.answer is not None:
        row["correct_choice"] = question.answer
    return row | {name: question.metadata[name] for name in _KEPT if name in question.metadata}
