"""Versions of the model in MLflow's registry."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ntlbg.config.load import load_params
from ntlbg.evaluation.params import EvaluationParams
from pipelines.registry import register, settings_of, trained
from pipelines.tracking import Tracker


@pytest.fixture
def tracker(project):
    return Tracker()


@pytest.fixture
def checkpoints(project) -> dict[str, Path]:
    found = {}
    for name in ("encoder", "answerer"):
        found[name] = project / "models" / name
        found[name].mkdir(parents=True)
        (found[name] / "model.safetensors").write_bytes(name.encode())
    return found


def settings(project: Path) -> dict:
    params = load_params(project / "params.yaml").current
    return settings_of(params.selection, params.video, params.evaluation)


def registered(tracker: Tracker, checkpoints, settings, alias: str = "smoke") -> str:
    run = tracker.start("compare", tags={})
    tags = {"tier": alias}
    return register(tracker, run, name="ntlbg", alias=alias, checkpoints=checkpoints, settings=settings, tags=tags)


def test_a_version_is_code_and_weights_and_nothing_pickled(tracker, project, checkpoints):
    """The script, the checkpoint folders, settings, signature and an example; loading it runs no pickle."""
    assert registered(tracker, checkpoints, settings(project)) == "1"
    version = tracker.client.get_model_version_by_alias("ntlbg", "smoke")
    model = tracker.client.get_logged_model(version.source.removeprefix("models:/"))
    folder = Path(model.artifact_location.removeprefix("file://"))
    assert {file.suffix for file in folder.rglob("*") if file.is_file()} <= {
        *(".py", ".safetensors", ".json", ".yaml", ".txt"),
        "",
    }
    assert (folder / "artifacts/answerer/model.safetensors").read_bytes() == b"answerer"
    told = yaml.safe_load((folder / "MLmodel").read_text())
    flavour = told["flavors"]["python_function"]
    assert flavour["loader_module"] == "mlflow.pyfunc.loaders.code_model"
    assert flavour["config"]["k"] == 8
    assert "picks_s" in told["signature"]["outputs"]
    assert (folder / "input_example.json").is_file()
    assert "transformers==" in (folder / "requirements.txt").read_text()
    assert tracker.client.get_run(model.source_run_id).outputs.model_outputs[0].model_id == model.model_id


def test_the_same_model_is_not_registered_twice(tracker, project, checkpoints):
    """Other weights, or other settings, are another version; a tier's alias is its own."""
    told = settings(project)
    assert registered(tracker, checkpoints, told) == "1"
    assert registered(tracker, checkpoints, told) == "1"
    assert registered(tracker, checkpoints, told | {"k": 16}) == "2"
    (checkpoints["answerer"] / "model.safetensors").write_bytes(b"trained on")
    assert registered(tracker, checkpoints, told) == "3"
    assert registered(tracker, checkpoints, told, alias="long") == "4"
    aliases = tracker.client.get_registered_model("ntlbg").aliases
    assert {alias: str(version) for alias, version in aliases.items()} == {"smoke": "3", "long": "4"}


def test_the_trained_model_is_the_first_that_the_tier_compares_in_full_on_our_picks():
    """A model of an earlier stage, or one trained on another selector's picks, is not the one to be used."""
    of = {"k": 48, "selectors": ["ntlbg", "uniform"]}
    given = [
        {"presentation": "rich", "model": "select", **of},
        {"presentation": "rich", "model": "full", "k": 48, "selectors": ["uniform"]},
        {"presentation": "hybrid", "model": "full", "full_frames": 4, **of},
    ]
    found = trained(EvaluationParams(presentations=given), Path("models"))
    assert found is not None
    assert found[0].presentation == "hybrid"
    assert found[1] == Path("models/full/ntlbg")
    assert trained(EvaluationParams(), Path("models")) is None


def test_settings_are_those_of_the_tier(project):
    """And a trained model is given as many picks as it chooses among."""
    params = load_params(project / "params.yaml").current
    plain = settings(project)
    assert (plain["selector"], plain["k"], plain["size"]) == ("ntlbg", 8, [32, 48])
    given = [{"presentation": "rich", "model": "full", "k": 48, "selectors": ["ntlbg"]}]
    one, _ = trained(EvaluationParams(presentations=given), Path("models"))
    told = settings_of(params.selection, params.video, params.evaluation, shown=one, pool=2.0)
    assert told["k"] == 96
    assert told["shown"] == {"presentation": "rich", "points": 48, "full_frames": 0, "pool": 2.0}
