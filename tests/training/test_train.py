"""A stage from folders to a folder."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.video_qa import NTLBGVideoQA
from ntlbg.training.checkpoint import scratch
from ntlbg.training.train import TRANSITION, TrainReport, selector_of, train_stage
from tests.training import world as worlds


@pytest.fixture
def train(world, text_encoder, store, tmp_path):
    """Trains a stage in the world; keyword arguments replace parts."""

    def run(stage: str = "select", **changed) -> TrainReport:
        arguments = dict(world) | {
            "previous": None,
            "selector": "ntlbg",
            "selection": worlds.selection(),
            "modeling": worlds.modeling(),
            "params": worlds.params(),
            "seed": 5,
            "store": store,
            "into": tmp_path / stage / "ntlbg",
            "log": lambda step, values: None,
        }
        return train_stage(stage, **(arguments | changed))

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_three_stages_follow_each_other(train, tmp_path, world):
    """Each goes on from the one before; the language model learns from the second on; every folder is a whole model."""
    told: list[int] = []
    before = None
    for stage in ("select", "joint", "full"):
        report = train(stage, previous=before, log=lambda step, values: told.append(step))
        before = tmp_path / stage / "ntlbg"
        assert report.steps == 4
        assert report.questions == {"train": 8, "val": 8, "left_out": 0}
        assert report.gpu_hours == 0.0
        assert all(map(math.isfinite, [*report.losses.values(), *report.validation.values()]))
        assert {"start_loss", "best_loss", "best_accuracy", "best_step"} <= report.validation.keys()
        found = set(files(before))
        assert {"ntlbg.json", "ntlbg.safetensors", "history.json", TRANSITION} <= found
        assert ("lora/adapter_model.safetensors" in found) == (stage != "select")
        model = NTLBGVideoQA.load(before, world["answerer"])
        assert (model.settings.stage, model.settings.selector, model.settings.points) == (stage, "ntlbg", 6)
        assert not scratch(before).exists()
    assert told == [0, 1, 2, 3] * 3
    story = json.loads((before / "history.json").read_text())
    assert [record["step"] for record in story["history"]] == [0, 1, 2, 3]
    assert story["history"][-1]["progress"] == 1.0


def test_equal_calls_write_equal_bytes(train, tmp_path):
    """Every file, the history included: no time of day and no order of a dictionary is in it."""
    train(into=tmp_path / "a")
    train(into=tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_uniform_is_trained_by_the_same_lines(train, tmp_path):
    """The same first weights, updates, questions and losses to watch; only the picks are its own."""
    train()
    train(selector="uniform", into=tmp_path / "uniform")
    ours, theirs = (json.loads((tmp_path / p / "history.json").read_text()) for p in ("select/ntlbg", "uniform"))
    assert ours["questions"] == theirs["questions"]
    assert [r["learning_rate"] for r in ours["history"]] == [r["learning_rate"] for r in theirs["history"]]
    assert ours["history"] != theirs["history"]


class Cut(Exception):  # noqa: N818  (an end, not an error)
    """Ends a run from inside its log."""


def test_a_cut_run_goes_on_and_ends_alike(train, tmp_path):
    """Nothing is left half-written at its end; with other parameters it starts anew."""

    def cut(step: int, values: dict[str, float]) -> None:
        if step == 2:
            raise Cut

    train(into=tmp_path / "whole")
    for changed in ({}, {"params": worlds.params(learning_rate=2e-2)}):
        told: list[int] = []
        with pytest.raises(Cut):
            train(into=tmp_path / "cut", log=cut, checkpoints=tmp_path / "kept", **changed)
        assert not (tmp_path / "cut").exists()
        assert (tmp_path / "kept").is_dir()
    train(into=tmp_path / "cut", log=lambda step, values: told.append(step), checkpoints=tmp_path / "kept")
    assert files(tmp_path / "cut") == files(tmp_path / "whole")


def test_a_finished_training_is_taken_up_at_its_end(train, tmp_path):
    """What was kept is its caller's to remove: until then the same call takes no step and gives the same model."""
    train(into=tmp_path / "first", checkpoints=tmp_path / "kept")
    steps: list[float] = []
    before = files(tmp_path / "first")
    report = train(into=tmp_path / "second", checkpoints=tmp_path / "kept", log=lambda step, _: steps.append(step))
    assert report.steps == len(steps)  # told again, not taken again
    assert files(tmp_path / "second") == before


def test_hybrid_is_trained_on_whole_frames_too(train, tmp_path, world):
    """The heaviest picks keep all their tokens."""
    report = train(params=worlds.params(presentation="hybrid", full_frames=2, max_steps=2))
    assert report.steps == 2
    model = NTLBGVideoQA.load(tmp_path / "select" / "ntlbg", world["answerer"])
    assert model.visual_tokens() == 2 * 6 + 4


def test_a_wider_pool_trains_the_choice(train, tmp_path, world):
    """The rule proposes more frames than points, and the learned choice keeps `points` of them."""
    report = train(modeling=worlds.modeling(pool=2.0), params=worlds.params(max_steps=2))
    assert math.isfinite(report.losses["task"])


def test_a_stage_without_its_predecessor_is_refused(train, tmp_path):
    """And so is a first stage that would throw one away."""
    with pytest.raises(InputError, match="`joint` continues from stage `select`"):
        train("joint")
    with pytest.raises(InputError, match="`select` continues from stage `none`"):
        train("select", previous=tmp_path)
    with pytest.raises(InputError, match=r"ntlbg\.json: is missing"):
        train("joint", previous=tmp_path)


def test_nothing_to_train_on_is_one_sentence(train, text_encoder, tmp_path):
    """Videos without frames leave nothing; no model is written."""
    empty = worlds.make(tmp_path / "empty", broken=("mlvu_0", "mlvu_2"))
    with pytest.raises(InputError, match="no training question has a known answer and a video with frames"):
        train(**empty)
    assert not (tmp_path / "select").exists()


def test_a_rule_has_the_comparisons_settings():
    """Its own, or the run's seed where it draws at random."""
    assert selector_of("ntlbg", worlds.selection(), 5).parameters["relevance_weight"] == 0.5
    assert selector_of("random", worlds.selection(), 5).parameters["seed"] == 5
    with pytest.raises(InputError, match="no selector `best`"):
        selector_of("best", worlds.selection(), 5)
