"""A comparison made by hand, and a small world to compare."""

from __future__ import annotations

from itertools import pairwise
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


def entry(arm: str, against: str, kind: str, metric: str, delta: float, p: float) -> dict[str, Any]:
    """One paired difference."""
    return {
        "arm": arm, "against": against, "kind": kind, "n": 100, "delta": delta, "ci": [delta - 0.05, delta + 0.05],
        "wins": 20, "losses": 10, "p_permutation": p / 4, "p_holm": p,
        "p_mcnemar": p if metric == "accuracy" else None, "metric": metric,
    }  # fmt: skip


def arm(selector: str, accuracy: float, recall: float | None, k: int = 8) -> dict[str, Any]:
    """One arm's figures."""
    figures = {
        "accuracy": accuracy, "accuracy_ci": [accuracy - 0.05, accuracy + 0.05], "evidence_recall": recall,
        "evidence_recall_ci": None if recall is None else [recall - 0.05, recall + 0.05],
    }  # fmt: skip
    name = selector if selector == "blind" else f"{selector}-{k}"
    return {
        "arm": name, "selector": selector, "k": 0 if selector == "blind" else k, "presentation": "frames",
        "answered": 98, "errors": 2, **figures, "by_kind": {"one_moment": {"n": 50, **figures}},
    }  # fmt: skip


def benchmark(delta: float = 0.1, p: float = 0.001, ntlbg: float = 0.7) -> dict[str, Any]:
    """One benchmark in which ntlbg differs from uniform by `delta` with this corrected p."""
    paired = [
        entry("ntlbg-8", "uniform-8", kind, metric, delta, p)
        for metric in ("accuracy", "evidence_recall")
        for kind in ("all", "one_moment")
    ]
    paired.append(entry("ntlbg-8", "topk_nms-8", "all", "accuracy", ntlbg - 0.75, 0.3))
    return {
        "questions": 100, "videos": 10, "chance": 0.25, "relevance_auc": 0.8123,
        "arms": [
            arm("ntlbg", ntlbg, 0.6), arm("oracle", 0.9, 1.0), arm("blind", 0.26, None), arm("topk_nms", 0.75, 0.5),
            arm("uniform", 0.6, 0.3), arm("best_ever", 0.5, 0.3),
        ],
        "paired": paired,
    }  # fmt: skip


def trained(selector: str, presentation: str, accuracy: float, k: int = 48, tokens: int = 48) -> dict[str, Any]:
    """One trained arm's figures."""
    found = arm(selector, accuracy, 0.8, k)
    return found | {"arm": f"{selector}-{k}-{presentation}", "presentation": presentation, "visual_tokens": tokens}


def with_training(deltas: dict[tuple[str, str, str], tuple[float, float]] | None = None) -> dict[str, Any]:
    """A benchmark with trained arms. deltas: (family, arm, against) → (difference, corrected p); else +10, 0.001."""
    figures = benchmark()
    stages = ("rich:untrained", "rich:select", "rich:joint", "rich")
    for selector in ("ntlbg", "uniform"):
        figures["arms"] += [trained(selector, name, 0.5 + 0.1 * i) for i, name in enumerate(stages)]
        figures["arms"].append(trained(selector, "hybrid", 0.72, k=28))
    pairs = [("selectors", "ntlbg-48-rich", "uniform-48-rich")]
    pairs += [("stages", f"ntlbg-48-{b}", f"ntlbg-48-{a}") for a, b in pairwise(stages)]
    pairs += [("gains", "ntlbg-48-rich", "blind"), ("gains", "ntlbg-48-rich", "ntlbg-48-rich:untrained")]
    pairs += [("tokens", "ntlbg-48-rich", "ntlbg-8"), ("tokens", "ntlbg-28-hybrid", "ntlbg-8")]
    for pair in pairs:
        delta, p = (deltas or {}).get(pair, (0.1, 0.001))
        for metric in ("accuracy", "evidence_recall"):
            for kind in ("all", "one_moment"):
                figures["paired"].append({**entry(pair[1], pair[2], kind, metric, delta, p), "family": pair[0]})
    return figures


def comparison(**benchmarks: dict[str, Any]) -> dict[str, Any]:
    """A comparison of these benchmarks."""
    return {"schema": "ntlbg-comparison-1", "tier": "smoke", "seed": 7, "benchmarks": benchmarks}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two benchmarks of three videos; one video is broken."""
    return make_world(
        tmp_path / "world", benchmarks=("mlvu", "videomme"), videos=3, questions=6, broken=("videomme_1",)
    )


@pytest.fixture
def evaluations(world: World, store: Store, monkeypatch: pytest.MonkeyPatch) -> dict[str, pd.DataFrame]:
    """The rows of both benchmarks."""
    monkeypatch.setattr("ntlbg.modeling.answerer.Answerer.load", lambda *a, **k: Reader())
    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", lambda *a, **k: TextOnly())
    answerer = world.root / "answerer"
    answerer.mkdir()
    (answerer / "config.json").write_text("{}")
    (answerer / "model.safetensors").write_bytes(b"weights")
    return {
        name: evaluate(
            name,
            **world.paths,
            answerer=answerer,
            selection=SelectionParams(k=[4], selectors=SELECTORS),
            params=EvaluationParams(size=(32, 48)),
            seed=7,
            store=store,
        )
        for name in ("mlvu", "videomme")
    }
