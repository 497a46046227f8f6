"""The two tables of a corpus: their columns, reading them strictly, writing them with the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ntlbg.errors import InputError
from pipelines.checks.text import visible

VIDEOS = pa.schema(
    [
        ("video_id", pa.string()),
        ("benchmark", pa.string()),
        ("split", pa.string()),
        ("path", pa.string()),
        ("size", pa.int64()),
        ("blake3", pa.string()),
        ("container", pa.string()),
        ("group", pa.string()),
    ]
)

QUESTIONS = pa.schema(
    [
        ("question_id", pa.string()),
        ("video_id", pa.string()),
        ("benchmark", pa.string()),
        ("split", pa.string()),
        ("text", pa.string()),
        ("options", pa.list_(pa.string())),
        ("answer", pa.int64()),
        ("answer_text", pa.string()),
        ("answer_type", pa.string()),
        ("kind", pa.string()),
        ("category", pa.string()),
        ("group", pa.string()),
        ("subtitle_path", pa.string()),
        ("subtitle_offset_s", pa.float64()),
        ("origin", pa.string()),
    ]
)

# rows that the readers of the sources refused
DEFECTS = pa.schema(
    [
        ("benchmark", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("question_id", pa.string()),
        ("reason", pa.string()),
    ]
)


def read_table(path: Path, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` out of a parquet file, in its order; columns that it does not name are left behind.

    Raises InputError naming the file, and the column where one is missing or of another type.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file", hint="the `corpus` stage writes it; run that first")
    try:
        # ParquetFile, not read_table: the latter would read columns out of folder names such as `split=test`
        with pq.ParquetFile(path) as file:
            table = file.read()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: not a sound parquet file ({_first_line(error)})", hint="run the `corpus` stage again"
        ) from error

    names = table.column_names
    missing = [name for name in schema.names if name not in names]
    if missing:
        raise InputError(
            f"{path}: {'columns' if len(missing) > 1 else 'column'} {_listed(missing)} missing",
            hint=f"it has {_listed(names)}",
        )
    for name in schema.names:
        if names.count(name) > 1:
            raise InputError(f"{path}: column `{name}` stands there {names.count(name)} times")
        found, wanted = table.schema.field(name).type, schema.field(name).type
        if not _fits(found, wanted):
            raise InputError(f"{path}: column `{name}` holds {found}, {wanted} was expected")
    try:
        return table.select(schema.names).cast(schema).combine_chunks().replace_schema_metadata(None)
    except pa.ArrowException as error:
        raise InputError(f"{path}: a value does not fit its column ({_first_line(error)})") from error


def write_table(path: Path, table: pa.Table) -> None:
    """Equal tables, equal bytes: fixed format version, codec and row groups, no metadata of any library's."""
    pq.write_table(table.replace_schema_metadata(None), path, version="2.6", compression="zstd", row_group_size=65_536)


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Same kind of value; only the width may differ (`large_string` is text, `int32` is a whole number)."""
    if pa.types.is_list(wanted):
        nested = pa.types.is_list(found) or pa.types.is_large_list(found)
        # a list column whose every list is empty has no type of its own
        return nested and (pa.types.is_null(found.value_type) or _fits(found.value_type, wanted.value_type))
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found))
    if pa.types.is_int64(wanted):
        return bool(pa.types.is_integer(found))
    return bool(pa.types.is_floating(found) or pa.types.is_integer(found))


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{visible(name)}`" for name in names)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return visible(lines[0]) if lines else type(error).__name__
