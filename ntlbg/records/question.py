"""Question and Evidence: one row of a benchmark, and the intervals that answer it, kept apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a question needs to be answered. Known for rendered corpora; None for real downloads that do not say."""

    ONE_MOMENT = "one_moment"
    SEVERAL_MOMENTS = "several_moments"
    WHOLE_VIDEO = "whole_video"


@dataclass(frozen=True)
class Question:
    """options: texts without letters, in the benchmark's order; empty for an open question.

    answer: 0-based place of the right option, or None where it is hidden or the question is open.
    answer_text: the answer in words, where known. category: the benchmark's own task or category name.
    group: the benchmark's own duration group, as text. subtitle_path: beside the video folder, or None.
    subtitle_offset_s: what to subtract from subtitle times (LongVideoBench clips), in seconds.
    """

    question_id: str
    video_id: str
    benchmark: str
    text: str
    options: tuple[str, ...] = ()
    answer: int | None = None
    answer_text: str | None = None
    kind: Kind | None = None
    category: str = ""
    group: str = ""
    split: str = "test"
    subtitle_path: str | None = None
    subtitle_offset_s: float = 0.0
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """One annotated interval of one item of evidence, in seconds; `end_s` is exclusive.

    An item is hit when a chosen frame lies in any of its intervals, widened by `tolerance_s` on both sides.
    Evidence recall of a selection is the share of a question's items that are hit.
    """

    question_id: str
    item: int
    start_s: float
    end_s: float
    tolerance_s: float = 0.0
