"""The choice of the smoke tier's settings."""

from __future__ import annotations

import numpy as np

from benchmarks.smoke_settings import chosen


def test_the_best_mean_is_taken() -> None:
    """Wherever it stands; the earlier of two alike."""
    low, high = np.array([0.1, 0.3]), np.array([0.4, 0.6])
    assert chosen([low, high, high], mildest=False) == 1


def test_the_mildest_is_the_first_within_a_standard_error() -> None:
    """Of the paired difference: a steady small loss is a loss, a small one that comes and goes is none."""
    best = np.array([0.5, 0.7, 0.6, 0.8])
    steady = best - 0.02
    wavering = best - np.array([0.2, -0.15, 0.1, -0.1])
    assert chosen([steady, best], mildest=True) == 1
    assert chosen([steady, wavering, best], mildest=True) == 1
