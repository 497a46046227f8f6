"""Rows of an evaluation: one per question and arm, errors included. The same rows give the same bytes.

`correct` is null where nobody can say (the answer is hidden, or the oracle has no evidence to show); an error row is
otherwise false. `evidence_recall` is null where the question has no evidence and for `blind`; an error row without a
selection counts as a miss.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ntlbg.errors import InputError
from ntlbg.store import write_atomic

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = pa.schema(
    [
        ("question_id", pa.string()),
        ("video_id", pa.string()),
        ("arm", pa.string()),
        ("selector", pa.string()),
        ("k", pa.int64()),
        ("presentation", pa.string()),
        ("kind", pa.string()),
        ("indices", pa.list_(pa.int64())),
        ("timestamps_s", pa.list_(pa.float64())),
        ("sha256", pa.string()),
        ("prompt_sha256", pa.string()),
        ("raw", pa.string()),
        ("parsed", pa.string()),
        ("correct", pa.bool_()),
        ("evidence_recall", pa.float64()),
        ("error", pa.string()),
        ("masses", pa.list_(pa.float64())),
        ("explained", pa.float64()),
        ("trust", pa.float64()),
    ]
)


@dataclass
class Row:
    """One question under one arm. timestamps_s: of the chosen candidate frames, in seconds. parsed: a letter."""

    question_id: str
    video_id: str
    arm: str
    selector: str
    k: int
    presentation: str
    kind: str = ""
    indices: list[int] = field(default_factory=list)
    timestamps_s: list[float] = field(default_factory=list)
    sha256: str = ""
    prompt_sha256: str = ""
    raw: str = ""
    parsed: str = ""
    correct: bool | None = None
    evidence_recall: float | None = None
    error: str = ""
    masses: list[float] = field(default_factory=list)
    explained: float | None = None
    trust: float | None = None


def table(rows: Iterable[Row | Mapping[str, Any]]) -> pd.DataFrame:
    """The rows as a frame with exactly the columns of `SCHEMA`."""
    records = [dict(vars(row) if isinstance(row, Row) else row) for row in rows]
    return pa.Table.from_pylist(records, schema=SCHEMA).to_pandas()


def to_bytes(rows: pd.DataFrame) -> bytes:
    """The parquet file of these rows: no pandas metadata, no dates, fixed compression."""
    found = pa.Table.from_pandas(rows[SCHEMA.names], schema=SCHEMA, preserve_index=False)
    out = io.BytesIO()
    pq.write_table(found.replace_schema_metadata(None), out, compression="zstd", row_group_size=1 << 20)
    return out.getvalue()


def write_rows(path: Path, rows: pd.DataFrame) -> None:
    """Write `reports/evaluation/<benchmark>.parquet`, whole or not at all."""
    write_atomic(path, to_bytes(rows))


def read_rows(path: Path) -> pd.DataFrame:
    """Read rows back.

    Raises InputError naming the file when it is missing, is no parquet file, or lacks a column.
    """
    try:
        found = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{path}: cannot be read as a parquet file of evaluation rows", hint="run the evaluation again"
        ) from error
    missing = [name for name in SCHEMA.names if name not in found.column_names]
    if missing:
        raise InputError(
            f"{path}: column `{missing[0]}` is missing", hint="the file is of another version: evaluate again"
        )
    return found.select(SCHEMA.names).cast(SCHEMA).to_pandas()
