"""Trained models as answerers of their arms."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ntlbg.errors import InputError, StoreError
from ntlbg.evaluation.params import EvaluationParams, Presented
from ntlbg.evaluation.presented import visual_tokens
from ntlbg.evaluation.rows import SCHEMA, to_bytes
from ntlbg.modeling.absent import write_reason
from ntlbg.modeling.params import ModelingParams
from ntlbg.records.arrays import Array
from ntlbg.selection.params import SelectionParams
from ntlbg.store import Store
from tests.evaluation.small_world import Reader, World

Run = Callable[..., pd.DataFrame]
SIZES = ModelingParams(representatives=64, coverage_ratio=0.125, coverage_align=8, coverage_minimum=16)
BOTH = ["ntlbg", "uniform"]
ASKED = [
    Presented(presentation="rich", model="untrained", k=10, selectors=BOTH),
    Presented(presentation="rich", model="select", k=10, selectors=["ntlbg"]),
    Presented(presentation="rich", k=10, selectors=BOTH),
    Presented(presentation="hybrid", k=6, full_frames=2, selectors=["ntlbg"]),
]
SHOWN = ["question_id", "arm", "indices", "sha256", "raw", "parsed", "error"]


class FirstRow:
    """A vision tower whose one token of a frame is the frame's first row of pixels."""

    identity: dict[str, Any] = {"sees": "the first row"}  # noqa: RUF012
    device = torch.device("cpu")
    model = SimpleNamespace(device=torch.device("cpu"), parameters=list)

    def embed_frames(self, frames: Array, see: bool) -> torch.Tensor:
        return torch.from_numpy(frames[:, :1].reshape(len(frames), 1, -1).astype(np.float32))


@dataclass
class Rich(Reader):
    """Reads pixels like Reader, and keeps every other pick where it is asked to choose. `loaded`: with what."""

    loaded: list[dict[str, Any]] = field(default_factory=list)
    model: Any = field(
        default_factory=lambda: SimpleNamespace(adapter=FirstRow(), settings=SimpleNamespace(tokens_per_point=1))
    )

    def choose(self, requests: list[Any]) -> list[tuple[int, ...]]:
        return [request.indices[::2] for request in requests]


