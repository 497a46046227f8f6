"""Rows on disk."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation.rows import SCHEMA, Row, read_rows, table, to_bytes, write_rows

CONTRACT = [
    *("question_id", "video_id", "arm", "selector", "k", "presentation", "kind", "indices", "timestamps_s", "sha256"),
    *("prompt_sha256", "raw", "parsed", "correct", "evidence_recall", "error"),
]


def some() -> pd.DataFrame:
    return table(
        [
            Row("q1", "v", "ntlbg-2", "ntlbg", 2, "frames", "one_moment", [3, 9], [0.3, 0.9], correct=True,
                evidence_recall=0.5, masses=[0.25, 0.75], trust=0.5),
            Row("q2", "v", "blind", "blind", 0, "frames", error="video: corrupt"),
        ]
    )  # fmt: skip


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    """Types, nulls and lists survive, and a second writing gives the same bytes."""
    write_rows(tmp_path / "rows.parquet", some())
    back = read_rows(tmp_path / "rows.parquet")
    pd.testing.assert_frame_equal(back, some())
    assert to_bytes(back) == to_bytes(some()) == (tmp_path / "rows.parquet").read_bytes()
    assert back["correct"].isna().tolist() == [False, True]


def test_the_contracts_columns_come_first() -> None:
    """Readers of the contract find its columns, in its order."""
    assert SCHEMA.names[: len(CONTRACT)] == CONTRACT


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    """Not parquet, or parquet of something else: one sentence with the file in it."""
    bad = tmp_path / "bad.parquet"
    bad.write_text("hello")
    with pytest.raises(InputError, match=r"bad.parquet"):
        read_rows(bad)
    pd.DataFrame({"question_id": ["q"]}).to_parquet(bad)
    with pytest.raises(InputError, match="column `video_id` is missing"):
        read_rows(bad)
