"""One benchmark in figures: its arms, and the paired differences that are asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ntlbg.evaluation.accuracy import arm_names, arm_summaries, chance
from ntlbg.evaluation.arms import REFERENCES
from ntlbg.evaluation.significance import compare_arms, family

if TYPE_CHECKING:
    import pandas as pd

    from ntlbg.evaluation.params import EvaluationParams

BASELINE = "uniform"
OURS = "ntlbg"


def summarise(
    rows: pd.DataFrame, options: Mapping[str, int], *, resamples: int, permutations: int, seed: int
) -> dict[str, Any]:
    """Everything of one benchmark in `comparison.json` but the relevance AUC.

    options: question_id → number of options. paired: at each k, a family of all selectors against uniform, and a
    family of ntlbg against every other selector.
    """
    settings: dict[str, Any] = {"resamples": resamples, "permutations": permutations, "seed": seed}
    paired = []
    for pairs in families(rows):
        paired += family(rows, pairs, **settings)
    return {
        "questions": int(rows["question_id"].nunique()),
        "videos": int(rows["video_id"].nunique()),
        "chance": chance(rows, options),
        "arms": arm_summaries(rows, resamples=resamples, seed=seed),
        "paired": paired,
    }


def families(rows: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """Families of (arm, against) pairs, each corrected on its own: equal k and presentation within a pair."""
    arms = rows[["arm", "selector", "k", "presentation"]].drop_duplicates("arm")
    arms = arms[~arms["selector"].isin(REFERENCES)]
    found = []
    for _, group in arms.groupby(["k", "presentation"], sort=True):
        names = dict(zip(group["selector"], group["arm"], strict=True))
        if BASELINE in names:
            found.append([(arm, names[BASELINE]) for name, arm in names.items() if name != BASELINE])
        if OURS in names:
            rivals = [(names[OURS], arm) for name, arm in names.items() if name not in (OURS, BASELINE)]
            found.append(rivals)
    return [pairs for pairs in found if pairs]


def metrics(rows: pd.DataFrame, params: EvaluationParams, seed: int) -> dict[str, Any]:
    """The flat figures of `reports/evaluation/<benchmark>.json`."""
    arms = arm_summaries(rows, resamples=params.bootstrap, seed=seed)
    selector_of = dict(zip(rows["arm"], rows["selector"], strict=True))
    against = {pair[0]: pair for pairs in families(rows) for pair in pairs if selector_of[pair[1]] == BASELINE}
    tests = {
        name: compare_arms(rows, *pair, resamples=params.bootstrap, permutations=params.permutations, seed=seed)
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
    }


__all__ = ["BASELINE", "OURS", "arm_names", "families", "metrics", "summarise"]
