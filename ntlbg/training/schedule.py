"""Weights of the loss terms and the learning rate, as functions of the step alone: a resumed run needs no memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

FLOOR = 0.05  # of the peak, where the cosine ends


@dataclass(frozen=True)
class Weights:
    """What each term counts in the sum."""

    task: float
    constraint: float
    alignment: float
    context: float


def progress(step: int, total: int) -> float:
    """Progress 0 … 1 of update `step` (from 0) of `total` over all stages: the last update is at exactly 1."""
    return min(max(step, 0) / (total - 1), 1.0) if total > 1 else 0.0


def weights(p: float) -> Weights:
    """(1, 2(1 - p), p, 0.5): statistics early, the language model's expectations late.

    p: progress over all three stages together.
    """
    return Weights(task=1.0, constraint=2.0 * (1.0 - p), alignment=p, context=0.5)


def rate(step: int, steps: int, peak: float, warmup: float = 0.05) -> float:
    """Learning rate of update `step` (from 0) of a stage: linear warm-up, then a cosine to a twentieth of the peak."""
    warm = max(1, round(warmup * steps))
    if step < warm:
        return peak * (step + 1) / warm
    share = min((step - warm) / max(1, steps - 1 - warm), 1.0)
    return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * share)))
