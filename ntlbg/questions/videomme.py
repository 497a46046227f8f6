"""Video-MME as distributed: videomme/test-00000-of-00001.parquet, data/<videoID>.<suffix>, subtitle/<videoID>.srt.

Traps of the format, met here: `videoID` names the file, `video_id` does not; `duration` is a word; options carry
their letters ("A. …"), which are taken off; suffixes are mixed in case and kind. There is no evidence in this layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

from ntlbg.questions import subtitles
from ntlbg.questions.collect import Collector, Parsed
from ntlbg.questions.kinds import VIDEOMME as KINDS
from ntlbg.questions.reading import Row, RowError, load_table, name_below, one_table, stem
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.questions.subtitles import Cue
from ntlbg.records.question import Question
from ntlbg.store import write_atomic

NAME = "videomme"
ANNOTATION = "videomme/test-00000-of-00001.parquet"
SUFFIXES = (".mp4", ".MP4", ".mkv", ".MKV", ".webm", ".avi", ".mov", ".m4v", ".flv")
FOLDERS = ("data", "video")  # as unzipped by lmms-eval, as flattened by VLMEvalKit
_KEPT = ("domain", "sub_category", "url")
_COLUMNS = (
    *("video_id", "duration", *_KEPT, "videoID", "question_id", "task_type"),
    *("question", "options", "answer"),
)


def read(folder: Path) -> Benchmark:
    """All rows of the parquet file. Raises InputError when it cannot be read."""
    table = one_table(folder, "videomme/test-*.parquet")
    file = table.relative_to(folder).as_posix()
    collector = Collector(NAME, folder)
    rows = load_table(table, _COLUMNS)
    collector.add_all(file, rows, lambda row, origin: _parse(row, folder, origin))
    return collector.benchmark()


def _parse(row: Row, folder: Path, origin: str) -> Parsed:
    youtube = row.word("videoID")
    group = row.word("duration")
    video = VideoRow(f"{NAME}-{youtube}", NAME, _find(folder, youtube), "test", group)
    options = tuple(_strip(text, i) for i, text in enumerate(row.texts("options")))
    answer = _index(row.word("answer"), len(options))
    category = row.word("task_type")
    subtitle = name_below(folder, "subtitle", f"{youtube}.srt")
    metadata = {"origin": origin, "video_id": row.word("video_id")}
    metadata |= {name: row.word(name) for name in _KEPT if row.optional_word(name)}
    question = Question(
        question_id=f"{NAME}-{row.word('question_id')}",
        video_id=video.video_id,
        benchmark=NAME,
        text=row.text("question"),
        options=options,
        answer=answer,
        answer_text=options[answer],
        kind=KINDS.get(category),
        category=category,
        group=group,
        subtitle_path=subtitle if (folder / subtitle).is_file() else None,
        metadata=metadata,
    )
    return video, question, []


def _find(folder: Path, youtube: str) -> str:
    """The video's path: the first of the known folders and suffixes that exists, else where it belongs."""
    for place in FOLDERS:
        for suffix in SUFFIXES:
            path = name_below(folder, place, youtube + suffix)
            if (folder / path).exists():
                return path
    return f"{FOLDERS[0]}/{youtube}{SUFFIXES[0]}"


def _strip(option: str, place: int) -> str:
    letter = f"{chr(ord('A') + place)}."
    if not option.startswith(letter):
        raise RowError(f"option {place + 1} does not begin with `{letter}`")
    return option[len(letter) :].strip()


def _index(letter: str, n_options: int) -> int:
    place = ord(letter) - ord("A") if len(letter) == 1 else -1
    if not 0 <= place < n_options:
        raise RowError(f"answer `{letter:.20}` is none of the letters of its {n_options} options")
    return place


def duration_word(duration_s: float) -> str:
    """The benchmark's word for a length: short (below 2 minutes), medium (to 15), long."""
    return "short" if duration_s < 120 else "medium" if duration_s <= 900 else "long"


def write(
    folder: Path,
    videos: Iterable[VideoRow],
    questions: Iterable[Question],
    cues: Mapping[str, Iterable[Cue]] | None = None,
) -> None:
    """Write the parquet file and, per subtitle path in `cues`, the SRT file. Videos are placed by the caller."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    by_id = {v.video_id: v for v in videos}
    rows = []
    for q in questions:
        video = by_id[q.video_id]
        rows.append(
            {name: q.metadata.get(name, "") for name in ("video_id", *_KEPT)}
            | {
                "duration": video.group,
                "videoID": stem(video.path.partition("/")[2]),
                "question_id": q.question_id.removeprefix(f"{NAME}-"),
                "task_type": q.category,
                "question": q.text,
                "options": [f"{chr(ord('A') + i)}. {text}" for i, text in enumerate(q.options)],
                "answer": "" if q.answer is None else chr(ord("A") + q.answer),
            }
        )
    types = {c: pa.list_(pa.string()) if c == "options" else pa.string() for c in _COLUMNS}
    table = pa.Table.from_pylist(rows, schema=pa.schema(types))
    out = BytesIO()
    pq.write_table(table, out)
    write_atomic(folder / ANNOTATION, out.getvalue())
    for path, lines in (cues or {}).items():
        subtitles.write_srt(folder / path, lines)
