"""One run per arm and benchmark, and those that the latest comparison is about."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ntlbg.store import file_digest
from pipelines.arms import COMPARISON, PLACE, ROWS, mark, record_arm, title
from pipelines.tracking import FINISHED, Tracker

ARM = {
    "arm": "ntlbg-8",
    "selector": "ntlbg",
    "k": 8,
    "presentation": "frames",
    "answered": 3,
    "errors": 1,
    "accuracy": 1 / 3,
    "accuracy_ci": [0.1, 0.9],
    "evidence_recall": None,
    "by_kind": {"one_moment": {"n": 4, "accuracy": 0.5, "accuracy_ci": None, "evidence_recall": 0.75}},
}
BLIND = {**ARM, "arm": "blind", "selector": "blind", "k": 0, "by_kind": {}}
SUMMARY = {"accuracy_over_uniform": {"ntlbg-8": 0.25}, "p_permutation": {}}


def test_an_arm_is_recorded_with_its_columns_and_no_figure_that_nothing_supports(tmp_path):
    """`evidence_recall` is None here: the arm has none, and 0 would be a lie. Digits are those of the comparison."""
    told = []
    run = SimpleNamespace(nested=lambda name, **what: told.append((name, what)))
    rows = tmp_path / "videomme.parquet"
    rows.write_bytes(b"rows")
    record_arm(run, "videomme", ARM, SUMMARY, rows=rows)
    record_arm(run, "videomme", BLIND, SUMMARY, rows=rows)
    assert [name for name, _ in told] == ["videomme · ntlbg · k=8", "videomme · blind"]
    assert told[0][1]["params"] == {
        "benchmark": "videomme",
        "arm": "ntlbg-8",
        "selector": "ntlbg",
        "k": 8,
        "presentation": "frames",
    }
    assert told[0][1]["metrics"] == {
        "answered": 3.0,
        "errors": 1.0,
        "accuracy": 0.333333,
        "accuracy_over_uniform": 0.25,
        "one_moment.n": 4.0,
        "one_moment.accuracy": 0.5,
        "one_moment.evidence_recall": 0.75,
    }
    assert told[0][1]["tags"] == {ROWS: file_digest(rows)}


def test_a_title_names_every_presentation_but_the_usual_one():
    """Two arms of one selector and k are told apart by their names alone."""
    assert title("mlvu", {**ARM, "presentation": "rich:select"}) == "mlvu · ntlbg · k=8 · rich:select"


@pytest.fixture
def tracker(project):
    return Tracker()


def arm_run(tracker: Tracker, benchmark: str, arm: str, rows: str) -> str:
    run = tracker.start(f"{benchmark} · {arm}", tags={"level": "arm", ROWS: rows})
    tracker.log(run, params={"benchmark": benchmark, "arm": arm})
    tracker.end(run, FINISHED)
    return run


def tags(tracker: Tracker, run: str) -> dict[str, str]:
    return tracker.client.get_run(run).data.tags


def test_the_runs_of_exactly_the_compared_rows_are_marked(tracker, project):
    """Whatever run they lie under: an evaluation that DVC skipped has its arms under an earlier one."""
    files = {}
    for name in ("mlvu", "videomme"):
        files[name] = project / f"{name}.parquet"
        files[name].write_bytes(name.encode())
    old = arm_run(tracker, "mlvu", "uniform-8", "an older evaluation")
    first = arm_run(tracker, "mlvu", "uniform-8", file_digest(files["mlvu"]))
    again = arm_run(tracker, "mlvu", "uniform-8", file_digest(files["mlvu"]))
    other = arm_run(tracker, "videomme", "uniform-8", file_digest(files["videomme"]))
    wanted = [("videomme", "uniform-8"), ("mlvu", "uniform-8"), ("mlvu", "blind")]
    marked = mark(tracker, "c1", files, wanted)
    assert (marked.found, marked.missing) == (2, ("mlvu blind",))
    assert {PLACE: tags(tracker, other)[PLACE], COMPARISON: tags(tracker, other)[COMPARISON]} == {
        PLACE: "000",
        COMPARISON: "c1",
    }
    assert tags(tracker, again)[PLACE] == "001"
    assert COMPARISON not in tags(tracker, old)
    assert COMPARISON not in tags(tracker, first), "the newest run of the same rows stands for them"
    mark(tracker, "c2", files, wanted)
    assert tags(tracker, again)[COMPARISON] == "c2"
