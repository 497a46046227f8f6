"""One benchmark in figures."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.summary import families, metrics, summarise
from ntlbg.selection.params import SelectionParams
from ntlbg.store import canonical

ARM = {
    *("arm", "selector", "k", "presentation", "answered", "errors", "accuracy", "accuracy_ci"),
    *("evidence_recall", "evidence_recall_ci", "by_kind"),
}


def test_pairs_share_budget_and_leave_out_blind_and_oracle(run: Callable[..., pd.DataFrame]) -> None:
    """Everybody meets uniform at the same k; ntlbg meets every other selector."""
    rows = run(selection=SelectionParams(k=[2, 4], selectors=["uniform", "topk_nms", "ntlbg"]))
    assert families(rows) == [
        [("topk_nms-2", "uniform-2"), ("ntlbg-2", "uniform-2")],
        [("ntlbg-2", "topk_nms-2")],
        [("topk_nms-4", "uniform-4"), ("ntlbg-4", "uniform-4")],
        [("ntlbg-4", "topk_nms-4")],
    ]


def test_the_summary_is_the_contracts(run: Callable[..., pd.DataFrame]) -> None:
    """Keys of a benchmark in comparison.json; plain JSON; the same twice."""
    rows = run()
    options = dict.fromkeys(rows["question_id"], 4)
    made = summarise(rows, options, resamples=100, permutations=500, seed=3)
    assert set(made) == {"questions", "videos", "chance", "arms", "paired"}
    assert set(made["arms"][0]) == ARM
    assert all(arm["answered"] + arm["errors"] == made["questions"] == 24 for arm in made["arms"])
    assert canonical(made) == canonical(summarise(rows, options, resamples=100, permutations=500, seed=3))


def test_metrics_are_flat_numbers(run: Callable[..., pd.DataFrame]) -> None:
    """What DVC and MLflow track: numbers by arm."""
    made = metrics(run(), EvaluationParams(bootstrap=50, permutations=200), seed=3)
    canonical(made)
    assert made["questions"] == 24
    assert set(made["accuracy_over_uniform"]) == {"random-4", "topk_nms-4", "kmedoids-4", "ntlbg-4"}
