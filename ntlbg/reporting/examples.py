"""The questions that the page shows with pictures: drawn by the seed, never by who won."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from ntlbg.errors import NTLBGError
from ntlbg.evaluation.evidence import Items, items_of, shown
from ntlbg.evaluation.picking import Videos
from ntlbg.evaluation.questions import letter
from ntlbg.records.question import Question
from ntlbg.reporting.figures import COLOURS
from ntlbg.reporting.timeline import clock, timeline
from ntlbg.reporting.words import KINDS, benchmark_name
from ntlbg.store import key

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.features.encoders import Encoder
    from ntlbg.video.source import FrameSource

SHOWN = ("ntlbg", "uniform")
THUMBNAILS = 16  # at most so many per arm, spread evenly over its picks: the page must stay one small file


@dataclass(frozen=True)
class Thumbnail:
    """One picked frame. src: a data URI of a JPEG, "" where the picture cannot be read. hit: shows evidence."""

    src: str
    time: str
    hit: bool | None


@dataclass(frozen=True)
class Answered:
    """What one arm picked and answered. recall: as text, "" without evidence. left_out: picks without a thumbnail."""

    arm: str
    colour: str
    text: str
    correct: bool | None
    error: str
    recall: str
    thumbnails: list[Thumbnail] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True)
class Example:
    """One question as the template shows it. options: (letter, text, whether it is right)."""

    benchmark: str
    kind: str
    question_id: str
    video_id: str
    text: str
    options: list[tuple[str, str, bool]]
    answered: list[Answered]
    picture: Markup | None
    note: str


def choose(questions: Mapping[str, Sequence[Question]], n: int, seed: int) -> list[Question]:
    """n questions, the benchmarks and kinds in turn; within each the seed alone decides.

    questions: benchmark → its questions. The draw knows ids, kinds and the seed: no pick, no answer, no evidence.
    """
    strata: dict[tuple[str, str], list[Question]] = {}
    for kind in [*list(KINDS)[1:], ""]:
        for benchmark, group in questions.items():
            part = [q for q in group if (q.kind or "") == kind]
            if part:
                strata[kind, benchmark] = sorted(part, key=lambda q: key(seed=seed, example=q.question_id))
    chosen: list[Question] = []
    depth = 0
    while len(chosen) < n and any(len(part) > depth for part in strata.values()):
        chosen += [part[depth] for part in strata.values() if len(part) > depth]
        depth += 1
    return chosen[:n]


def build(
    question: Question,
    rows: pd.DataFrame,
    *,
    evidence: Mapping[str, Items],
    videos: Videos,
    frames: FrameSource,
    encoder: Encoder,
    width: int,
) -> Example:
    """What the page shows of one question. A picture that cannot be made is left out and said to be missing."""
    items = items_of(evidence, question.question_id)
    own = rows[rows["question_id"] == question.question_id]
    arms = _shown_rows(own)
    note, relevance, duration = "", None, 0.0
    try:
        from ntlbg.features.relevance import make_query

        features = videos.load(question.video_id)
        duration = features.index.duration_s or float(features.index.timestamps_s[-1]) or 1.0
        relevance = (features.index.timestamps_s, make_query(question.text, features, encoder).relevance)
    except NTLBGError as error:
        note = error.sentence
    size = _size(videos, question.video_id, width)
    answered = [_answered(row, question, items, frames, size) for row in arms]
    lanes = [
        (str(row["selector"]), list(row["timestamps_s"]), _hit(items, row), COLOURS[str(row["selector"])])
        for row in arms
    ]
    intervals = [interval for item in items for interval in item.intervals]
    picture = timeline(duration, intervals, lanes, relevance) if duration > 0 else None
    return Example(
        benchmark=benchmark_name(question.benchmark),
        kind=KINDS.get(question.kind or "", "kind not known"),
        question_id=question.question_id,
        video_id=question.video_id,
        text=question.text,
        options=[(letter(i), text, i == question.answer) for i, text in enumerate(question.options)],
        answered=answered,
        picture=picture,
        note=note,
    )


def _shown_rows(rows: pd.DataFrame) -> list[Any]:
    """The rows of ntlbg and uniform at the smallest k, with full frames."""
    found = []
    for selector in SHOWN:
        part = rows[(rows["selector"] == selector) & (rows["presentation"] == "frames")]
        if len(part):
            found.append(part.sort_values("k", kind="stable").iloc[0])
    return found


def _hit(items: Items, row: Any) -> list[bool]:
    return [bool(h) for h in shown(items, np.asarray(row["timestamps_s"], dtype=np.float64))]


def _size(videos: Videos, video_id: str, width: int) -> tuple[int, int]:
    """(height, width) of a thumbnail with the video's own proportions."""
    row = videos.outcomes.get(video_id, {})
    w, h = int(row.get("width") or 0), int(row.get("height") or 0)
    if w <= 0 or h <= 0:
        w, h = 16, 9
    return max(1, min(round(width * h / w), 4 * width)), width


def _answered(row: Any, question: Question, items: Items, frames: FrameSource, size: tuple[int, int]) -> Answered:
    parsed = str(row["parsed"])
    place = next((i for i in range(len(question.options)) if letter(i) == parsed), None)
    recall = row["evidence_recall"]
    correct = row["correct"]
    return Answered(
        arm=str(row["arm"]),
        colour=COLOURS[str(row["selector"])],
        text=f"{parsed}. {question.options[place]}" if place is not None else "no answer",
        correct=None if correct is None or correct != correct else bool(correct),
        error=str(row["error"]),
        recall="" if recall is None or recall != recall else f"{100 * recall:.0f} %",
        thumbnails=_thumbnails(row, question, items, frames, size),
        left_out=max(0, len(row["timestamps_s"]) - THUMBNAILS),
    )


def _thumbnails(
    row: Any, question: Question, items: Items, frames: FrameSource, size: tuple[int, int]
) -> list[Thumbnail]:
    times = np.asarray(row["timestamps_s"], dtype=np.float64)
    if times.size == 0:
        return []
    kept = np.unique(np.linspace(0, len(times) - 1, min(THUMBNAILS, len(times))).round().astype(int))
    times = times[kept]
    hit = list(shown(items, times).tolist()) if items else [None] * len(times)
    try:
        pixels = frames.get(question.video_id, times, size)
        sources = [jpeg(picture) for picture in pixels]
    except NTLBGError:
        sources = [""] * len(times)
    return [Thumbnail(s, clock(float(t)), h) for s, t, h in zip(sources, times, hit, strict=True)]


def jpeg(picture: Any) -> str:
    """A data URI of uint8 [h, w, 3]; no metadata, so equal pixels give equal bytes."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(out, "JPEG", quality=82, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
