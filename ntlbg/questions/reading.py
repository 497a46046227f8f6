"""How a reader takes an annotation apart: whole files with one clear error, single fields with one clear reason.

Annotations are hostile: names may be absolute, climb with `..` or be links that lead out of the video folder; numbers
may be infinite; text may hold lone surrogates that no table can store.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError

FILE_BYTES = 512 << 20
NAME_CHARS = 255
TEXT_CHARS = 100_000


class RowError(ValueError):
    """One row is unusable; the text says why. Never leaves a reader: it becomes a Defect."""


def load_text(path: Path) -> str:
    """A file as UTF-8 text, a byte order mark removed. Raises InputError naming the file."""
    try:
        if not path.is_file():
            raise InputError(f"{path}: there is no such file", hint="is the benchmark's folder the right one?")
        if path.stat().st_size > FILE_BYTES:
            raise InputError(f"{path}: larger than {FILE_BYTES >> 20} MiB; no annotation is")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def parse_json(text: str) -> Any:
    """JSON without NaN and Infinity. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def load_rows(path: Path) -> list[Any]:
    """A JSON file that holds a list. Raises InputError naming the file."""
    try:
        rows = parse_json(load_text(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    if not isinstance(rows, list):
        raise InputError(f"{path}: holds a JSON {type(rows).__name__}; a list of rows is needed")
    return rows


def load_table(path: Path, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of a parquet file as plain Python values. Raises InputError naming the file or the missing column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError(f"{path}: there is no such file", hint="is the benchmark's folder the right one?")
    try:
        with pq.ParquetFile(path) as file:
            missing = [c for c in columns if c not in file.schema_arrow.names]
            if missing:
                raise InputError(f"{path}: has no column `{missing[0]}`")
            return list(file.read(columns=list(columns)).to_pylist())
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable parquet file ({str(error).splitlines()[0]})") from error


def one_table(folder: Path, pattern: str) -> Path:
    """The one file below `folder` that matches. Raises InputError when there is none or more than one."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        many = f"{len(found)} files match" if found else "no file matches"
        raise InputError(f"{folder}: {many} {pattern}", hint="one annotation file is needed")
    return found[0]


class Row:
    """Fields of one row, each checked as it is taken. Raises RowError."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise RowError(f"is a {type(value).__name__}; an object with fields is needed")
        self.value = value

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def get(self, name: str) -> Any:
        if self.value.get(name) is None:
            raise RowError(f"`{name}` is missing")
        return self.value[name]

    def text(self, name: str, *, limit: int = TEXT_CHARS, empty: bool = False) -> str:
        return checked_text(self.get(name), f"`{name}`", limit=limit, empty=empty)

    def word(self, name: str) -> str:
        """An id or category: one short line."""
        word = self.text(name, limit=NAME_CHARS)
        if any(ord(c) < 32 or ord(c) == 127 for c in word):
            raise RowError(f"`{name}` holds control characters")
        return word

    def optional_word(self, name: str) -> str:
        return self.word(name) if self.has(name) and self.value[name] != "" else ""

    def number(self, name: str, *, least: float = -math.inf) -> float:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RowError(f"`{name}` is not a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or number < least:
            raise RowError(f"`{name}` is {value!r:.40}; a finite number of at least {least:g} is needed")
        return number

    def integer(self, name: str) -> int:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RowError(f"`{name}` is not a whole number")
        return value

    def texts(self, name: str, *, least: int = 2) -> tuple[str, ...]:
        value = self.get(name)
        if not isinstance(value, list) or not least <= len(value) <= 26:
            raise RowError(f"`{name}` is not a list of {least} to 26 texts")
        return tuple(checked_text(v, f"`{name}`", empty=True) for v in value)


def checked_text(value: Any, what: str, *, limit: int = TEXT_CHARS, empty: bool = False) -> str:
    """`value` as storable text. Raises RowError."""
    if not isinstance(value, str):
        raise RowError(f"{what} is not text")
    if not empty and not value.strip():
        raise RowError(f"{what} is empty")
    if len(value) > limit:
        raise RowError(f"{what} is longer than {limit} characters")
    if "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise RowError(f"{what} holds characters that are not text")
    return value


def name_below(root: Path, folder: str, name: str) -> str:
    """`folder/name` if it stays below `root/folder`, links followed. The file may be missing. Raises RowError."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or any(p in ("", ".", "..") for p in parts):
        raise RowError(f"file name `{name:.80}` is not a plain relative one")
    if any(len(p.encode("utf-8", "replace")) > NAME_CHARS for p in parts) or any(ord(c) < 32 for c in name):
        raise RowError(f"file name `{name[:80]!r}` cannot be one")
    base = os.path.realpath(root / folder)
    try:
        real = os.path.realpath(root / folder / name)
    except (OSError, ValueError) as error:
        raise RowError(f"file name `{name:.80}` cannot be one ({error})") from error
    if os.path.commonpath([base, real]) != base or real == base:
        raise RowError(f"file name `{name:.80}` leads out of `{folder or '.'}/`")
    return f"{folder}/{name}" if folder else name


def stem(name: str) -> str:
    """A file name without its last suffix: `a/b.c.mp4` gives `a/b.c`."""
    head, dot, tail = name.rpartition(".")
    return head if dot and "/" not in tail and head and not head.endswith("/") else name
