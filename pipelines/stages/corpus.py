"""Stage `corpus`: the tier's sources as three tables. Rendered videos are made here; downloads stay where they are."""

from __future__ import annotations

from pathlib import Path

from ntlbg.corpus.build import build
from pipelines.stage import Run, clear, stage

INTO = Path("data/corpus")


@stage("corpus")
def corpus(run: Run) -> None:
    """Record or render the corpus."""
    clear(INTO)
    report = build(run.params.corpus, run.seed, INTO, store=run.store)
    run.count(videos=report.videos, questions=report.questions, missing=report.missing, defects=len(report.defects))
    run.count(rendered=report.rendered, reused=report.reused)
    run.metrics(evidence=report.evidence, **{f"questions.{k}": n for k, n in report.questions_by_split.items()})


if __name__ == "__main__":
    corpus.main()
