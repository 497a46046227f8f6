"""The corpus's tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ntlbg.corpus import manifest
from ntlbg.corpus.manifest import Manifest, VideoFile
from ntlbg.errors import InputError
from ntlbg.questions.rows import Defect
from ntlbg.records.question import Evidence, Kind, Question

VIDEO = VideoFile("own-a", "own", "train", "a.mp4", 3, "abc", "mp4", "")
CHOICE = Question(
    "own-1", "own-a", "own", "Which?", ("x", "y"), 1, "y", Kind.ONE_MOMENT, "colour", "60", "train", "a.srt", 1.5,
    {"origin": "t.jsonl row 1", "answer_type": "multiple_choice"},
)  # fmt: skip
OPEN = Question(
    "own-2", "own-a", "own", "Why?", answer_text="Because.", split="train",
    metadata={"origin": "t.jsonl row 2", "answer_type": "open"},
)  # fmt: skip
MANIFEST = Manifest(
    [VIDEO], [CHOICE, OPEN], [Evidence("own-1", 0, 1.0, 2.0, 0.5)], [("own", Defect("t.jsonl", 3, "bad"))]
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """All four tables, hidden answers and missing kinds included."""
    MANIFEST.write(tmp_path)
    assert manifest.read(tmp_path) == MANIFEST


def test_equal_tables_are_equal_files(tmp_path: Path) -> None:
    """Writing twice gives the same bytes."""
    for name in ("a", "b"):
        MANIFEST.write(tmp_path / name)
    for name in manifest.SCHEMAS:
        assert (tmp_path / "a" / f"{name}.parquet").read_bytes() == (tmp_path / "b" / f"{name}.parquet").read_bytes()


def test_evidence_is_in_its_own_table_alone(tmp_path: Path) -> None:
    """Neither videos nor questions have a column that tells where the answer is."""
    assert not {"evidence", "start_s", "end_s", "item"} & {
        *manifest.SCHEMAS["videos"].names,
        *manifest.SCHEMAS["questions"].names,
    }


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (replace(MANIFEST, videos=[VIDEO, VIDEO]), "video id `own-a` is used twice"),
        (replace(MANIFEST, questions=[CHOICE, CHOICE]), "question id `own-1` is used twice"),
        (replace(MANIFEST, videos=[]), "belongs to video `own-a`"),
        (replace(MANIFEST, questions=[OPEN]), "evidence belongs to question `own-1`"),
    ],
)
def test_broken_tables_are_not_written(tmp_path: Path, broken: Manifest, reason: str) -> None:
    """An id twice, or a row that belongs to nothing, is named; no file appears."""
    with pytest.raises(InputError, match=reason):
        broken.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_missing_and_foreign_tables_are_named(tmp_path: Path) -> None:
    """No table, bytes that are no table."""
    with pytest.raises(InputError, match=r"videos\.parquet: there is no such table"):
        manifest.read(tmp_path)
    (tmp_path / "videos.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a readable parquet"):
        manifest.read(tmp_path)
