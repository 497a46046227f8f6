"""Planned videos in each benchmark's distributed layout.

The layouts have no field for a question's kind, so it travels in their own categories:

| form                | LongVideoBench | Video-MME            | MLVU            |
| ------------------- | -------------- | -------------------- | --------------- |
| colour              | S2A            | Attribute Perception | needle          |
| first, last         | SAA            | Temporal Reasoning   | order           |
| count               | SOS            | Counting Problem     | count           |
| shown, never, most  | SSS            | Information Synopsis | topic_reasoning |

`questions.kinds` leads back. LongVideoBench carries evidence as `position`, points at 24 fps; the exact intervals are
the plan's. Some of its videos pose as clips cut from longer ones, with subtitle times of the source.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ntlbg.corpus.narration import narrate
from ntlbg.corpus.planted import PlannedQuestion
from ntlbg.corpus.render import Job, Rendered
from ntlbg.questions import jsonl, kinds, longvideobench, mlvu, videomme
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.questions.subtitles import Cue
from ntlbg.records.question import Evidence, Kind, Question

_FORMS = ("colour", "first", "last", "count", "shown", "never", "most")
CATEGORIES: dict[str, dict[str, str]] = {
    "longvideobench": dict(zip(_FORMS, ("S2A", "SAA", "SAA", "SOS", "SSS", "SSS", "SSS"), strict=True)),
    "videomme": dict(
        zip(
            _FORMS,
            ("Attribute Perception", *["Temporal Reasoning"] * 2, "Counting Problem", *["Information Synopsis"] * 3),
            strict=True,
        )
    ),
    "mlvu": dict(zip(_FORMS, ("needle", "order", "order", "count", *["topic_reasoning"] * 3), strict=True)),
    "own": {form: form for form in _FORMS},
}
KINDS: dict[str, dict[str, Kind]] = {
    "longvideobench": kinds.LONGVIDEOBENCH,
    "videomme": kinds.VIDEOMME,
    "mlvu": kinds.MLVU,
}
CLIP_EVERY = 4  # every fourth LongVideoBench video poses as a clip, which begins here in its source:
CLIP_OFFSET_S = 600.0
NO_SUBTITLE_EVERY = 6  # Video-MME has none for one video in six


def write(name: str, jobs: Sequence[Job], made: Mapping[str, Rendered], folder: Path) -> Benchmark:
    """Write a benchmark's annotation, subtitles and videos below `folder`; what reading it back must give."""
    benchmark = {"longvideobench": _longvideobench, "videomme": _videomme, "mlvu": _mlvu}[name](jobs, folder)
    for video, job in zip(benchmark.videos, jobs, strict=True):
        paths = {video.path}
        if name == "mlvu":
            tasks = {q.category for q in benchmark.questions if q.video_id == video.video_id}
            paths = {f"video/{mlvu.task_folder(task)}/{job.name}" for task in tasks}
        for path in sorted(paths):
            place(made[job.plan.video_id].file, folder / path)
    return benchmark


def write_own(splits: Mapping[str, Sequence[Job]], made: Mapping[str, Rendered], folder: Path) -> dict[str, Benchmark]:
    """Write `<split>.jsonl` for each split, and all their videos in `videos/`."""
    written = {}
    for split, jobs in splits.items():
        videos, questions, evidence = [], [], []
        for job in jobs:
            video = VideoRow(f"own-{job.plan.video_id}", "own", job.name, split, "", job.plan.duration_s)
            videos.append(video)
            for i, planned in enumerate(job.plan.questions):
                question = _question("own", f"own-{job.plan.video_id}-{i}", video, planned)
                answer_type = "count" if planned.form == "count" else "text"
                questions.append(replace(question, split=split, metadata={"answer_type": answer_type}))
                evidence += exact(question.question_id, planned)
            place(made[job.plan.video_id].file, folder / "videos" / job.name)
        jsonl.write(folder / f"{split}.jsonl", videos, questions)
        written[split] = Benchmark("own", videos, questions, evidence)
    return written


def place(file: Path, target: Path) -> None:
    """A copy of a stored file: what happens to it later cannot reach the store."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)


def exact(question_id: str, planned: PlannedQuestion) -> list[Evidence]:
    """The plan's intervals."""
    return [Evidence(question_id, item, start, end) for item, start, end in planned.evidence]


