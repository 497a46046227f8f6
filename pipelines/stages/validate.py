"""Stage `validate`: the sound rows of the corpus go on; the others are put aside by name."""

from __future__ import annotations

from pathlib import Path

from pipelines import say
from pipelines.checks.accept import accept
from pipelines.checks.text import visible
from pipelines.stage import Run, clear, stage

CORPUS = Path("data/corpus")
INTO = Path("data/accepted")
REPORTS = Path("reports/validation")
NAMED = 10  # rows named on the screen


@stage("validate")
def validate(run: Run) -> None:
    """Check the tables of the corpus against the files."""
    for folder in (INTO, REPORTS):
        clear(folder)
    accepted = accept(CORPUS, INTO, REPORTS)
    run.count(**accepted.counts)
    for row in accepted.quarantine[:NAMED]:
        say.note(f"validate: put aside: {visible(row.benchmark)} {visible(row.origin)}: {visible(row.reason)}")
    if len(accepted.quarantine) > NAMED:
        say.note(f"validate: and {len(accepted.quarantine) - NAMED} more, all named in {REPORTS / 'quarantine.csv'}")
    run.artifact(REPORTS / "summary.html")
    run.artifact(REPORTS / "quarantine.csv")


if __name__ == "__main__":
    validate.main()
