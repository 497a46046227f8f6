"""Our own account of the checks: summary.html (opens offline, runs nothing), summary.json and quarantine.csv."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.store import write_atomic
from pipelines.checks.docs import Verdict
from pipelines.checks.text import cell, visible

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN = 500  # rows of the page's list; the CSV file has all


@dataclass(frozen=True)
class Quarantined:
    """One row that was put aside. table: videos or questions. origin: the file it came from, and where in it."""

    table: str
    name: str
    benchmark: str
    split: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Account:
    """What the checks found. stopped: the sentence with which a broken corpus ended the run, or None.

    rows: table -> how many rows it held.
    """

    rows: dict[str, int]
    quarantined: Sequence[Quarantined]
    verdicts: Sequence[Verdict]
    stopped: str | None = None

    def counts(self, table: str) -> dict[str, int]:
        """rows, quarantined and accepted of one table; nothing is accepted from a corpus that was stopped."""
        rows = self.rows.get(table, 0)
        aside = sum(row.table == table for row in self.quarantined)
        return {"rows": rows, "quarantined": aside, "accepted": 0 if self.stopped else rows - aside}

    @property
    def verdict(self) -> str:
        if self.stopped is not None:
            return f"Stopped: {self.stopped}"
        videos, questions = self.counts("videos"), self.counts("questions")
        aside = videos["quarantined"] + questions["quarantined"]
        tail = f"{aside} rows are in quarantine" if aside else "nothing is in quarantine"
        return f"{videos['accepted']} videos and {questions['accepted']} questions are accepted; {tail}."


def write(folder: Path, account: Account) -> None:
    """The three files, into a folder that exists."""
    write_atomic(folder / "quarantine.csv", _csv(account.quarantined))
    write_atomic(folder / "summary.json", json.dumps(_json(account), indent=2, sort_keys=True) + "\n")
    write_atomic(folder / "summary.html", _html(account))


def _csv(rows: Sequence[Quarantined]) -> str:
    """Cells are made safe for spreadsheets (see `text.cell`); summary.json has the names as they are."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(Quarantined.__dataclass_fields__)
    writer.writerows([cell(value) for value in asdict(row).values()] for row in rows)
    return out.getvalue()


def _json(account: Account) -> dict[str, Any]:
    return {
        "schema": 1,
        "verdict": account.verdict,
        "stopped": account.stopped,
        "tables": {table: account.counts(table) for table in account.rows},
        "quarantined": [asdict(row) for row in account.quarantined],
        "rules": [asdict(verdict) for verdict in account.verdicts],
    }


def _html(account: Account) -> str:
    by_benchmark = Counter((row.table, row.benchmark) for row in account.quarantined)
    return _page().render(
        account=account,
        tables={table: account.counts(table) for table in account.rows},
        by_benchmark=sorted(by_benchmark.items()),
        quarantined=account.quarantined[:SHOWN],
        more=max(0, len(account.quarantined) - SHOWN),
    )


@cache
def _page() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    return environment.get_template("summary.html")
