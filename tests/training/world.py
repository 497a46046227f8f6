"""A small world to train in: the folders of earlier stages, an untrained answerer, and the texts' own encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ntlbg.backbone import tiny_qwen
from ntlbg.modeling.params import ModelingParams
from ntlbg.selection.params import SelectionParams
from ntlbg.training.params import TrainingParams
from tests.evaluation.small_world import make_world


def make(root: Path, *, videos: int = 4, broken: tuple[str, ...] = ()) -> dict[str, Path]:
    """Folders by argument of `train_stage`; half of the videos are trained on, half watched."""
    world = make_world(root / "world", videos=videos, questions=4, T=20, broken=broken)
    accepted = world.paths["accepted"]
    split = {f"mlvu_{v}": ("train", "val")[v % 2] for v in range(videos)}
    for name, into in (("videos", "videos"), ("questions", "training")):
        table = pd.read_parquet(accepted / f"{name}.parquet")
        table.assign(split=table["video_id"].map(split)).to_parquet(accepted / f"{into}.parquet")
    answerer = root / "answerer"
    processor = tiny_qwen.build_processor()
    tiny_qwen.save(tiny_qwen.build_model(processor, width=32, layers=1, seed=3), processor, answerer)
    return {
        "accepted": accepted,
        "frames": world.paths["frames"],
        "features": world.paths["features"],
        "encoder": world.paths["encoder"],
        "answerer": answerer,
    }


SMALL = {"hidden": 8, "context": 8, "temporal": 4, "window": 2, "rank": 4}


def modeling(**changed: Any) -> ModelingParams:
    """Small sizes."""
    usual: dict[str, Any] = {"representatives": 8, "coverage_ratio": 0.5, "coverage_align": 1, "coverage_minimum": 1}
    return ModelingParams(**(usual | SMALL | changed))


def params(**changed: Any) -> TrainingParams:
    """Few updates."""
    usual: dict[str, Any] = {
        "points": 6,
        "batch_size": 4,
        "max_steps": 4,
        "learning_rate": 1e-2,
        "validate_every": 2,
        "checkpoint_every": 2,
        "variants": 2,
    }
    return TrainingParams(**(usual | changed))


def selection() -> SelectionParams:
    """Two rules; one with a setting."""
    return SelectionParams(k=[6], selectors=["ntlbg", "uniform"], settings={"ntlbg": {"relevance_weight": 0.5}})
