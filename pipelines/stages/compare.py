"""Stage `compare`: all evaluations as one comparison: json, md and an offline page."""

from __future__ import annotations

import os
from pathlib import Path

from ntlbg.errors import InputError
from ntlbg.evaluation.rows import read_rows
from ntlbg.reporting.compare import compare as compare_evaluations
from pipelines import invocation
from pipelines.comparison_table import show
from pipelines.stage import Run, clear, stage

EVALUATIONS = Path("reports/evaluation")
BENCHMARKS = ("longvideobench", "videomme", "mlvu")
INTO = Path("reports")


@stage("compare")
def compare(run: Run) -> None:
    """Write the comparison, and print it."""
    reports = [INTO / f"comparison.{suffix}" for suffix in ("json", "md", "html")]
    for report in reports:
        clear(report)
    evaluations = {name: read_rows(EVALUATIONS / f"{name}.parquet") for name in BENCHMARKS}
    asked = {name: rows for name, rows in evaluations.items() if len(rows)}
    if not asked:
        raise InputError(
            "the corpus has no test questions of any benchmark, so there is nothing to compare",
            hint="name a folder under `corpus.folders` in params.yaml",
        )
    comparison = compare_evaluations(
        asked,
        tier=run.tier,
        seed=run.seed,
        accepted=Path("data/accepted"),
        frames=Path("data/frames"),
        features=Path("data/features"),
        encoder=Path("models/encoder"),
        evidence=Path("data/corpus/evidence.parquet"),
        params=run.params.reporting,
        into=INTO,
    )
    for report in reports:
        run.artifact(report)
    # under a driver the table is the driver's last word, after DVC's own lines
    if invocation.VARIABLE not in os.environ:
        show(comparison, INTO)


if __name__ == "__main__":
    compare.main()
