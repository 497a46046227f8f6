"""Evidence: opened by scoring and by the oracle, and by nothing else.

An item of evidence is hit when a chosen frame is displayed (its timestamp) inside any of the item's intervals, each
widened by its tolerance on both sides: start − tolerance ≤ t < end + tolerance. Evidence recall = items hit / items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

COLUMNS = ("question_id", "item", "start_s", "end_s", "tolerance_s")


@dataclass(frozen=True)
class Item:
    """One thing that has to be seen. intervals: (start_s, end_s, tolerance_s), any of which shows it."""

    intervals: tuple[tuple[float, float, float], ...]

    def shown_at(self, timestamps_s: Array, *, widened: bool = True) -> Array:
        """[n] bool: whether a frame displayed at each time shows the item."""
        t = np.asarray(timestamps_s, dtype=np.float64)
        shown = np.zeros(t.shape, dtype=bool)
        for start, end, tolerance in self.intervals:
            margin = tolerance if widened else 0.0
            shown |= (t >= start - margin) & (t < end + margin)
        return shown


Items = tuple[Item, ...]


def read_evidence(path: Path) -> dict[str, Items]:
    """question_id → its items, in order of their number.

    Raises InputError naming the file, and the row where an interval is not a finite, ordered pair.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(path, columns=list(COLUMNS))
    except Exception as error:
        raise InputError(
            f"{path}: cannot be read as a table of evidence", hint=f"it has the columns {', '.join(COLUMNS)}"
        ) from error
    intervals: dict[str, dict[int, list[tuple[float, float, float]]]] = {}
    for number, row in enumerate(table.itertuples(index=False)):
        start, end, tolerance = float(row.start_s), float(row.end_s), float(row.tolerance_s)
        if not np.isfinite([start, end, tolerance]).all() or end < start or tolerance < 0:
            raise InputError(
                f"{path}, row {number}: {start}–{end} s with tolerance {tolerance} s is no interval",
                hint="start must not lie after end, and tolerance not below 0",
            )
        intervals.setdefault(str(row.question_id), {}).setdefault(int(row.item), []).append((start, end, tolerance))
    return {
        question: tuple(Item(tuple(items[number])) for number in sorted(items)) for question, items in intervals.items()
    }


def items_of(evidence: Mapping[str, Items] | None, question_id: str) -> Items:
    """The items of a question; none when there is no evidence."""
    return evidence.get(question_id, ()) if evidence is not None else ()


def hits(items: Items, timestamps_s: Sequence[float] | Array) -> list[bool]:
    """Per item, whether any of the chosen frames shows it."""
    times = np.asarray(timestamps_s, dtype=np.float64)
    return [bool(item.shown_at(times).any()) for item in items]


def recall(items: Items, timestamps_s: Sequence[float] | Array) -> float | None:
    """Share of the items that the chosen frames show, or None where there is no item."""
    if not items:
        return None
    return float(np.mean(hits(items, timestamps_s)))


def shown(items: Items, timestamps_s: Array) -> Array:
    """[T] bool: candidate frames that show any item."""
    mask = np.zeros(np.shape(timestamps_s), dtype=bool)
    for item in items:
        mask |= item.shown_at(timestamps_s)
    return mask
