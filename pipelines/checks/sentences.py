"""What a rule's verdict says of a row, in words; and the one sentence with which a broken table stops a stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from ntlbg.errors import InputError
from pipelines.checks.text import visible

if TYPE_CHECKING:
    from pipelines.checks.docs import Verdict

NAMED = 3  # rows that a sentence names before it only counts


def said(says: str, row: pd.Series) -> str:
    """A rule's template with the row's values in place of `{column}`."""
    # the template is ours and the row's text is only ever an argument, so it cannot reach into objects
    return says.format_map({str(name): visible(text(value)) for name, value in row.items()})


def text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)


def reasons(verdicts: Iterable[Verdict], seen: pd.DataFrame) -> dict[int, str]:
    """Place of a row -> what is wrong with it; several reasons are joined, in the suite's order."""
    found: dict[int, list[str]] = {}
    for verdict in verdicts:
        for place in verdict.rows:
            found.setdefault(place, []).append(said(verdict.says, seen.iloc[place]))
        if not verdict.passed and not verdict.rows:
            # a rule that fails without naming a row blames nobody, so it must not pass in silence
            raise RuntimeError(f"{verdict.suite}: {verdict.rule} failed and named no row")
    return {place: "; ".join(several) for place, several in found.items()}


def stop(
    where: str, verdicts: Iterable[Verdict], seen: pd.DataFrame, *, what: str, name: Callable[[pd.Series], str]
) -> None:
    """Raise InputError naming the rows of `seen` that break a rule, if there are any.

    where: the file or folder. what: what a row is, in the plural. name: of a row, for people.
    """
    broken = reasons(verdicts, seen)
    if not broken:
        return
    first = sorted(broken)[:NAMED]
    named = "; ".join(f"{name(seen.iloc[place])}: {broken[place]}" for place in first)
    more = f"; and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    raise InputError(f"{where}: {len(broken)} of {len(seen)} {what} break a rule: {named}{more}")
