"""One benchmark in figures, or several pooled: the arms, and the paired differences that are asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ntlbg.evaluation.accuracy import arm_summaries, chance
from ntlbg.evaluation.families import BASELINE, SELECTORS, families
from ntlbg.evaluation.significance import Wide, compare_arms, family, widened

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.evaluation.params import EvaluationParams


def summarise(
    rows: pd.DataFrame,
    options: Mapping[str, int],
    *,
    resamples: int,
    permutations: int,
    seed: int,
    tokens: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Everything of one benchmark in `comparison.json` but the relevance AUC. Rows of several benchmarks are pooled.

    options: question_id → number of options. tokens: arm → visual tokens that it reads, where that is known.
    paired: the pairs of every family (`ntlbg.evaluation.families`), which each entry names.
    """
    settings: dict[str, Any] = {"resamples": resamples, "permutations": permutations, "seed": seed}
    paired, of = [], widened(rows)
    for asked in families(rows, tokens):
        paired += [{**entry, "family": asked.name} for entry in family(of, asked.pairs, **settings)]
    arms = arm_summaries(rows, resamples=resamples, seed=seed)
    return {
        "questions": int(rows["question_id"].nunique()),
        "videos": int(rows["video_id"].nunique()),
        "chance": chance(rows, options),
        "arms": [{**arm, "visual_tokens": (tokens or {}).get(arm["arm"])} for arm in arms],
        "paired": paired,
    }


def metrics(
    rows: pd.DataFrame, params: EvaluationParams, seed: int, tokens: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The flat figures of `reports/evaluation/<benchmark>.json`; with `tokens`, what each arm costs as well."""
    arms = arm_summaries(rows, resamples=params.bootstrap, seed=seed)
    selector_of = dict(zip(rows["arm"], rows["selector"], strict=True))
    against = {
        pair[0]: pair
        for asked in families(rows)
        if asked.name == SELECTORS
        for pair in asked.pairs
        if selector_of[pair[1]] == BASELINE
    }
    wide = Wide.of(rows, "accuracy")
    tests = {
        name: compare_arms(wide, *pair, resamples=params.bootstrap, permutations=params.permutations, seed=seed)
        for name, pair in against.items()
    }
    return {
        "questions": int(rows["question_id"].nunique()),
        "videos": int(rows["video_id"].nunique()),
        "answered": {arm["arm"]: arm["answered"] for arm in arms},
        "errors": {arm["arm"]: arm["errors"] for arm in arms},
        "accuracy": {arm["arm"]: arm["accuracy"] for arm in arms},
        "evidence_recall": {arm["arm"]: arm["evidence_recall"] for arm in arms},
        "accuracy_over_uniform": {name: test["delta"] for name, test in tests.items() if test},
        "p_permutation": {name: test["p_permutation"] for name, test in tests.items() if test},
        **({"visual_tokens": dict(tokens)} if tokens else {}),
    }
