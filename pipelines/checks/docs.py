"""Great Expectations, kept at arm's length: it judges escaped copies in a scratch folder and leaves static pages.

Its pages show cell values as they are and load scripts and styles from the network. So every string in the copy that
it is given is made visible and html-escaped, and every page that is kept forbids scripts and remote loads by a
Content-Security-Policy. Its context holds random ids and time stamps, and is thrown away.
"""

from __future__ import annotations

import html
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipelines.checks.text import visible

POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'\">"
)

ROW = "row"


@dataclass(frozen=True)
class Verdict:
    """One rule's judgement over one table. rows: places (from 0) of the rows that break it, in order."""

    suite: str
    rule: str
    columns: tuple[str, ...]
    says: str
    passed: bool
    checked: int
    rows: tuple[int, ...]


def escaped(frame: pd.DataFrame) -> pd.DataFrame:
    """The copy that Great Expectations is given: same rows and judgements, no string that a page could run.

    Raises TypeError on a cell that is neither text, number nor null: what is not understood is not shown.
    """
    return pd.DataFrame({name: _escaped_column(frame[name]) for name in frame.columns}).reset_index(drop=True)


def _escaped_column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return pd.Series([_escaped_cell(value) for value in column], index=column.index, dtype="object")


def _escaped_cell(value: object) -> object:
    if isinstance(value, str):
        return html.escape(visible(value), quote=True)
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"a cell of type {type(value).__name__} cannot be shown safely")


class Judge:
    """Runs suites over tables; `keep_pages` copies what its pages say."""

    def __init__(self, scratch: Path) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._gx = gx
        self._context = gx.get_context(mode="file", project_root_dir=scratch)
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = self._context.data_sources.add_pandas(name="corpus")
        self._pages = scratch / "gx" / "uncommitted" / "data_docs" / "local_site"

    def check(self, suite: str, frame: pd.DataFrame, *, key: str) -> list[Verdict]:
        """The verdict of each rule of a suite, in the suite's order. key: the column that names a row."""
        from pipelines.checks.suites import SUITES

        gx, context = self._gx, self._context
        rules = SUITES[suite]()
        for place, rule in enumerate(rules):
            rule.meta = {**(rule.meta or {}), "place": place}
        batch = self._source.add_dataframe_asset(name=suite).add_batch_definition_whole_dataframe("whole")
        definition = context.validation_definitions.add(
            gx.ValidationDefinition(
                name=suite,
                data=batch,
                suite=context.suites.add(gx.ExpectationSuite(name=suite, expectations=rules)),
            )
        )
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=suite,
                validation_definitions=[definition],
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": [ROW, key],
                },
            )
        )
        copy = escaped(frame)
        copy.insert(0, ROW, range(len(copy)))
        result = checkpoint.run(batch_parameters={"dataframe": copy})
        (run,) = result.run_results.values()
        # Great Expectations returns them in an order of its own
        verdicts = {_place(one): _verdict(suite, one, rows=len(copy)) for one in run.results}
        return [verdicts[place] for place in range(len(rules))]

    def keep_pages(self, into: Path) -> None:
        """Copy the static pages to `into` (a folder that does not exist yet), each with the policy in its head."""
        self._context.build_data_docs()
        shutil.copytree(self._pages, into)
        for page in into.rglob("*.html"):
            page.write_text(_guarded(page.read_text(encoding="utf-8"), page), encoding="utf-8")


def _guarded(text: str, page: Path) -> str:
    before, head, after = text.partition("<head>")
    if not head:
        raise ValueError(f"{page.name}: a page without <head> cannot be given a policy")
    return f"{before}{head}\n    {POLICY}{after}"


def _place(result: Any) -> int:
    return int(result.expectation_config.meta["place"])


def _verdict(suite: str, result: Any, *, rows: int) -> Verdict:
    config = result.expectation_config
    if result.exception_info.get("raised_exception") or "exception_message" not in result.exception_info:
        # keyed by metric when one fails: a rule that could not be judged has not been passed
        raise RuntimeError(f"{suite}: {config.type} could not be judged: {result.exception_info}")
    bad = result.result.get("unexpected_index_list") or []
    columns = [config.kwargs[name] for name in ("column", "column_A", "column_B") if name in config.kwargs]
    return Verdict(
        suite=suite,
        rule=config.type.removeprefix("expect_"),
        columns=tuple(columns),
        says=config.meta["says"],
        passed=bool(result.success),
        checked=rows,
        rows=tuple(sorted(int(entry[ROW]) for entry in bad)),
    )


@contextmanager
def judge() -> Iterator[Judge]:
    """A judge with a scratch folder of its own, which goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="ntlbg-checks-") as scratch:
        yield Judge(Path(scratch))
