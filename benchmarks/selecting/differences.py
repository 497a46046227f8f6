"""`ntlbg` minus another arm on the same videos or questions, with intervals and Holm's correction over the arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ntlbg.evaluation.bootstrap import interval
from ntlbg.evaluation.significance import holm, sign_flip
from ntlbg.records.arrays import Array

SEED, RESAMPLES, PERMUTATIONS = 2026, 4000, 4000


@dataclass(frozen=True)
class Difference:
    """delta: mean of ours - theirs. low, high: 95 % paired bootstrap interval. p: sign flips; holm: over the arms."""

    against: str
    delta: float
    low: float
    high: float
    p: float
    holm: float

    @property
    def is_above(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


def differences(ours: Array, others: Mapping[str, Array]) -> list[Difference]:
    """One for every other arm; ours and each of others: [n], on the same n videos or questions.

    The draws of the bootstrap are the same for every arm. Videos and questions are taken as independent: a planted
    video has one question, and of the film there is only one.
    """
    places = np.array([f"{i:06d}" for i in range(len(ours))])
    gaps = {name: np.asarray(ours) - np.asarray(theirs) for name, theirs in others.items()}
    p = [sign_flip(gap, places, permutations=PERMUTATIONS, seed=SEED) for gap in gaps.values()]
    found = []
    for (name, gap), p_one, p_all in zip(gaps.items(), p, holm(p), strict=True):
        low, high = interval(gap, places, resamples=RESAMPLES, seed=SEED) or (np.nan, np.nan)
        found.append(Difference(name, float(np.mean(gap)), low, high, p_one, p_all))
    return found
