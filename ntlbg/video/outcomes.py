"""`outcomes.parquet`: one row per video, whatever became of it. `quarantine.parquet`: which are not whole, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.errors import InputError
from ntlbg.store import write_atomic

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

OUTCOMES, QUARANTINE = "outcomes.parquet", "quarantine.parquet"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """table: the rows of outcomes.parquet. counts: videos per outcome. decoded: videos that a worker read in this
    run. reused: videos whose frames the store held.
    """

    table: pd.DataFrame
    counts: dict[str, int]
    decoded: int
    reused: int

    def __len__(self) -> int:
        return len(self.table)

    @property
    def refused(self) -> int:
        """Videos without frames."""
        return int((self.table["frames"] == 0).sum())


def schema() -> pa.Schema:
    """Columns and types. What is not known of a video without frames is null, not a made-up number."""
    import pyarrow as pa

    return pa.schema(
        [
            ("video_id", pa.string()),
            ("outcome", pa.string()),
            ("detail", pa.string()),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("native_fps", pa.float64()),
            ("frame_count", pa.int64()),
            ("duration_s", pa.float64()),
            ("covered_s", pa.float64()),
            ("missing_s", pa.list_(pa.list_(pa.float64()))),
            ("frames", pa.int64()),
            ("timestamps_s", pa.list_(pa.float64())),
            ("source_blake3", pa.string()),
        ]
    )


def quarantine_schema() -> pa.Schema:
    """file: as named in the table of videos. cause: in words. log: the last error that FFmpeg told, "" if none."""
    import pyarrow as pa

    names = ("video_id", "file", "outcome", "cause", "log")
    return pa.schema([*((name, pa.string()) for name in names), ("missing_s", pa.list_(pa.list_(pa.float64())))])


def write_outcomes(path: Path, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Write rows in the order of their video_id: equal rows, equal bytes. Returns them as a table.

    What is unknown is null. Beside them goes the table of those whose outcome is not `ok`.
    """
    broken = [{**row, "cause": row["detail"]} for row in rows if row["outcome"] != "ok"]
    _write(path.with_name(QUARANTINE), broken, quarantine_schema())
    return _write(path, rows, schema())


def _write(path: Path, rows: list[dict[str, Any]], columns: pa.Schema) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=lambda row: str(row["video_id"]))
    table = pa.Table.from_pylist([{name: row.get(name) for name in columns.names} for row in ordered], columns)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    write_atomic(path, buffer.getvalue().to_pybytes())
    return table.to_pandas()


def read_outcomes(folder: Path) -> dict[str, dict[str, Any]]:
    """Rows of `folder`/outcomes.parquet by video_id. Raises InputError when it is missing or not such a table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / OUTCOMES
    try:
        rows = pq.read_table(path, schema=schema()).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: is no readable table of outcomes", hint="run the decode stage first") from error
    return {row["video_id"]: row for row in rows}
