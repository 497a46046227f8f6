"""Parents, children and arms in MLflow."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from pipelines.invocation import Invocation, own
from pipelines.revision import Revision
from pipelines.tracking import FAILED, FINISHED, PARENT_TAG, RUNS, Tracker, flatten, without_secrets

CODE = Revision("c" * 40, False)
DEAD = Invocation(2**22 + 1, 1)  # no Linux process id is that large


@pytest.fixture
def tracker(project):
    return Tracker()


def join(tracker: Tracker, stage: str, of: Invocation | None = None) -> str:
    return tracker.join(of or own(), stage, tier="smoke", revision=CODE, settings={"seed": "1"})


def run(tracker: Tracker, run_id: str):
    return tracker.client.get_run(run_id)


def test_stages_of_one_invocation_share_a_parent(tracker):
    """And those of another have their own."""
    first, second, other = join(tracker, "corpus"), join(tracker, "decode"), join(tracker, "corpus", Invocation(1, 1))
    parents = [run(tracker, r).data.tags[PARENT_TAG] for r in (first, second, other)]
    assert parents[0] == parents[1] != parents[2]
    parent = run(tracker, parents[0])
    assert parent.info.run_name == "smoke"
    assert parent.data.params == {"seed": "1"}
    assert parent.data.tags["git.commit"] == "c" * 40
    assert parent.data.tags["git.dirty"] == "false"


def test_the_parent_ends_with_its_last_stage_and_knows_the_worst(tracker):
    """Under plain `dvc repro` nobody comes after the last stage to close it."""
    join(tracker, "corpus")
    parent = tracker.parent(own())
    assert run(tracker, parent).info.status == "RUNNING"
    tracker.leave(own(), "corpus", FINISHED)
    assert run(tracker, parent).info.status == "FINISHED"
    join(tracker, "decode")
    assert run(tracker, parent).info.status == "RUNNING"
    tracker.leave(own(), "decode", FAILED)
    join(tracker, "backbone@encoder")  # goes on beside it
    tracker.leave(own(), "backbone@encoder", FINISHED)
    assert run(tracker, parent).info.status == "FAILED"
    assert run(tracker, parent).info.end_time is not None


def test_a_driver_finishes_the_parent_with_what_exists_only_then(tracker):
    """dvc.lock is written after a stage's command has ended, so no stage can record its own."""
    join(tracker, "corpus")
    tracker.leave(own(), "corpus", FINISHED)
    Path("dvc.lock").write_text("stages: {}\n")
    parent = tracker.finish(own(), succeeded=True, artifacts=(Path("dvc.lock"), Path("missing")))
    assert run(tracker, parent).info.status == "FINISHED"
    assert run(tracker, parent).data.tags["stages"] == "corpus"
    assert [a.path for a in tracker.client.list_artifacts(parent)] == ["dvc.lock"]
    assert not list(RUNS.glob("*.json"))
    assert tracker.finish(own(), succeeded=True) is None, "nothing ran since"


def test_a_driver_that_failed_outside_a_stage_says_so(tracker):
    """DVC can fail after every stage ended well."""
    join(tracker, "corpus")
    tracker.leave(own(), "corpus", FINISHED)
    assert run(tracker, tracker.finish(own(), succeeded=False)).info.status == "FAILED"


def test_what_a_dead_invocation_left_running_is_closed_by_the_next(tracker):
    """A run never stays `RUNNING` for ever; one that ended well stays what it was."""
    killed = join(tracker, "decode", DEAD)
    finished = join(tracker, "corpus", DEAD)
    tracker.leave(DEAD, "corpus", FINISHED)
    parent = tracker.parent(DEAD)
    join(tracker, "corpus")
    assert [run(tracker, r).info.status for r in (killed, finished, parent)] == ["KILLED", "FINISHED", "KILLED"]
    assert [f.stem for f in RUNS.glob("*.json")] == [own().key]


def test_a_living_invocation_is_left_alone(tracker):
    """Two drivers may share the store."""
    import psutil

    parent_process = psutil.Process().parent()
    other = Invocation(parent_process.pid, int(parent_process.create_time() * 1000))
    stage = join(tracker, "decode", other)
    join(tracker, "corpus")
    assert run(tracker, stage).info.status == "RUNNING"


def test_figures_that_were_not_measured_are_not_recorded(tracker):
    """NaN is no accuracy."""
    child = join(tracker, "evaluate@mlvu")
    tracker.log(
        child, metrics={"accuracy": float("nan"), "errors": 0.0}, params={f"p{i}": "x" * 7000 for i in range(150)}
    )
    data = run(tracker, child).data
    assert data.metrics == {"errors": 0.0}
    assert len(data.params) == 150
    assert {len(v) for v in data.params.values()} == {6000}


def start_one(place: int) -> str:
    return Tracker().start(f"run {place}", tags={})


@pytest.mark.slow
def test_two_processes_can_be_the_first(tmp_path, monkeypatch):
    """The database is made once, by one of them, while the other waits."""
    monkeypatch.chdir(tmp_path)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(start_one, range(2), chunksize=1)
    tracker = Tracker()
    assert {r.info.run_id for r in tracker.client.search_runs([tracker.experiment])} == set(found)
    assert (tmp_path / "mlflow.db").exists()
    assert tracker.client.get_experiment(tracker.experiment).artifact_location == (tmp_path / "mlartifacts").as_uri()


def test_telemetry_is_off(tracker):
    """Before MLflow is imported for the first time."""
    import os

    assert tracker.client is not None
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_nested_settings_become_flat_names():
    """Lists as JSON, texts as they are."""
    assert flatten({"a": {"b": 1, "c": [1, 2]}, "d": "x", "e": None}) == {
        "a.b": "1",
        "a.c": "[1, 2]",
        "d": "x",
        "e": "null",
    }


def test_a_password_in_the_address_is_not_printed():
    """Nor a token in its query."""
    assert without_secrets("postgresql://me:secret@host:5432/db?sslkey=x") == "postgresql://host:5432/db"
    assert without_secrets("sqlite:///mlflow.db") == "sqlite:///mlflow.db"
