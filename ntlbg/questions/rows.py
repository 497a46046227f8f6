"""What every reader of questions returns: videos, questions, evidence, and the rows that had to be left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ntlbg.records.question import Evidence, Question


@dataclass(frozen=True)
class VideoRow:
    """One video of a benchmark.

    path: below the benchmark's root, with forward slashes; the file may be missing.
    duration_s: as the annotation says, None where it does not. group: the benchmark's own duration group.
    """

    video_id: str
    benchmark: str
    path: str
    split: str = "test"
    group: str = ""
    duration_s: float | None = None

    @property
    def container(self) -> str:
        """Suffix of the file, lower case, without the dot."""
        return self.path.rpartition(".")[2].lower() if "." in self.path else ""


@dataclass(frozen=True)
class Defect:
    """A row that was left out. file: below the root; row: counted from 1; reason: one sentence, without a full stop."""

    file: str
    row: int
    reason: str
    question_id: str = ""

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}: {self.reason}"


@dataclass(frozen=True)
class Benchmark:
    """A layout as read. `root` is where relative paths start; it takes no part in comparisons.

    Every row of the annotation is either a question here or a defect, never both and never neither.
    """

    name: str
    videos: list[VideoRow]
    questions: list[Question]
    evidence: list[Evidence] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    root: Path = field(default=Path(), compare=False)