def _question(name: str, question_id: str, video: VideoRow, planned: PlannedQuestion) -> Question:
    category = CATEGORIES[name][planned.form]
    return Question(
        question_id=question_id,
        video_id=video.video_id,
        benchmark=name,
        text=planned.text,
        options=planned.options,
        answer=planned.answer,
        answer_text=planned.answer_text,
        kind=KINDS[name].get(category) if name in KINDS else planned.kind,
        category=category,
        group=video.group,
    )


def _longvideobench(jobs: Sequence[Job], folder: Path) -> Benchmark:
    videos, questions, evidence = [], [], []
    cues: dict[str, list[Cue]] = {}
    for n, job in enumerate(jobs):
        plan = job.plan
        group = longvideobench.duration_group(plan.duration_s)
        path = f"videos/{job.name}"
        video = VideoRow(f"longvideobench-{plan.video_id}", "longvideobench", path, "test", group, plan.duration_s)
        videos.append(video)
        offset = CLIP_OFFSET_S if n % CLIP_EVERY == CLIP_EVERY - 1 else 0.0
        subtitle = f"subtitles/{plan.video_id}_en.json"
        cues[subtitle] = [
            Cue(c.start_s + offset, c.end_s + offset, c.text) for c in narrate(plan.look, plan.duration_s)
        ]
        for i, planned in enumerate(plan.questions):
            question = _question("longvideobench", f"longvideobench-{plan.video_id}_{i}", video, planned)
            level = "L1-Perception" if question.kind is Kind.ONE_MOMENT else "L2-Relation"
            metadata = {"topic_category": "RW-Rendered-World", "level": level}
            questions.append(replace(question, subtitle_path=subtitle, subtitle_offset_s=offset, metadata=metadata))
            evidence += exact(question.question_id, planned)
    longvideobench.write(folder, videos, questions, evidence, cues)
    return Benchmark("longvideobench", videos, questions, evidence)


def _videomme(jobs: Sequence[Job], folder: Path) -> Benchmark:
    videos, questions, evidence = [], [], []
    cues: dict[str, list[Cue]] = {}
    for n, job in enumerate(jobs):
        plan = job.plan
        group = videomme.duration_word(plan.duration_s)
        video = VideoRow(f"videomme-{plan.video_id}", "videomme", f"data/{job.name}", "test", group)
        videos.append(video)
        subtitle = None
        if n % NO_SUBTITLE_EVERY != NO_SUBTITLE_EVERY - 1:
            subtitle = f"subtitle/{plan.video_id}.srt"
            cues[subtitle] = narrate(plan.look, plan.duration_s)
        number = f"{n + 1:03d}"
        metadata = {"video_id": number, "domain": "Rendered World", "sub_category": "Places and Shapes"}
        for i, planned in enumerate(plan.questions):
            question = _question("videomme", f"videomme-{number}-{i + 1}", video, planned)
            questions.append(replace(question, subtitle_path=subtitle, metadata=metadata))
            evidence += exact(question.question_id, planned)
    videomme.write(folder, videos, questions, cues)
    return Benchmark("videomme", videos, questions, evidence)


def _mlvu(jobs: Sequence[Job], folder: Path) -> Benchmark:
    videos, evidence = [], []
    tables: dict[str, list[Question]] = {task: [] for task in mlvu.TASKS}
    for job in jobs:
        plan = job.plan
        tasks = {CATEGORIES["mlvu"][q.form] for q in plan.questions}
        first = mlvu.task_folder(next(t for t in mlvu.TASKS if t in tasks))
        path = f"video/{first}/{job.name}"
        video = VideoRow(f"mlvu-{plan.video_id}", "mlvu", path, duration_s=plan.duration_s)
        videos.append(video)
        for planned in plan.questions:
            task = CATEGORIES["mlvu"][planned.form]
            question = _question("mlvu", mlvu.question_id(task, len(tables[task]) + 1), video, planned)
            tables[task].append(question)
            evidence += exact(question.question_id, planned)
    questions = [q for rows in tables.values() for q in rows]
    mlvu.write(folder, videos, questions)
    return Benchmark("mlvu", videos, questions, evidence)
