"""A small world, and a way to evaluate it with models that read it exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ntlbg.evaluation.evaluate import evaluate
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.selection.params import SelectionParams
from ntlbg.store import Store
from tests.evaluation.small_world import Reader, TextOnly, World, make_world

SELECTORS = ["uniform", "random", "topk_nms", "kmedoids", "ntlbg"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One benchmark, four videos of which one is broken, 24 questions."""
    return make_world(tmp_path / "world", broken=("mlvu_2",))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    """The model that is loaded in place of a checkpoint, and the text encoder beside it."""
    model = Reader()
    monkeypatch.setattr("ntlbg.modeling.answerer.Answerer.load", lambda *a, **k: model)
    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", lambda *a, **k: TextOnly())
    return model


@pytest.fixture
def run(world: World, reader: Reader, store: Store) -> Callable[..., pd.DataFrame]:
    """Evaluate the world; keyword arguments replace parts."""
    answerer = world.root / "answerer"
    answerer.mkdir()
    (answerer / "config.json").write_text("{}")
    (answerer / "model.safetensors").write_bytes(b"weights")

    def evaluated(**changed: Any) -> pd.DataFrame:
        arguments: dict[str, Any] = world.paths | {
            "answerer": answerer,
            "selection": SelectionParams(k=[4], selectors=SELECTORS),
            "params": EvaluationParams(size=(32, 48), batch=4),
            "seed": 7,
            "store": store,
        }
        return evaluate("mlvu", **(arguments | changed))

    return evaluated
