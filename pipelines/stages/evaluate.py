"""Stage `evaluate@<benchmark>`: every arm answers every test question of one benchmark."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ntlbg.evaluation.accuracy import arm_summaries
from ntlbg.evaluation.evaluate import evaluate as evaluate_benchmark
from ntlbg.evaluation.presented import visual_tokens
from ntlbg.evaluation.rows import table as rows_table
from ntlbg.evaluation.rows import write_rows
from ntlbg.evaluation.summary import metrics
from ntlbg.store import write_atomic
from pipelines.arms import record_arm
from pipelines.checks.answer_rows import check_rows
from pipelines.stage import Run, clear, stage

CORPUS = Path("data/corpus")
ACCEPTED = Path("data/accepted")
FRAMES = Path("data/frames")
MODELS = Path("models")
INTO = Path("reports/evaluation")


@stage("evaluate", argument="benchmark")
def evaluate(run: Run, benchmark: str) -> None:
    """Answer, score, check, and record each arm as an MLflow run of its own."""
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
        accepted=ACCEPTED,
        frames=FRAMES,
        features=Path("data/features"),
        encoder=MODELS / "encoder",
        answerer=MODELS / "answerer",
        evidence=CORPUS / "evidence.parquet",
        selection=run.params.selection,
        params=params,
        seed=run.seed,
        store=run.store,
        models=MODELS,
        modeling=run.params.modeling,
        dtype=run.params.features.dtype,
    )
    check_rows(rows, table, accepted=ACCEPTED, frames=FRAMES, benchmark=benchmark)
    write_rows(table, rows)
    tokens = None
    if params.presentations:
        tokens = visual_tokens(rows, params=params, sizes=run.params.modeling, answerer=MODELS / "answerer")
    content = metrics(rows, params, run.seed, tokens)
    write_atomic(summary, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    asked = run.dataset(questions_of(benchmark), benchmark, "test", source=ACCEPTED / "questions.parquet")
    for arm in arm_summaries(rows, resamples=params.bootstrap, seed=run.seed):
        record_arm(run, benchmark, arm, content, rows=table, dataset=asked)
    run.count(questions=content["questions"], answers=len(rows), errors=int((rows["error"] != "").sum()))
    run.artifact(table)


def in_corpus(benchmark: str) -> bool:
    """Whether the tier's corpus has test questions of the benchmark, sound or not: a tier may leave one out."""
    questions = pd.read_parquet(CORPUS / "questions.parquet", columns=["benchmark", "split"])
    return bool(((questions["benchmark"] == benchmark) & (questions["split"] == "test")).any())


def questions_of(benchmark: str) -> pd.DataFrame:
    """The accepted test questions of the benchmark, as every arm was asked them."""
    table = pd.read_parquet(ACCEPTED / "questions.parquet")
    return table[(table["benchmark"] == benchmark) & (table["split"] == "test")]


if __name__ == "__main__":
    evaluate.main()
