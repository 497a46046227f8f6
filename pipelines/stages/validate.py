"""Stage `validate`: the sound rows of the corpus go on; the others are put aside by name."""

from __future__ import annotations

from pathlib import Path

from pipelines.checks.accept import accept
from pipelines.stage import Run, stage

CORPUS = Path("data/corpus")
INTO = Path("data/accepted")
REPORTS = Path("reports/validation")


@stage("validate")
def validate(run: Run) -> None:
    """Check the tables of the corpus against the files."""
    accepted = accept(CORPUS, INTO, REPORTS)
    run.count(**accepted.counts)
    run.artifact(REPORTS / "summary.html")
    run.artifact(REPORTS / "quarantine.csv")


if __name__ == "__main__":
    validate.main()
