"""What hits are worth: the chance that a selector which knows nothing of the question has of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def of_uniform(shown: int, candidates: int, k: int) -> float:
    """Of k evenly spaced picks, over all places that the evidence can have.

    shown: how many successive candidates show the evidence. Exact while they are fewer than lie before the first pick.
    """
    return min(1.0, shown * k / (candidates - shown + 1))


def of_random(shown: int, candidates: int, k: int) -> float:
    """Of k different candidates drawn at random: one of the `shown` that show the evidence is among them."""
    return 1 - math.comb(candidates - shown, k) / math.comb(candidates, k)


def at_least(hits: int, chances: Sequence[float]) -> float:
    """Probability of that many hits or more, of independent questions with these chances."""
    law = np.ones(1)
    for chance in chances:
        law = np.convolve(law, [1 - chance, chance])
    return float(law[hits:].sum())


def interval(hits: int, n: int) -> tuple[float, float]:
    """95 % Clopper-Pearson interval of a share."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(hits, n, method="beta")
    return float(low), float(high)
