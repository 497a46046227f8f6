"""From the corpus as it was recorded to the corpus that all later stages may trust.

A corpus that is broken as a whole (a column missing, an id twice, a video in two splits, nothing sound left) stops
with one sentence. A single broken video or question is put aside under its name, and everything else goes on.
The annotated intervals lie beside the two tables and are never opened here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ntlbg.errors import InputError
from ntlbg.store import folder_atomic
from pipelines.checks import observed, summary
from pipelines.checks.docs import Judge, Verdict, judge
from pipelines.checks.sentences import NAMED, reasons, said, text
from pipelines.checks.summary import Account, Quarantined
from pipelines.checks.tables import DEFECTS, QUESTIONS, VIDEOS, read_table, write_table
from pipelines.checks.text import visible

DIGEST_LIMIT = 4 << 30  # bytes: above it a corpus is checked by the sizes of its files alone


@dataclass(frozen=True)
class Accepted:
    """How many rows went on and how many were put aside; `quarantine` names those, source rows first."""

    videos: int
    questions: int
    quarantined_videos: int
    quarantined_questions: int
    quarantine: tuple[Quarantined, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        return {name: value for name, value in self.__dict__.items() if name != "quarantine"}

    def __str__(self) -> str:
        return (
            f"{self.videos} videos and {self.questions} questions accepted, "
            f"{self.quarantined_videos} and {self.quarantined_questions} put aside"
        )


def accept(corpus: Path, into: Path, reports: Path, *, digest_limit: int = DIGEST_LIMIT) -> Accepted:
    """Check `corpus`/{videos,questions}.parquet; write the sound rows to `into` and the account to `reports`.

    `corpus`/defects.parquet, where there is one, holds rows that the readers of the sources refused; they join the
    account. Both folders are replaced whole: `into` gets {videos,questions}.parquet, sorted by id, with equal bytes
    for equal rows; `reports` gets summary.html, summary.json, quarantine.csv and docs/ (the pages of Great
    Expectations). `into`/training.parquet repeats the questions of the splits that are learnt from and watched: it is
    all that training reads, so that a corrected test answer retrains nothing.
    digest_limit, in bytes: a corpus recorded as larger is checked by file size alone.

    Raises InputError when the corpus is broken as a whole; then `into` is left as it was, and `reports` tells why.
    """
    paths = {"videos": corpus / "videos.parquet", "questions": corpus / "questions.parquet"}
    videos, questions = read_table(paths["videos"], VIDEOS), read_table(paths["questions"], QUESTIONS)

    refused = _refused(corpus / "defects.parquet")

    with judge() as by:
        checks = _Checks(by, paths, reports, _frame(videos), _frame(questions))
        broken: InputError | None = None
        try:
            checks.run(digest_limit)
        except InputError as error:
            broken = error
        account = Account(
            rows={"videos": len(videos), "questions": len(questions)},
            quarantined=[*refused, *checks.quarantined],
            verdicts=checks.verdicts,
            stopped=broken.sentence if broken else None,
        )
        with folder_atomic(reports) as folder:
            by.keep_pages(folder / "docs")
            summary.write(folder, account)
    if broken is not None:
        raise broken

    with folder_atomic(into) as folder:
        for table, sound, key in (
            (videos, checks.sound_videos, "video_id"),
            (questions, checks.sound_questions, "question_id"),
        ):
            # ids are unique by now, so the order is the same however the corpus was walked
            name = f"{key.removesuffix('_id')}s.parquet"
            rows = table.filter(pa.array(sound)).sort_by(key)
            write_table(folder / name, rows)
        write_table(folder / "training.parquet", rows.filter(pc.not_equal(rows["split"], "test")))
    return Accepted(
        videos=sum(checks.sound_videos),
        questions=sum(checks.sound_questions),
        quarantined_videos=len(videos) - sum(checks.sound_videos),
        quarantined_questions=len(questions) - sum(checks.sound_questions),
        quarantine=(*refused, *checks.quarantined),
    )


def _refused(path: Path) -> list[Quarantined]:
    """Rows of the sources that never became rows of the corpus."""
    if not path.exists():
        return []
    return [
        Quarantined(
            table="sources",
            name=text(row["question_id"]) or text(row["file"]),
            benchmark=text(row["benchmark"]),
            split="",
            origin=f"{text(row['file'])} row {row['row']}",
            reason=text(row["reason"]),
        )
        for row in read_table(path, DEFECTS).to_pylist()
    ]


def _frame(table: pa.Table) -> pd.DataFrame:
    """Whole numbers stay whole where some are null."""
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


class _Checks:
    """The four suites, one after the other; what they found so far stays when one of them stops the run."""

    def __init__(
        self,
        by: Judge,
        paths: Mapping[str, Path],
        reports: Path,
        videos: pd.DataFrame,
        questions: pd.DataFrame,
    ) -> None:
        self.by, self.paths, self.reports = by, paths, reports
        self.videos, self.questions = videos, questions
        self.verdicts: list[Verdict] = []
        self.quarantined: list[Quarantined] = []
        self.sound_videos: list[bool] = []
        self.sound_questions: list[bool] = []

    def run(self, digest_limit: int) -> None:
        seen = observed.videos_table(self.videos)
        self._must_hold("videos", self._judged("videos_table", seen, "video_id"), seen)
        seen = observed.questions_table(self.questions, self.videos).drop(columns="options")
        self._must_hold("questions", self._judged("questions_table", seen, "question_id"), seen)

        seen = observed.videos_rows(self.videos, digest_limit=digest_limit)
        broken = reasons(self._judged("videos_rows", seen, "video_id"), seen)
        self.sound_videos = self._put_aside("videos", "video_id", "path", seen, broken)

        sound = set(self.videos["video_id"][self.sound_videos])
        seen = observed.questions_rows(self.questions, self.videos, sound).drop(columns="options")
        broken = reasons(self._judged("questions_rows", seen, "question_id"), seen)
        self.sound_questions = self._put_aside("questions", "question_id", "origin", seen, broken)

    def _judged(self, suite: str, seen: pd.DataFrame, key: str) -> list[Verdict]:
        verdicts = self.by.check(suite, seen, key=key)
        self.verdicts += verdicts
        return verdicts

    def _must_hold(self, table: str, verdicts: Iterable[Verdict], seen: pd.DataFrame) -> None:
        for verdict in verdicts:
            if not verdict.passed:
                says = said(verdict.says, seen.iloc[verdict.rows[0]]) if verdict.rows else verdict.says
                raise InputError(
                    f"{self.paths[table]}: {says}{_at(verdict.rows)}",
                    hint="mend the source that the row came from, and run the `corpus` stage again",
                )

    def _put_aside(
        self, table: str, key: str, origin: str, seen: pd.DataFrame, broken: Mapping[int, str]
    ) -> list[bool]:
        for place, reason in sorted(broken.items()):
            row = seen.iloc[place]
            self.quarantined.append(
                Quarantined(
                    table=table,
                    name=text(row[key]),
                    benchmark=text(row["benchmark"]),
                    split=text(row["split"]),
                    origin=text(row[origin]),
                    reason=reason,
                )
            )
        if len(broken) == len(seen):
            name = visible(text(seen[key].iloc[0]))
            raise InputError(
                f"{self.paths[table]}: none of its {len(seen)} {table} is sound; the first, `{name}`: {broken[0]}",
                hint=f"all of them and their reasons are in {self.reports / 'quarantine.csv'}",
            )
        return [place not in broken for place in range(len(seen))]


def _at(rows: tuple[int, ...]) -> str:
    """Which rows, by their place in the file."""
    if not rows:
        return ""
    named = ", ".join(str(row) for row in rows[:NAMED])
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f" ({'rows' if len(rows) > 1 else 'row'} {named}{more}, counted from 0)"
