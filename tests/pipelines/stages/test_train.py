"""The stage that trains."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.features.params import FeaturesParams
from ntlbg.modeling.absent import read_reason
from ntlbg.training.params import TrainingParams
from ntlbg.training.train import TrainReport
from pipelines.declared import Declared
from pipelines.stage import Run
from pipelines.stages import train as module
from pipelines.stages.train import SHARED, at_once, selection_of, why_not

REPORT = TrainReport(
    3, {"loss": 1.5, "task": 1.0}, {"best_accuracy": 0.5, "best_loss": float("nan")}, 0.25, {"train": 2}
)


class Recorder:
    """What a body may use of `Run`, kept for the test."""

    stage = "train@joint"
    seed = 11
    store = None

    def __init__(self, **training: Any) -> None:
        settings = TrainingParams(**{"selectors": ["ntlbg", "uniform"], "points": 12, "max_steps": 3, **training})
        selection = SimpleNamespace(settings={"ntlbg": {"relevance_weight": 0.5}, "topk_nms": {"window_s": 4.0}})
        self.params = SimpleNamespace(
            training=settings, selection=selection, modeling="sizes", features=FeaturesParams(dtype="bfloat16")
        )
        self.declared = Declared("train@joint", frozenset(), frozenset(), frozenset({"ntlbg/selection"}))
        self.told: list[tuple[str, Any]] = []
        self.folder = lambda path: Run.folder(self, path)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.told.append((name, args or kwargs))


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A working folder with accepted questions, and a training that only writes down how it was called."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/accepted").mkdir(parents=True)
    rows = [("q1", "train"), ("q2", "val"), ("q3", "test")]
    pd.DataFrame(rows, columns=["question_id", "split"]).to_parquet(tmp_path / "data/accepted/training.parquet")
    made: list[dict[str, Any]] = []

    def train_told(arguments: dict[str, Any], tell: Any) -> TrainReport:
        into = arguments["into"]
        into.mkdir(parents=True)
        (into / "ntlbg.json").write_text(arguments["stage"])
        tell((2, {"loss": 0.5}))
        made.append({name: value for name, value in arguments.items() if name != "into"})
        return REPORT

    monkeypatch.setattr(module, "train_told", train_told)
    monkeypatch.setattr(module, "processes_for", lambda device, checkpoint: 1)
    return made


def test_every_selector_is_trained_the_same_way(calls: list[dict[str, Any]]) -> None:
    """One call each, on from the model of the stage before, different in the selector alone."""
    run = Recorder()
    module.train.body(run, "joint")
    assert [call["selector"] for call in calls] == ["ntlbg", "uniform"]
    assert [call["previous"] for call in calls] == [Path("models/select/ntlbg"), Path("models/select/uniform")]
    own = ("selector", "selection", "previous", "checkpoints")
    assert {call["dtype"] for call in calls} == {"bfloat16"}
    first, second = ({k: v for k, v in call.items() if k not in own} for call in calls)
    assert first == second
    assert calls[0]["checkpoints"] != calls[1]["checkpoints"]
    assert sorted(p.as_posix() for p in Path("models").rglob("*.json")) == [
        "models/joint/ntlbg/ntlbg.json",
        "models/joint/uniform/ntlbg.json",
    ]


def test_no_folder_of_evidence_is_handed_over(calls: list[dict[str, Any]]) -> None:
    """Neither the corpus nor its evidence is among what training is told."""
    module.train.body(Recorder(), "select")
    assert calls[0]["previous"] is None
    assert not [value for value in calls[0].values() if "corpus" in str(value)]


def test_every_term_goes_to_mlflow_with_its_step(calls: list[dict[str, Any]]) -> None:
    """Curves under the selector's name; a nested run and a checkpoint per selector; no figure that is none."""
    told: list[tuple[Any, ...]] = []
    run = Recorder()
    run.series = lambda step, **numbers: told.append((step, numbers))  # type: ignore[attr-defined]
    run.nested = lambda name, **what: told.append((name, what["params"]["stage"], what["metrics"]))  # type: ignore[attr-defined]
    run.checkpoint = lambda name, folder, params, metrics, step: told.append((name, folder, step))  # type: ignore[attr-defined]
    module.train.body(run, "full")
    assert (2, {"ntlbg.loss": 0.5}) in told
    assert (2, {"uniform.loss": 0.5}) in told
    figures = {"loss": 1.5, "task": 1.0, "val.best_accuracy": 0.5, "steps": 3.0, "gpu_hours": 0.25}
    assert ("full · ntlbg", "full", figures) in told
    assert ("full-uniform", Path("models/full/uniform"), 3) in told


def test_without_steps_or_questions_nothing_is_trained_and_said_so(calls: list[dict[str, Any]], capsys: Any) -> None:
    """One sentence, a folder that tells the reason, and the stages after it tell the same."""
    path = Path("data/accepted/training.parquet")
    module.train.body(Recorder(max_steps=0), "select")
    assert read_reason(Path("models/select")) == "`training` in params.yaml gives it no steps"
    table = pd.read_parquet(path)
    table[table["split"] != "train"].to_parquet(path)
    for stage in ("select", "joint", "full"):
        module.train.body(Recorder(), stage)
        assert read_reason(Path("models") / stage) == "no training question was accepted"
        assert [p.name for p in (Path("models") / stage).iterdir()] == ["not_trained.json"]
    assert not calls
    told = capsys.readouterr()
    assert "no model is trained: no training question was accepted" in told.out + told.err


def test_one_stage_without_steps_hands_its_model_on(calls: list[dict[str, Any]]) -> None:
    """Only where no stage takes a step is there nothing to train."""
    assert why_not(TrainingParams(max_steps=0, steps={"joint": 2}), "select") is None


def test_training_knows_its_own_rule_only() -> None:
    """Settings of another rule are not among what it is told: its change is none of a trained model's."""
    settings = {"ntlbg": {"relevance_weight": 0.5}, "topk_nms": {"window_s": 4.0}}
    found = selection_of("ntlbg", 12, settings)
    assert (found.selectors, found.settings, found.k) == (["ntlbg", "uniform"], {"ntlbg": settings["ntlbg"]}, [12])
    assert selection_of("uniform", 12, settings).settings == {}


def test_an_undeclared_rule_is_refused_before_anything_is_trained(calls: list[dict[str, Any]]) -> None:
    """Its file is no dependency, so the model would not be trained again when it changes."""
    run = Recorder()
    run.declared = Declared("train@joint", frozenset(), frozenset(), frozenset({"ntlbg/selection/ntlbg.py"}))
    with pytest.raises(InputError, match=r"runs `ntlbg/selection/baselines/uniform\.py`"):
        module.train.body(run, "joint")
    assert not calls


def test_few_questions_are_trained_on_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions of all updates count, accumulated ones too; with as many as `SHARED` the models share the cores."""
    monkeypatch.setattr(module, "processes_for", lambda device, checkpoint: 2)
    few = TrainingParams(batch_size=1, gradient_accumulation=2, max_steps=SHARED // 2 - 1)
    assert at_once(few, "joint") == 1
    assert at_once(few.model_copy(update={"max_steps": SHARED // 2}), "joint") == 2
    assert at_once(few.model_copy(update={"steps": {"joint": SHARED}}), "joint") == 2
