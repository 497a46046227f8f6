"""Paired differences between arms, and how likely chance alone makes them.

Primary: a sign-flip permutation test over *videos*. Under the null the two arms are exchangeable within a video, so
the sign of a video's summed difference is a coin; questions of one video stay together. Beside it: exact McNemar over
questions (right/wrong only), a bootstrap interval over videos, and Holm's correction over the arms of a family.
An error row is wrong, and misses the evidence. Source: docs of `scipy.stats.permutation_test`; Holm (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.evaluation.accuracy import ALL, KINDS, METRICS, of_kind, seed_of
from ntlbg.evaluation.bootstrap import by_cluster, interval
from ntlbg.records.arrays import Array

if TYPE_CHECKING:
    import pandas as pd


def sign_flip(differences: Array, clusters: Array, *, permutations: int, seed: int) -> float:
    """Two-sided p of the mean of `differences` [n] when the signs of whole `clusters` [n] are coins.

    Exact (all 2^V sign patterns of the V clusters that differ) when there are at most `permutations` of them; else
    Monte Carlo, (b + 1) / (m + 1), which never gives 0.
    """
    sums, _ = by_cluster(differences, clusters)
    sums = np.abs(sums[sums != 0])
    V = sums.size
    if V == 0:
        return 1.0
    observed = abs(float(np.sum(by_cluster(differences, clusters)[0])))
    bar = observed - 1e-9 * max(1.0, float(sums.sum()))  # sums that are equal but for rounding count as reached
    if V < 63 and permutations >= 2**V:
        patterns = np.arange(2**V, dtype=np.int64)[:, None] >> np.arange(V) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ sums) >= bar))
    rng = np.random.default_rng(seed)
    reached = 0
    step = max(1, 4_000_000 // V)
    for start in range(0, permutations, step):
        m = min(step, permutations - start)
        signs = 2.0 * rng.integers(0, 2, size=(m, V), dtype=np.int8) - 1.0
        reached += int(np.sum(np.abs(signs @ sums) >= bar))
    return (reached + 1) / (permutations + 1)


def mcnemar(wins: int, losses: int) -> float:
    """Exact two-sided p of McNemar's test: wins out of wins + losses against a fair coin. 1 without a difference."""
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses, 0.5).pvalue) if wins + losses else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction of a family of p values, in the order given."""
    m = len(p_values)
    corrected, highest = [0.0] * m, 0.0
    for rank, place in enumerate(sorted(range(m), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (m - rank) * p_values[place]))
        corrected[place] = highest
    return corrected


def paired_values(rows: pd.DataFrame, arm: str, against: str, metric: str) -> tuple[Array, Array, Array]:
    """values [n] of two arms on the questions where both are known, and those questions' videos [n]."""
    column = METRICS[metric]
    left, right = (rows[rows["arm"] == name].set_index("question_id")[["video_id", column]] for name in (arm, against))
    for name, side in ((arm, left), (against, right)):
        if side.empty:
            raise InputError(f"no arm `{name}` among the rows")
    both = left.join(right[[column]], rsuffix="_against", how="inner").dropna(subset=[column, f"{column}_against"])
    return (
        both[column].astype("float64").to_numpy(),
        both[f"{column}_against"].astype("float64").to_numpy(),
        both["video_id"].to_numpy(),
    )


def compare_arms(
    rows: pd.DataFrame,
    arm: str,
    against: str,
    *,
    kind: str = ALL,
    metric: str = "accuracy",
    resamples: int,
    permutations: int,
    seed: int,
) -> dict[str, Any] | None:
    """One entry of `paired`, without `p_holm`; None when no question has both values.

    delta: mean of arm − against over questions. wins, losses: questions where arm is better, worse.
    p_mcnemar: None for evidence recall, which is a share and no right or wrong.
    """
    a, b, videos = paired_values(of_kind(rows, kind), arm, against, metric)
    if len(a) == 0:
        return None
    difference = a - b
    wins, losses = int(np.sum(difference > 1e-12)), int(np.sum(difference < -1e-12))
    own = seed_of(seed, arm=arm, against=against, kind=kind, metric=metric)
    return {
        "arm": arm,
        "against": against,
        "kind": kind,
        "n": len(a),
        "delta": float(np.mean(difference)),
        "ci": interval(difference, videos, resamples=resamples, seed=own),
        "wins": wins,
        "losses": losses,
        "p_permutation": sign_flip(difference, videos, permutations=permutations, seed=own + 1),
        "p_holm": None,
        "p_mcnemar": mcnemar(wins, losses) if metric == "accuracy" else None,
        "metric": metric,
    }


def family(
    rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], *, resamples: int, permutations: int, seed: int
) -> list[dict[str, Any]]:
    """Paired entries for every pair, metric and kind; Holm corrects over the pairs, within a metric and kind."""
    present = [ALL, *(kind for kind in KINDS if (rows["kind"] == kind).any())]
    entries: list[dict[str, Any]] = []
    for metric in METRICS:
        for kind in present:
            part = [
                compare_arms(
                    rows,
                    arm,
                    against,
                    kind=kind,
                    metric=metric,
                    resamples=resamples,
                    permutations=permutations,
                    seed=seed,
                )
                for arm, against in pairs
            ]
            found = [entry for entry in part if entry is not None]
            for entry, p in zip(found, holm([entry["p_permutation"] for entry in found]), strict=True):
                entry["p_holm"] = p
            entries += found
    return entries
