"""NTLBG's thinning over weighted k-medoids."""

from __future__ import annotations

import numpy as np

from ntlbg.selection.registry import make


def test_the_pool_is_what_the_baseline_chooses_at_that_budget(made_up):
    """The medoids of M frames are those that `kmedoids` gives for k = M; every choice lies among them."""
    video, query = made_up(200)
    rule = make("ntlbg_kmedoids_pool", representatives=60, representatives_per_pick=2)
    pool = rule.pool(video, rule.law(video, query), 8)
    assert np.array_equal(pool, make("kmedoids").select(video, query, 60).indices)
    assert set(rule.select(video, query, 8).indices) <= set(pool)
