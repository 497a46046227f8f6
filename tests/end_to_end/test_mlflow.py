"""MLflow after one run, read back through its own API: what a person finds on its page."""

from __future__ import annotations

from collections import Counter

import pytest

from ntlbg.evaluation.families import SELECTORS
from pipelines import ui
from pipelines.arms import COMPARISON, PLACE
from pipelines.registry import NAME
from pipelines.tracking import PARENT_TAG, Tracker

FIGURES = ("accuracy", "evidence_recall")


@pytest.fixture
def tracker(project) -> Tracker:
    return Tracker(uri=f"sqlite:///{project.root / 'mlflow.db'}", folder=project.root / ".ntlbg" / "runs")


@pytest.fixture
def runs(tracker) -> list:
    return tracker.client.search_runs([tracker.experiment], max_results=1000)


def at(runs: list, level: str) -> list:
    return [run for run in runs if run.data.tags.get("level") == level]


def test_there_is_one_parent_and_a_child_for_each_stage_that_ran(project, runs):
    """Each ended well, once, below the parent; the parent names them."""
    (parent,) = at(runs, "pipeline")
    stages = at(runs, "stage")
    assert Counter(run.info.run_name for run in stages) == dict.fromkeys(project.lock()["stages"], 1)
    assert {run.data.tags[PARENT_TAG] for run in stages} == {parent.info.run_id}
    assert {run.info.status for run in [parent, *stages]} == {"FINISHED"}
    assert parent.data.tags["stages"].split(", ") == sorted(project.lock()["stages"])


def test_there_is_one_run_per_arm_and_benchmark_with_the_numbers_of_the_report(project, runs):
    """Accuracy and evidence recall, in all and by kind, and the difference from uniform, digit for digit."""
    arms = {(run.data.params["benchmark"], run.data.params["arm"]): run for run in at(runs, "arm")}
    assert len(arms) == len(at(runs, "arm"))
    told = project.comparison()["benchmarks"]
    assert set(arms) == {(name, arm["arm"]) for name, found in told.items() for arm in found["arms"]}
    parents = {run.info.run_id: run.info.run_name for run in at(runs, "stage")}
    for name, found in told.items():
        over_uniform = {
            one["arm"]: one
            for one in found["paired"]
            if one["family"] == SELECTORS and one["metric"] == "accuracy" and one["kind"] == "all"
        }
        for arm in found["arms"]:
            run = arms[name, arm["arm"]]
            assert parents[run.data.tags[PARENT_TAG]] == f"evaluate@{name}"
            wanted = {"answered": arm["answered"], "errors": arm["errors"], **{key: arm[key] for key in FIGURES}}
            for kind, part in arm["by_kind"].items():
                wanted |= {f"{kind}.{key}": part[key] for key in ("n", *FIGURES)}
            wanted = {key: value for key, value in wanted.items() if value is not None}
            assert {key: run.data.metrics.get(key) for key in wanted} == wanted
            pair = over_uniform.get(arm["arm"])
            assert run.data.metrics.get("accuracy_over_uniform") == (pair and pair["delta"])


def test_every_arm_of_a_benchmark_was_asked_the_same_table(runs):
    """One dataset by name and digest, on the stage's run and on each of its arms."""
    for stage in at(runs, "stage"):
        if not stage.info.run_name.startswith("evaluate@"):
            continue
        (asked,) = [one.dataset for one in stage.inputs.dataset_inputs]
        assert f"evaluate@{asked.name}" == stage.info.run_name
        below = [run for run in at(runs, "arm") if run.data.tags[PARENT_TAG] == stage.info.run_id]
        read = {(one.dataset.name, one.dataset.digest) for run in below for one in run.inputs.dataset_inputs}
        assert read == {(asked.name, asked.digest)}


def test_the_page_opens_on_the_arms_of_the_comparison_in_the_order_of_its_tables(project, tracker, runs):
    """All of them, and no other run."""
    (compare,) = [run for run in at(runs, "stage") if run.info.run_name == "compare"]
    assert ui.latest_comparison(tracker) == compare.info.run_id
    shown = [run for run in runs if run.data.tags.get(COMPARISON) == compare.info.run_id]
    shown.sort(key=lambda run: run.data.tags[PLACE])
    order = [(run.data.params["benchmark"], run.data.params["arm"]) for run in shown]
    told = project.comparison()["benchmarks"]
    assert order == [(name, arm["arm"]) for name, found in told.items() for arm in found["arms"]]


def test_the_compared_model_is_registered_and_its_checkpoints_are_models(project, tracker, runs):
    """The version points to the run that compared it; a checkpoint per stage of training and selector."""
    (compare,) = [run for run in at(runs, "stage") if run.info.run_name == "compare"]
    version = tracker.client.get_model_version_by_alias(NAME, "smoke")
    assert version.run_id == compare.info.run_id
    models = tracker.client.search_logged_models([tracker.experiment])
    found = {model.name: model for model in models if model.model_type == "checkpoint"}
    trained = {run.info.run_name for run in runs if run.data.tags.get("level") == "model"}
    assert {name.replace("-", " · ") for name in found} == trained
    assert all(model.metrics and model.params["step"] for model in found.values())
