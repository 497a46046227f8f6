"""Accuracy and evidence recall per arm, over all questions and by kind.

Accuracy = right answers / rows whose answer could be known; an error row counts as wrong. The oracle is judged on the
questions that it was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.evaluation.bootstrap import interval
from ntlbg.records.question import Kind
from ntlbg.store import key

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
KINDS = tuple(str(kind) for kind in Kind)
METRICS = {"accuracy": "correct", "evidence_recall": "evidence_recall"}


def seed_of(seed: int, **what: Any) -> int:
    """A seed of its own for each figure, so that one more arm changes no other arm's interval."""
    return int(key(seed=seed, **what)[:15], 16)


def values(rows: pd.DataFrame, metric: str) -> tuple[Any, Any]:
    """The metric's values where they are known [n] float64, and their videos [n]."""
    known = rows[rows[METRICS[metric]].notna()]
    return known[METRICS[metric]].astype("float64").to_numpy(), known["video_id"].to_numpy()


def of_kind(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of a kind; all of them, the unknown included, for `all`."""
    return rows if kind == ALL else rows[rows["kind"] == kind]


def arm_names(rows: pd.DataFrame) -> list[str]:
    """Names of the arms in the order of the rows."""
    return [str(name) for name in dict.fromkeys(rows["arm"])]


def arm_summary(rows: pd.DataFrame, *, resamples: int, seed: int) -> dict[str, Any]:
    """Figures of one arm's rows, in the words of `comparison.json`. A figure that nothing supports is None."""
    first = rows.iloc[0]
    arm = str(first["arm"])
    errors = int((rows["error"] != "").sum())
    by_kind = {}
    for kind in KINDS:
        part = of_kind(rows, kind)
        if len(part):
            by_kind[kind] = {"n": len(part), **_figures(part, arm, kind, resamples, seed)}
    return {
        "arm": arm,
        "selector": str(first["selector"]),
        "k": int(first["k"]),
        "presentation": str(first["presentation"]),
        "answered": len(rows) - errors,
        "errors": errors,
        **_figures(rows, arm, ALL, resamples, seed),
        "by_kind": by_kind,
    }


def _figures(rows: pd.DataFrame, arm: str, kind: str, resamples: int, seed: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for metric in METRICS:
        found, videos = values(rows, metric)
        figures[metric] = float(np.mean(found)) if len(found) else None
        figures[f"{metric}_ci"] = interval(
            found, videos, resamples=resamples, seed=seed_of(seed, arm=arm, kind=kind, metric=metric)
        )
    return figures


def arm_summaries(rows: pd.DataFrame, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """One summary per arm, in the order of the rows."""
    columns = ["arm", "selector", "k", "presentation", "kind", "video_id", "error", *METRICS.values()]
    rows = rows[columns]  # the lists of a row are heavy to copy
    return [arm_summary(rows[rows["arm"] == name], resamples=resamples, seed=seed) for name in arm_names(rows)]


def chance(rows: pd.DataFrame, options: Mapping[str, int]) -> float | None:
    """Expected accuracy of a blind guess: the mean of 1 / number of options over the questions asked."""
    asked = [options[q] for q in dict.fromkeys(rows["question_id"]) if options.get(q, 0) > 0]
    return float(np.mean([1 / n for n in asked])) if asked else None