@pytest.fixture
def rich(monkeypatch: pytest.MonkeyPatch) -> Rich:
    """The model that is loaded for every trained arm, and for the untrained one."""
    model = Rich()

    def load(folder: Path, answerer: Path, **told: Any) -> Rich:
        model.loaded.append({"folder": folder, **told})
        return model

    def untrained(answerer: Path, **told: Any) -> Rich:
        model.loaded.append({"folder": None, **told})
        return model

    monkeypatch.setattr("ntlbg.modeling.rich_answerer.RichAnswerer.load", load)
    monkeypatch.setattr("ntlbg.modeling.rich_answerer.RichAnswerer.untrained", untrained)
    return model


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Folders as stage `train` leaves them."""
    for stage in ("select", "joint", "full"):
        for selector in BOTH:
            folder = tmp_path / "models" / stage / selector
            folder.mkdir(parents=True)
            (folder / "ntlbg.json").write_text(f'{{"stage": "{stage}", "selector": "{selector}"}}')
    return tmp_path / "models"


@pytest.fixture
def told(models: Path) -> dict[str, Any]:
    """Arguments of an evaluation with trained arms."""
    params = EvaluationParams(size=(32, 48), batch=4, presentations=ASKED)
    selection = SelectionParams(k=[4], selectors=["uniform", "ntlbg"])
    return {"params": params, "selection": selection, "models": models, "modeling": SIZES}


def test_trained_arms_answer_every_question(run: Run, rich: Rich, told: dict, world: World) -> None:
    """Error rows + answers = questions; k is what is shown; they stand between `blind` and the oracle."""
    rows = run(**told)
    assert list(rows.columns) == SCHEMA.names
    assert list(dict.fromkeys(rows["arm"])) == [
        *("uniform-4", "ntlbg-4", "blind"),
        *("ntlbg-10-rich:untrained", "uniform-10-rich:untrained", "ntlbg-10-rich:select"),
        *("ntlbg-10-rich", "uniform-10-rich", "ntlbg-6-hybrid", "oracle-4"),
    ]
    for _, part in rows.groupby("arm"):
        assert list(part["question_id"]) == list(world.questions["question_id"])
        assert ((part["parsed"] != "") ^ (part["error"] != "")).all()
    sound = rows[(rows["error"] == "") & rows["presentation"].str.startswith("rich")]
    assert {len(indices) for indices in sound["indices"]} == {10}
    assert sound["evidence_recall"].notna().all()
    broken = rows[(rows["video_id"] == "mlvu_2") & (rows["presentation"] != "frames")]
    assert (broken["error"] == "video: corrupt (no packet decodes)").all()
    assert not broken["correct"].astype(bool).any()


def test_the_arms_of_frames_are_byte_for_byte_what_they_are_without(run: Run, rich: Rich, told: dict) -> None:
    """Trained arms beside them change no row, and a file without trained arms is the file of before."""
    alone = run(selection=told["selection"])
    rows = run(**told)
    frames = rows[rows["presentation"] == "frames"].reset_index(drop=True)
    assert to_bytes(frames) == to_bytes(alone)


def test_the_rule_picks_once_and_the_model_gets_what_it_picked_from(run: Run, rich: Rich, told: dict) -> None:
    """The same picks in every stage; features, query and pixels belong to them."""
    rows = run(**told)
    ntlbg = rows[(rows["selector"] == "ntlbg") & (rows["k"] == 10)]
    assert (ntlbg.groupby("question_id")["sha256"].nunique() == 1).all()
    assert rich.requests
    for request in rich.requests:
        shown = request.frames if request.visual is None else request.visual
        assert len(shown) == len(request.indices) in (6, 10)
        assert (request.visual is None) == (len(request.indices) == 6)  # whole frames are not stored as tokens
        assert np.array_equal(request.index.timestamps_s[list(request.indices)], request.timestamps_s)
        assert request.query.relevance.shape == (len(request.index),)


def test_each_arm_is_answered_by_its_own_model(run: Run, rich: Rich, told: dict, models: Path) -> None:
    """Folder by stage and selector, presentation and points as the arm says; untrained has no folder."""
    run(**told)
    seen = [(m["folder"], m["presentation"], m["points"], m["full_frames"]) for m in rich.loaded]
    assert seen == [
        (None, "rich", 10, 0),
        (None, "rich", 10, 0),
        (models / "select" / "ntlbg", "rich", 10, 0),
        (models / "full" / "ntlbg", "rich", 10, 0),
        (models / "full" / "uniform", "rich", 10, 0),
        (models / "full" / "ntlbg", "hybrid", 6, 2),
    ]
    assert [m["seed"] for m in rich.loaded if m["folder"] is None] == [7, 7]
    assert rich.loaded[0]["features"] == rich.loaded[0]["query"] == 16
    assert {json.dumps(m["encoder"]) for m in rich.loaded if m["folder"]} == {'{"encoder": "text only"}'}


def test_a_second_run_loads_and_asks_nothing(run: Run, rich: Rich, told: dict) -> None:
    """Answers of trained models are remembered like all others."""
    first = to_bytes(run(**told))
    asked, loaded = len(rich.requests), len(rich.loaded)
    assert to_bytes(run(**told)) == first
    assert (len(rich.requests), len(rich.loaded)) == (asked, loaded)


def test_a_model_that_was_trained_on_is_asked_again(run: Run, rich: Rich, told: dict, models: Path) -> None:
    """Other weights for one arm: its own questions alone are asked anew."""
    run(**told)
    before = len(rich.requests)
    (models / "full" / "uniform" / "ntlbg.json").write_text("{}")
    rows = run(**told)
    own = rows[(rows["arm"] == "uniform-10-rich") & (rows["error"] == "")]
    assert len(rich.requests) - before == len(own) > 0


def test_other_features_are_asked_about_again(run: Run, rich: Rich, told: dict, world: World) -> None:
    """A video encoded anew with other values, of which no pick changes: no stored answer of a trained model counts."""
    uniform = [Presented(presentation="rich", k=10, selectors=["uniform"])]
    told["params"] = told["params"].model_copy(update={"presentations": uniform})
    told["selection"] = SelectionParams(k=[4], selectors=["uniform"])
    run(**told)
    before = len(rich.requests)
    from ntlbg.features.index import load_features, save_features

    path = world.paths["features"] / "mlvu_0.safetensors"
    found = load_features(path)
    bent = found.index.features.copy()
    bent[0] += 0.5
    save_features(path, type(found.index)(**{**vars(found.index), "features": bent}), found.vectors, found.encoder)
    run(**told)
    assert len(rich.requests) - before == 6


def test_without_evidence_trained_picks_and_answers_are_the_same(
    run: Run, rich: Rich, told: dict, tmp_path: Path
) -> None:
    """Evidence is opened after all of them have answered, by scoring and the oracle only."""

    def without_oracle(rows: pd.DataFrame) -> list[tuple]:
        part = rows[rows["selector"] != "oracle"][SHOWN]
        return [tuple(map(str, row)) for row in part.itertuples(index=False)]

    with_evidence = run(**told)
    without = run(**told, evidence=None, store=Store(tmp_path / "other"))
    assert without_oracle(with_evidence) == without_oracle(without)
    assert without["evidence_recall"].isna().all()


def test_what_was_not_trained_ends_the_evaluation(run: Run, rich: Rich, told: dict, models: Path) -> None:
    """Before anything is asked, with the reason that training gave; no other model answers instead."""
    write_reason(models / "select", "no training question was accepted")
    with pytest.raises(InputError, match="`select`, which was not trained: no training question was accepted"):
        run(**told)
    (models / "select" / "not_trained.json").unlink()
    for file in (models / "full" / "uniform").iterdir():
        file.unlink()
    (models / "full" / "uniform").rmdir()
    with pytest.raises(InputError, match="no model was trained on the picks of `uniform`"):
        run(**told)
    with pytest.raises(InputError, match="no folder of models is given"):
        run(**(told | {"models": None}))
    with pytest.raises(InputError, match="nobody told their sizes"):
        run(**(told | {"modeling": None}))
    assert not rich.requests


def test_a_model_that_fails_on_a_question_costs_that_question(run: Run, rich: Rich, told: dict) -> None:
    """An error row: wrong, named, and no neighbour is taken along."""
    score = rich.score_options

    def refuses(requests: list[Any]) -> list[list[float]]:
        if any("#3" in r.prompt.user.split() for r in requests):
            raise InputError("too many points")
        return score(requests)

    rich.score_options = refuses  # type: ignore[method-assign]
    rows = run(**told)
    trained = rows[rows["presentation"] != "frames"]
    own = trained[trained["question_id"] == "mlvu-3"]
    assert (own["error"] == "too many points").all()
    assert not own["correct"].astype(bool).any()
    others = trained[(trained["question_id"] != "mlvu-3") & (trained["video_id"] != "mlvu_2")]
    assert (others["error"] == "").all()


def test_of_a_pool_the_rows_tell_what_was_shown(run: Run, rich: Rich, told: dict) -> None:
    """The rule proposes twice as many; k, indices, times and hash are of those that the model kept, stored or not."""
    told["modeling"] = SIZES.model_copy(update={"pool": 2.0})
    told["params"] = told["params"].model_copy(update={"presentations": ASKED[2:3]})
    rows = run(**told)
    assert {len(request.indices) for request in rich.requests} == {20}
    sound = rows[(rows["presentation"] == "rich") & (rows["error"] == "")]
    assert {len(i) for i in sound["indices"]} == {len(t) for t in sound["timestamps_s"]} == {10}
    assert {len(m) for m in sound["masses"]} == {0}
    assert to_bytes(run(**told)) == to_bytes(rows)


def test_visual_tokens_of_every_arm(run: Run, rich: Rich, told: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames, points, and both; none for blind."""

    class Processor:
        patch_size, merge_size = 8, 2  # a frame of 32 x 48 is 6 tokens

    monkeypatch.setattr("transformers.AutoImageProcessor.from_pretrained", lambda *a, **k: Processor())
    answerer = told["models"].parent / "world" / "answerer"
    rows = run(**told)
    tokens = visual_tokens(rows, params=told["params"], sizes=SIZES, answerer=answerer)
    assert set(tokens) == set(rows["arm"])
    assert {arm: tokens[arm] for arm in ("ntlbg-4", "oracle-4", "blind", "ntlbg-10-rich:select", "ntlbg-6-hybrid")} == {
        "ntlbg-4": 24,
        "oracle-4": 24,
        "blind": 0,
        "ntlbg-10-rich:select": 10,
        "ntlbg-6-hybrid": 2 * 6 + 4,
    }


def test_a_full_disk_is_no_wrong_answer(run: Run, rich: Rich, told: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes no visual tokens ends the evaluation; no row says that the model was wrong."""
    put = Store.put

    def full(self: Store, room: str, key: str, write: Any) -> Path:
        if room == "visual":
            raise self.refused(OSError(28, "No space left on device"))
        return put(self, room, key, write)

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(StoreError, match="No space left"):
        run(**told)
