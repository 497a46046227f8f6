"""The candidates of rules with a cap."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.selection.rivals.pool import pool_frames

TIMES = np.arange(300) / 2


@pytest.mark.parametrize("pool", [0, 300, 4000])
def test_no_cap_or_a_wide_one_leaves_every_frame(pool):
    """0 means no cap."""
    assert pool_frames(TIMES, pool, 8).tolist() == list(range(300))


def test_a_cap_is_the_uniform_grid():
    """128 of 300 frames are the 128 frames that uniform would choose."""
    assert pool_frames(TIMES, 128, 8).tolist() == bin_centres(TIMES, 128).tolist()


def test_a_budget_above_the_cap_is_still_filled():
    """There are never fewer candidates than frames to choose."""
    assert len(pool_frames(TIMES, 20, 50)) == 50
    assert len(pool_frames(TIMES, 20, 300)) == 300
