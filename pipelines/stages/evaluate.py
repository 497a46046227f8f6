"""Stage `evaluate@<benchmark>`: every arm answers every test question of one benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ntlbg.evaluation.accuracy import arm_summaries
from ntlbg.evaluation.evaluate import evaluate as evaluate_benchmark
from ntlbg.evaluation.rows import table as rows_table
from ntlbg.evaluation.rows import write_rows
from ntlbg.evaluation.summary import metrics
from ntlbg.store import write_atomic
from pipelines.stage import Run, clear, stage

CORPUS = Path("data/corpus")
INTO = Path("reports/evaluation")


@stage("evaluate", argument="benchmark")
def evaluate(run: Run, benchmark: str) -> None:
    """Answer, score, and record each arm as an MLflow run of its own."""
    params = run.params.evaluation
    table, summary = INTO / f"{benchmark}.parquet", INTO / f"{benchmark}.json"
    for output in (table, summary):
        clear(output)
    if not in_corpus(benchmark):
        # no rows, so nothing that could be mistaken for a figure
        write_rows(table, rows_table([]))
        write_atomic(summary, json.dumps({"questions": 0}) + "\n")
        run.count(questions=0)
        return
    rows = evaluate_benchmark(
        benchmark,
        accepted=Path("data/accepted"),
        frames=Path("data/frames"),
        features=Path("data/features"),
        encoder=Path("models/encoder"),
        answerer=Path("models/answerer"),
        evidence=CORPUS / "evidence.parquet",
        selection=run.params.selection,
        params=params,
        seed=run.seed,
        store=run.store,
    )
    write_rows(table, rows)
    content = metrics(rows, params, run.seed)
    write_atomic(summary, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    for arm in arm_summaries(rows, resamples=params.bootstrap, seed=run.seed):
        record_arm(run, benchmark, arm, content)
    run.count(questions=content["questions"], answers=len(rows), errors=int((rows["error"] != "").sum()))
    run.artifact(table)


def in_corpus(benchmark: str) -> bool:
    """Whether the tier's corpus has test questions of the benchmark, sound or not: a tier may leave one out."""
    questions = pd.read_parquet(CORPUS / "questions.parquet", columns=["benchmark", "split"])
    return bool(((questions["benchmark"] == benchmark) & (questions["split"] == "test")).any())


def record_arm(run: Run, benchmark: str, arm: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
    """One nested run, `videomme · ntlbg · k=8`, with its figures, by kind too; unsupported figures are left out."""
    figures = {name: arm[name] for name in ("answered", "errors", "accuracy", "evidence_recall")}
    figures |= {name: summary[name].get(arm["arm"]) for name in ("accuracy_over_uniform", "p_permutation")}
    for kind, part in arm["by_kind"].items():
        figures |= {f"{kind}.{name}": part[name] for name in ("n", "accuracy", "evidence_recall")}
    run.nested(
        f"{benchmark} · {arm['selector']}" + (f" · k={arm['k']}" if arm["k"] else ""),
        params={"benchmark": benchmark, **{name: arm[name] for name in ("arm", "selector", "k", "presentation")}},
        metrics={name: float(value) for name, value in figures.items() if value is not None},
    )


if __name__ == "__main__":
    evaluate.main()
