"""Stage `compare`: all evaluations as one comparison: json, md and an offline page; and the model, registered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.evaluation.rows import read_rows
from ntlbg.reporting.compare import compare as compare_evaluations
from pipelines import invocation, say
from pipelines.arms import mark
from pipelines.comparison_table import show
from pipelines.registry import NAME, settings_of, trained
from pipelines.stage import Run, clear, stage
from pipelines.tracking import TrackingError

EVALUATIONS = Path("reports/evaluation")
BENCHMARKS = ("longvideobench", "videomme", "mlvu")
MODELS = Path("models")
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
        encoder=MODELS / "encoder",
        evidence=Path("data/corpus/evidence.parquet"),
        params=run.params.reporting,
        into=INTO,
        tokens=visual_tokens(asked),
    )
    for report in reports:
        run.artifact(report)
    mark_arms(run, comparison)
    register(run)
    # under a driver the table is the driver's last word, after DVC's own lines
    if invocation.VARIABLE not in os.environ:
        show(comparison, INTO)


def visual_tokens(benchmarks: Iterable[str]) -> dict[str, int]:
    """Arm → visual tokens, as the evaluations told them; none where no trained model was asked."""
    told: dict[str, int] = {}
    for name in benchmarks:
        told |= json.loads((EVALUATIONS / f"{name}.json").read_text(encoding="utf-8")).get("visual_tokens", {})
    return told


def register(run: Run) -> None:
    """Put the model that was compared into MLflow's registry: the trained one, where the tier trains one."""
    checkpoints = {"encoder": MODELS / "encoder", "answerer": MODELS / "answerer"}
    selection, video, evaluation = run.params.selection, run.params.video, run.params.evaluation
    found = trained(evaluation, MODELS)
    if found is None:
        settings = settings_of(selection, video, evaluation)
    else:
        shown, checkpoints["trained"] = found
        settings = settings_of(selection, video, evaluation, shown=shown, pool=run.params.modeling.pool)
    version = run.register(NAME, checkpoints, settings)
    if version:
        run.metrics(model_version=float(version))


def mark_arms(run: Run, comparison: Mapping[str, Any]) -> None:
    """Let MLflow's page know which runs this comparison is about."""
    benchmarks = comparison["benchmarks"]
    arms = [(name, arm["arm"]) for name, found in benchmarks.items() for arm in found["arms"]]
    files = {name: EVALUATIONS / f"{name}.parquet" for name in benchmarks}
    try:
        marked = mark(run.tracker, run.mlflow_run, files, arms)
    except TrackingError as error:
        say.note(f"warning: compare: its arms are not marked in MLflow: {error.sentence}")
        return
    run.metrics(arms=marked.found)
    if marked.missing:
        # evaluated by another clone, or before this store was made: the figures are in the reports all the same
        say.note(
            f"compare: {len(marked.missing)} arms have no run in this MLflow store: {', '.join(marked.missing[:3])} …"
        )


if __name__ == "__main__":
    compare.main()
