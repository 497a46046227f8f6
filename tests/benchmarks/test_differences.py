"""Paired differences between arms."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.selecting.differences import differences


def test_differences_are_paired():
    """What both arms share cancels: a steady gain is clear, a gain within the noise is not, equals are equal."""
    rng = np.random.default_rng(0)
    theirs = rng.normal(50, 30, size=60)
    ours = theirs + rng.normal(2, 1, size=60)
    steady, noisy, equal = differences(ours, {"a": theirs, "b": ours + rng.normal(0, 1, size=60), "c": ours})
    assert steady.delta == pytest.approx(np.mean(ours - theirs))
    assert steady.is_above
    assert steady.low < steady.delta < steady.high
    assert not noisy.is_above
    assert (equal.delta, equal.low, equal.high, equal.p) == (0, 0, 0, 1)
    assert all(d.holm >= d.p for d in (steady, noisy, equal))
    assert steady.holm == pytest.approx(3 * steady.p)
