"""Paired differences between arms, and how likely chance alone makes them.

Primary: a sign-flip permutation test over *videos*. Under the null the two arms are exchangeable within a video, so
the sign of a video's summed difference is a coin; questions of one video stay together. Beside it: exact McNemar over
questions (right/wrong only), a bootstrap interval over videos, and Holm's correction over the arms of a family.
An error row is wrong, and misses the evidence. Source: docs of `scipy.stats.permutation_test`; Holm (1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.evaluation.accuracy import ALL, KINDS, METRICS, seed_of
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


@dataclass(frozen=True, eq=False)
class Wide:
    """One metric, question by question. values: arm → [n], NaN where unknown. videos, kinds: [n] of the questions."""

    metric: str
    values: dict[str, Array]
    videos: Array
    kinds: Array

    @classmethod
    def of(cls, rows: pd.DataFrame, metric: str) -> Wide:
        first = rows.drop_duplicates("question_id")
        place = {question: i for i, question in enumerate(first["question_id"])}
        column = rows[METRICS[metric]].astype("float64").to_numpy()
        values: dict[str, Array] = {}
        for arm, question, value in zip(rows["arm"], rows["question_id"], column, strict=True):
            values.setdefault(str(arm), np.full(len(place), np.nan))[place[question]] = value
        return cls(metric, values, first["video_id"].to_numpy(str), first["kind"].to_numpy(str))

    def pair(self, arm: str, against: str, kind: str) -> tuple[Array, Array]:
        """Differences [n] on the questions of a kind where both arms are known, and those questions' videos [n].

        Raises InputError naming an arm that is not there.
        """
        for name in (arm, against):
            if name not in self.values:
                raise InputError(f"no arm `{name}` among the rows")
        difference = self.values[arm] - self.values[against]
        kept = np.isfinite(difference)
        if kind != ALL:
            kept &= self.kinds == kind
        return difference[kept], self.videos[kept]


def widened(rows: pd.DataFrame) -> dict[str, Wide]:
    """Every metric of the rows by its name."""
    return {metric: Wide.of(rows, metric) for metric in METRICS}


def compare_arms(
    rows: pd.DataFrame | Wide,
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
    wide = rows if isinstance(rows, Wide) else Wide.of(rows, metric)
    difference, videos = wide.pair(arm, against, kind)
    if len(difference) == 0:
        return None
    wins, losses = int(np.sum(difference > 1e-12)), int(np.sum(difference < -1e-12))
    own = seed_of(seed, arm=arm, against=against, kind=kind, metric=wide.metric)
    return {
        "arm": arm,
        "against": against,
        "kind": kind,
        "n": len(difference),
        "delta": float(np.mean(difference)),
        "ci": interval(difference, videos, resamples=resamples, seed=own),
        "wins": wins,
        "losses": losses,
        "p_permutation": sign_flip(difference, videos, permutations=permutations, seed=own + 1),
        "p_holm": None,
        "p_mcnemar": mcnemar(wins, losses) if wide.metric == "accuracy" else None,
        "metric": wide.metric,
    }


def family(
    rows: pd.DataFrame | Mapping[str, Wide],
    pairs: Sequence[tuple[str, str]],
    *,
    resamples: int,
    permutations: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Paired entries for every pair, metric and kind; Holm corrects over the pairs, within a metric and kind.

    rows: or what `widened` makes of them, where several families are asked of the same.
    """
    of = rows if isinstance(rows, Mapping) else widened(rows)
    present = [ALL, *(kind for kind in KINDS if any((wide.kinds == kind).any() for wide in of.values()))]
    settings: dict[str, Any] = {"resamples": resamples, "permutations": permutations, "seed": seed}
    entries: list[dict[str, Any]] = []
    for wide in of.values():
        for kind in present:
            part = [compare_arms(wide, arm, against, kind=kind, **settings) for arm, against in pairs]
            found = [entry for entry in part if entry is not None]
            for entry, p in zip(found, holm([entry["p_permutation"] for entry in found]), strict=True):
                entry["p_holm"] = p
            entries += found
    return entries
