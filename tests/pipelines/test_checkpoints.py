"""Checkpoints as models of their own on MLflow's page."""

from __future__ import annotations

import json

import pytest

from ntlbg.store import file_digest
from pipelines.checkpoints import log_checkpoint
from pipelines.tracking import Tracker, TrackingError


@pytest.fixture
def tracker(project):
    return Tracker()


@pytest.fixture
def folder(project):
    place = project / "models" / "select" / "ntlbg"
    (place / "lora").mkdir(parents=True)
    (place / "ntlbg.safetensors").write_bytes(b"weights")
    (place / "lora" / "adapter.safetensors").write_bytes(b"more")
    return place


def test_a_checkpoint_is_linked_to_its_metrics_and_its_run(tracker, folder):
    """Parameters, step and figures stand on the model; the run has it as an output at that step."""
    run = tracker.start("train@select", tags={})
    one = log_checkpoint(tracker, run, "select/ntlbg: 50", folder, {"lr": "0.1"}, {"val.loss": 0.5}, 50)
    two = log_checkpoint(tracker, run, "select-ntlbg", folder, {"lr": "0.1"}, {"val.loss": 0.25}, 100)
    model = tracker.client.get_logged_model(one)
    assert model.name == "select-ntlbg- 50", "MLflow refuses some characters"
    assert model.status.value == "READY"
    assert model.source_run_id == run
    assert model.params == {"lr": "0.1", "step": "50"}
    assert [(m.key, m.value, m.step, m.run_id) for m in model.metrics] == [("val.loss", 0.5, 50, run)]
    outputs = tracker.client.get_run(run).outputs.model_outputs
    assert {(o.model_id, o.step) for o in outputs} == {(one, 50), (two, 100)}
    assert [p.value for p in tracker.client.get_metric_history(run, "val.loss")] == [0.5, 0.25]


def test_its_artefact_says_which_files_it_is_and_holds_none_of_them(tracker, folder, project):
    """Sizes and digests: weights are a stage's output, and nothing pickled gets into the store."""
    run = tracker.start("train@select", tags={})
    log_checkpoint(tracker, run, "select", folder, {}, {}, 1)
    files = [file for file in (project / "mlartifacts").rglob("*") if file.is_file()]
    assert [file.name for file in files] == ["checkpoint.json"]
    assert json.loads(files[0].read_text()) == {
        "folder": str(folder),
        "files": {
            "lora/adapter.safetensors": {
                "bytes": 4,
                "blake3": file_digest(folder / "lora" / "adapter.safetensors"),
            },
            "ntlbg.safetensors": {"bytes": 7, "blake3": file_digest(folder / "ntlbg.safetensors")},
        },
    }


def test_a_checkpoint_that_could_not_be_finished_is_not_called_ready(tracker, folder, monkeypatch):
    """It stays on the page as failed."""
    run = tracker.start("train@select", tags={})
    monkeypatch.setattr(tracker.client, "log_outputs", lambda *_: 1 / 0)
    with pytest.raises(TrackingError):
        log_checkpoint(tracker, run, "select", folder, {}, {}, 1)
    (model,) = tracker.client.search_logged_models([tracker.experiment])
    assert model.status.value == "FAILED"
