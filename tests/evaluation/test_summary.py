"""One benchmark in figures."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.summary import metrics, summarise
from ntlbg.store import canonical

ARM = {
    *("arm", "selector", "k", "presentation", "answered", "errors", "accuracy", "accuracy_ci"),
    *("evidence_recall", "evidence_recall_ci", "by_kind", "visual_tokens"),
}


def test_the_summary_is_the_contracts(run: Callable[..., pd.DataFrame]) -> None:
    """Keys of a benchmark in comparison.json; plain JSON; the same twice."""
    rows = run()
    options = dict.fromkeys(rows["question_id"], 4)
    made = summarise(rows, options, resamples=100, permutations=500, seed=3)
    assert set(made) == {"questions", "videos", "chance", "arms", "paired"}
    assert set(made["arms"][0]) == ARM
    assert {entry["family"] for entry in made["paired"]} == {"selectors", "rivals"}
    assert all(arm["answered"] + arm["errors"] == made["questions"] == 24 for arm in made["arms"])
    assert canonical(made) == canonical(summarise(rows, options, resamples=100, permutations=500, seed=3))


def test_metrics_are_flat_numbers(run: Callable[..., pd.DataFrame]) -> None:
    """What DVC and MLflow track: numbers by arm."""
    made = metrics(run(), EvaluationParams(bootstrap=50, permutations=200), seed=3)
    canonical(made)
    assert made["questions"] == 24
    assert set(made["accuracy_over_uniform"]) == {"random-4", "topk_nms-4", "kmedoids-4", "ntlbg-4"}
    assert "visual_tokens" not in made


def test_costs_are_told_where_they_are_known(run: Callable[..., pd.DataFrame]) -> None:
    """By arm, in the metrics and in the summary; an arm whose cost is not known has none."""
    rows, tokens = run(), {"ntlbg-4": 24}
    assert metrics(rows, EvaluationParams(bootstrap=50, permutations=200), 3, tokens)["visual_tokens"] == tokens
    made = summarise(rows, dict.fromkeys(rows["question_id"], 4), resamples=50, permutations=200, seed=3, tokens=tokens)
    assert {a["arm"]: a["visual_tokens"] for a in made["arms"] if a["visual_tokens"]} == tokens


def test_benchmarks_are_pooled_by_their_videos(run: Callable[..., pd.DataFrame]) -> None:
    """Rows of two benchmarks make one table: all questions, all videos as units, deltas weighted by questions."""
    one = run()
    other = one.assign(question_id="b-" + one["question_id"], video_id="b-" + one["video_id"])
    options = dict.fromkeys([*one["question_id"], *other["question_id"]], 4)
    settings = {"resamples": 200, "permutations": 100_000, "seed": 3}
    single = summarise(one, options, **settings)
    pooled = summarise(pd.concat([one, other], ignore_index=True), options, **settings)
    assert (pooled["questions"], pooled["videos"]) == (2 * single["questions"], 2 * single["videos"])
    for alone, both in zip(single["paired"], pooled["paired"], strict=True):
        assert (both["arm"], both["against"], both["n"]) == (alone["arm"], alone["against"], 2 * alone["n"])
        assert abs(both["delta"] - alone["delta"]) < 1e-12
    ours = [e for e in pooled["paired"] if (e["arm"], e["metric"], e["kind"]) == ("ntlbg-4", "evidence_recall", "all")]
    few = [e for e in single["paired"] if (e["arm"], e["metric"], e["kind"]) == ("ntlbg-4", "evidence_recall", "all")]
    assert ours[0]["p_permutation"] < few[0]["p_permutation"]
