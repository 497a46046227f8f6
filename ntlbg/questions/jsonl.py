"""Own questions: one JSON object a line, beside a folder of videos.

    {"id": "sample_001", "video_id": "video_001.mp4", "question": "…", "answer": "…", "answer_type": "action",
     "duration": 15.2, "metadata": {…}}

`video_id` is a file below the folder; its suffix may be left out. `options` (or `choices`), `evidence` and `kind` are
optional, at the top or in `metadata`: options are texts, the answer is then one of them or its letter; evidence is a
list of [start_s, end_s], each an item of its own, or of {"item", "start_s", "end_s"}; kind is one_moment,
several_moments or whole_video. `category`, `group` and `subtitle` (a .srt or .json below the folder) are read from
`metadata`; what else stands there is kept as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.questions.collect import Collector, Parsed
from ntlbg.questions.reading import Row, RowError, checked_text, load_text, name_below, parse_json, stem
from ntlbg.questions.rows import Benchmark, Defect, VideoRow
from ntlbg.records.question import Evidence, Kind, Question
from ntlbg.store import write_atomic

NAME = "own"
SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm")
_TAKEN = ("options", "choices", "evidence", "kind", "category", "group", "subtitle", "origin", "answer_type")


def read(jsonl: Path, videos_folder: Path, split: str) -> Benchmark:
    """All lines of a file. Raises InputError when the file cannot be read or the folder does not exist."""
    if not videos_folder.is_dir():
        raise InputError(f"{videos_folder}: there is no such folder of videos")
    collector = Collector(NAME, videos_folder)
    for number, line in enumerate(load_text(jsonl).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
        except ValueError as error:
            collector.defects.append(Defect(jsonl.name, number, f"not JSON ({error})"))
            continue
        collector.add(jsonl.name, number, value, lambda row, origin: _parse(row, videos_folder, split, origin))
    return collector.benchmark()


def _parse(row: Row, folder: Path, split: str, origin: str) -> Parsed:
    more = Row(row.value.get("metadata") or {})
    path = _find(folder, row.word("video_id"))
    duration = row.number("duration", least=0.0) if row.has("duration") else None
    group = more.optional_word("group")
    video = VideoRow(f"{NAME}-{stem(path)}", NAME, path, split, group, duration)
    options: tuple[str, ...] = ()
    for source in (row, more):
        for name in ("options", "choices"):
            if not options and source.has(name) and source.value[name] != []:
                options = source.texts(name)
    answer_text = row.text("answer") if row.has("answer") else None
    answer = None
    if options and answer_text is not None:
        answer = _place(answer_text, options)
        answer_text = options[answer]
    subtitle = more.optional_word("subtitle")
    metadata = {"origin": origin} | _rest(more)
    if row.optional_word("answer_type"):
        metadata["answer_type"] = row.word("answer_type")
    question = Question(
        question_id=f"{NAME}-{row.word('id')}",
        video_id=video.video_id,
        benchmark=NAME,
        text=row.text("question"),
        options=options,
        answer=answer,
        answer_text=answer_text,
        kind=_kind(row if row.has("kind") else more),
        category=more.optional_word("category"),
        group=group,
        split=split,
        subtitle_path=name_below(folder, "", subtitle) if subtitle else None,
        metadata=metadata,
    )
    evidence = _evidence(row if row.has("evidence") else more, question.question_id, duration)
    return video, question, evidence


def _find(folder: Path, name: str) -> str:
    path = name_below(folder, "", name)
    if (folder / path).exists() or name.lower().endswith(SUFFIXES):
        return path
    for suffix in SUFFIXES:
        if (folder / (path + suffix)).exists():
            return name_below(folder, "", name + suffix)
    return path


def _place(answer: str, options: tuple[str, ...]) -> int:
    if len(set(options)) < len(options):
        raise RowError("its options repeat each other")
    if answer in options:
        return options.index(answer)
    letter = ord(answer) - ord("A") if len(answer) == 1 else -1
    if 0 <= letter < len(options):
        return letter
    listed = ", ".join(f"`{o:.80}`" for o in options)
    raise RowError(f"answer `{answer:.80}` is not among its options {listed}")


def _kind(row: Row) -> Kind | None:
    if not row.has("kind"):
        return None
    word = row.word("kind")
    if word not in list(Kind):
        raise RowError(f"kind `{word:.40}` is none of {', '.join(Kind)}")
    return Kind(word)


def _rest(more: Row) -> dict[str, str]:
    kept = {}
    for name, value in more.value.items():
        if name not in _TAKEN:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            kept[checked_text(name, "a name in `metadata`")] = checked_text(text, f"`{name:.80}`", empty=True)
    return kept


def _evidence(row: Row, question_id: str, duration_s: float | None) -> list[Evidence]:
    spans = row.value.get("evidence") or []
    if not isinstance(spans, list):
        raise RowError("`evidence` is not a list of intervals")
    found = []
    for place, span in enumerate(spans):
        if isinstance(span, list) and len(span) == 2:
            span = {"start_s": span[0], "end_s": span[1]}
        fields = Row(span)
        start, end = fields.number("start_s", least=0.0), fields.number("end_s", least=0.0)
        if end < start or (duration_s is not None and start > duration_s):
            raise RowError(f"evidence {place + 1} ends before it starts or lies behind the video's end")
        item = fields.integer("item") if fields.has("item") else place
        tolerance = fields.number("tolerance_s", least=0.0) if fields.has("tolerance_s") else 0.0
        found.append(Evidence(question_id, item, start, end, tolerance))
    return found


def write(
    jsonl: Path, videos: Iterable[VideoRow], questions: Iterable[Question], evidence: Iterable[Evidence] = ()
) -> None:
    """Write the questions, one a line; videos are placed by the caller.

    Raises InputError for a question without a video.
    """
    by_id = {v.video_id: v for v in videos}
    spans: dict[str, list[dict[str, Any]]] = {}
    for e in evidence:
        span = {"item": e.item, "start_s": e.start_s, "end_s": e.end_s}
        if e.tolerance_s:
            span["tolerance_s"] = e.tolerance_s
        spans.setdefault(e.question_id, []).append(span)
    lines = []
    for q in questions:
        if q.video_id not in by_id:
            raise InputError(f"{jsonl}: question `{q.question_id}` belongs to no video that is written")
        lines.append(json.dumps(_row(q, by_id[q.video_id], spans), ensure_ascii=False, allow_nan=False) + "\n")
    write_atomic(jsonl, "".join(lines))


def _row(q: Question, video: VideoRow, spans: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    metadata: dict[str, Any] = {k: v for k, v in q.metadata.items() if k not in ("origin", "answer_type")}
    if q.options:
        metadata["options"] = list(q.options)
    if q.question_id in spans:
        metadata["evidence"] = spans[q.question_id]
    for name, value in (
        ("kind", q.kind),
        ("category", q.category),
        ("group", q.group),
        ("subtitle", q.subtitle_path),
    ):
        if value:
            metadata[name] = str(value)
    row: dict[str, Any] = {
        "id": q.question_id.removeprefix(f"{NAME}-"),
        "video_id": video.path,
        "question": q.text,
    }
    if q.answer_text is not None:
        row["answer"] = q.answer_text
    row["answer_type"] = q.metadata.get("answer_type", "")
    if video.duration_s is not None:
        row["duration"] = video.duration_s
    return row | {"metadata": metadata}
