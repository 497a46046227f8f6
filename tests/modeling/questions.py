"""A small model, and random questions about random videos for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.qwen import QwenAdapter
from ntlbg.modeling.sample import Sample
from ntlbg.modeling.video_qa import NTLBGVideoQA
from ntlbg.records.prompt import Prompt

FEATURES, QUERY = 12, 6
OPTIONS = ("red", "the red star", "blue", "blue zebra in the cave", "3")
PROMPTS = (Prompt("What colour is the star in the desert?"), Prompt("Why?"), Prompt("Where is it, and why so?"))


def small_model(adapter: QwenAdapter, **told: Any) -> NTLBGVideoQA:
    """An untrained model; told: fields of its settings."""
    sizes = {name: told.pop(name) for name in list(told) if name in ModelingParams.model_fields}
    modeling = ModelingParams(
        representatives=8,
        coverage_ratio=0.5,
        coverage_align=1,
        coverage_minimum=1,
        **({"rank": 4, "hidden": 16, "context": 8, "temporal": 8, "window": 2} | sizes),
    )
    usual = {"features": FEATURES, "query": QUERY, "points": 6, "full_frames": 2, "seed": 1}
    return NTLBGVideoQA.fresh(adapter, modeling=modeling, **(usual | told))


def sample(seed: int, *, T: int = 20, picks: int = 6, tokens: int = 6, width: int = 64, **told: Any) -> Sample:
    """A question; its picks' visual tokens are random."""
    rng = np.random.default_rng(seed)
    usual = {
        "features": rng.normal(size=(T, FEATURES)).astype(np.float32),
        "timestamps_s": np.cumsum(rng.uniform(0.5, 3, T)),
        "duration_s": 3.0 * T,
        "relevance": rng.normal(size=T),
        "query": rng.normal(size=QUERY),
        "indices": np.sort(rng.choice(T, picks, replace=False)),
        "prompt": PROMPTS[seed % len(PROMPTS)],
        "options": OPTIONS[: 2 + seed % 4],
        "answer": seed % 2,
    }
    if "frames" not in told:
        usual["visual"] = rng.normal(size=(picks, tokens, width)).astype(np.float32)
    return Sample(**(usual | told))


def ragged() -> list[Sample]:
    """Questions of unlike lengths, on videos of unlike lengths, with unlike numbers of picks; one asks blindly."""
    return [
        sample(0),
        sample(1, T=9, picks=4),
        sample(2, T=33),
        sample(3, T=5, picks=1),
        sample(4, T=7, picks=0),
        sample(5),
    ]
