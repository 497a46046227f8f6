"""One MLflow run per arm and benchmark, and which of them the latest comparison is about.

An evaluation that DVC found unchanged leaves no new runs, so the arms of one comparison may lie under several parents.
Each arm's run carries the digest of the rows that it sums up; `mark` finds by it the runs of exactly those rows, and
gives them the comparison's id and their place in its tables. The page is then one filter and one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.store import file_digest
from pipelines.tracking import Tracker

if TYPE_CHECKING:
    from pipelines.datasets import Dataset
    from pipelines.stage import Run

ROWS = "rows"  # tag: blake3 of the parquet file
COMPARISON = "comparison"  # tag: id of the run of the `compare` stage
PLACE = "place"  # tag: three digits, the order of the comparison's tables
MOST = 1000  # runs read at once; MLflow gives no more than 50,000


@dataclass(frozen=True)
class Marked:
    """found: arms whose run is in the store. missing: benchmark and arm of the others."""

    found: int
    missing: tuple[str, ...]


def record_arm(
    run: Run,
    benchmark: str,
    arm: Mapping[str, Any],
    summary: Mapping[str, Any],
    *,
    rows: Path,
    dataset: Dataset | None = None,
) -> None:
    """A nested run, `videomme · ntlbg · k=8`, with its figures, by kind too; what nothing supports is left out."""
    figures = {name: arm[name] for name in ("answered", "errors", "accuracy", "evidence_recall")}
    figures |= {name: summary[name].get(arm["arm"]) for name in ("accuracy_over_uniform", "p_permutation")}
    for kind, part in arm["by_kind"].items():
        figures |= {f"{kind}.{name}": part[name] for name in ("n", "accuracy", "evidence_recall")}
    run.nested(
        title(benchmark, arm),
        params={"benchmark": benchmark, **{name: arm[name] for name in ("arm", "selector", "k", "presentation")}},
        metrics={name: shown(value) for name, value in figures.items() if value is not None},
        tags={ROWS: file_digest(rows)},
        dataset=dataset,
    )


def shown(value: float) -> float:
    """To the six significant digits of the comparison, which MLflow's page would print all sixteen of."""
    return float(f"{value:.6g}")


def title(benchmark: str, arm: Mapping[str, Any]) -> str:
    """What a person reads first: `videomme · ntlbg · k=8`, and the presentation where it is another than frames."""
    words = [benchmark, str(arm["selector"])]
    if arm["k"]:
        words.append(f"k={arm['k']}")
    if arm["presentation"] != "frames":
        words.append(str(arm["presentation"]))
    return " · ".join(words)


def mark(tracker: Tracker, comparison: str, evaluations: Mapping[str, Path], arms: Iterable[tuple[str, str]]) -> Marked:
    """Tag the newest run of each arm with the comparison's id and the arm's place.

    evaluations: benchmark → its parquet file. arms: (benchmark, arm) in the order of the comparison's tables.
    """
    experiment = tracker.experiment
    runs: dict[tuple[str, str], str] = {}
    with tracker.access():
        for benchmark, rows in evaluations.items():
            found = tracker.client.search_runs(
                [experiment],
                filter_string=f"tags.{ROWS} = '{file_digest(rows)}'",
                order_by=["attributes.start_time ASC"],
                max_results=MOST,
            )
            # the file of a benchmark without questions is the same for each, so the benchmark is asked for too
            runs |= {
                (benchmark, one.data.params["arm"]): one.info.run_id
                for one in found
                if one.data.params.get("benchmark") == benchmark
            }
    wanted = list(arms)
    for place, arm in enumerate(wanted):
        if arm in runs:
            tracker.log(runs[arm], tags={COMPARISON: comparison, PLACE: f"{place:03d}"})
    missing = tuple(" ".join(arm) for arm in wanted if arm not in runs)
    return Marked(len(wanted) - len(missing), missing)
