"""Nets and their images under a law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.statistics.nets import net_1d, quantile_frames


@pytest.mark.parametrize("n", [1, 2, 7, 512])
def test_the_net_has_the_least_discrepancy(n):
    """The largest gap between the net's and the uniform distribution function is 1 / 2n, and no net has less."""
    net = net_1d(n)
    steps = np.arange(n + 1) / n
    assert max(np.abs(net - steps[:-1]).max(), np.abs(net - steps[1:]).max()) == pytest.approx(1 / (2 * n))


@given(
    weights=st.lists(st.floats(1e-6, 1), min_size=1, max_size=80),
    n=st.integers(1, 60),
)
@settings(deadline=None)
def test_each_frame_is_met_in_proportion_to_its_weight(weights, n):
    """A frame of weight w is met by n w points of the net, less or more than one."""
    law = np.array(weights) / np.sum(weights)
    met = np.bincount(quantile_frames(law, n), minlength=len(law))
    assert met.sum() == n
    assert np.all(np.abs(met - n * law) <= 1 + 1e-9)


def test_frames_without_weight_are_not_met():
    """All weight on one frame: all points on it."""
    assert quantile_frames(np.array([0.0, 0.0, 1.0, 0.0]), 5).tolist() == [2] * 5
