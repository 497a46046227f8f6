"""The files of the stages."""

from __future__ import annotations

import importlib
from pathlib import Path

import pandas as pd
import pytest
import yaml

from pipelines.stage import Stage
from pipelines.stages import evaluate as module
from pipelines.stages.evaluate import in_corpus, questions_of

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


def test_a_benchmark_is_left_out_only_if_the_corpus_never_had_it(tmp_path, monkeypatch):
    """One whose every row was put aside is still evaluated, and fails there by name."""
    monkeypatch.setattr(module, "CORPUS", tmp_path)
    rows = [("mlvu", "test"), ("videomme", "val")]
    pd.DataFrame(rows, columns=["benchmark", "split"]).to_parquet(tmp_path / "questions.parquet")
    assert in_corpus("mlvu")
    assert not in_corpus("videomme")
    assert not in_corpus("longvideobench")


def test_every_arm_is_asked_the_accepted_test_questions(tmp_path, monkeypatch):
    """Of its own benchmark, with all their columns: the dataset that MLflow is told of."""
    monkeypatch.setattr(module, "ACCEPTED", tmp_path)
    rows = [("a", "mlvu", "test"), ("b", "mlvu", "val"), ("c", "videomme", "test")]
    pd.DataFrame(rows, columns=["question_id", "benchmark", "split"]).to_parquet(tmp_path / "questions.parquet")
    assert questions_of("mlvu").to_dict("records") == [{"question_id": "a", "benchmark": "mlvu", "split": "test"}]
