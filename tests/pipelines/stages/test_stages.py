"""The files of the stages."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml

from pipelines.stage import Stage
from pipelines.stages import evaluate as module
from pipelines.stages.evaluate import in_corpus, record_arm

ROOT = Path(__file__).parents[3]
DEFINITION = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("name", DEFINITION)
def test_a_stage_is_called_what_its_file_is_called(name):
    """And takes an argument exactly where dvc.yaml runs it for several items."""
    stage = getattr(importlib.import_module(f"pipelines.stages.{name}"), name)
    assert isinstance(stage, Stage)
    assert stage.name == name
    assert (stage.argument is not None) is ("foreach" in DEFINITION[name])
    command = DEFINITION[name].get("do", DEFINITION[name])["cmd"]
    item = "${key}" if isinstance(DEFINITION[name].get("foreach"), dict) else "${item}"
    assert command == f"python -m pipelines.stages.{name}" + (f" {item}" if stage.argument else "")


ARM = {
    "arm": "ntlbg-8",
    "selector": "ntlbg",
    "k": 8,
    "presentation": "frames",
    "answered": 3,
    "errors": 1,
    "accuracy": 0.5,
    "accuracy_ci": [0.1, 0.9],
    "evidence_recall": None,
    "by_kind": {"one_moment": {"n": 4, "accuracy": 0.5, "accuracy_ci": None, "evidence_recall": 0.75}},
}
SUMMARY = {"accuracy_over_uniform": {"ntlbg-8": 0.25}, "p_permutation": {}}


def test_an_arm_is_recorded_with_its_columns_and_no_figure_that_nothing_supports():
    """`evidence_recall` is None here: the arm has none, and 0 would be a lie."""
    told = []
    run = SimpleNamespace(nested=lambda name, **what: told.append((name, what)))
    record_arm(run, "videomme", ARM, SUMMARY)
    record_arm(run, "videomme", {**ARM, "arm": "blind", "selector": "blind", "k": 0, "by_kind": {}}, SUMMARY)
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
        "accuracy": 0.5,
        "accuracy_over_uniform": 0.25,
        "one_moment.n": 4.0,
        "one_moment.accuracy": 0.5,
        "one_moment.evidence_recall": 0.75,
    }


def test_a_benchmark_is_left_out_only_if_the_corpus_never_had_it(tmp_path, monkeypatch):
    """One whose every row was put aside is still evaluated, and fails there by name."""
    monkeypatch.setattr(module, "CORPUS", tmp_path)
    rows = [("mlvu", "test"), ("videomme", "val")]
    pd.DataFrame(rows, columns=["benchmark", "split"]).to_parquet(tmp_path / "questions.parquet")
    assert in_corpus("mlvu")
    assert not in_corpus("videomme")
    assert not in_corpus("longvideobench")
