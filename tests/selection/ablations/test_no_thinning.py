"""NTLBG without thinning."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.selection.registry import make


@pytest.mark.parametrize("k", [1, 5, 16, 60, 150])
def test_there_are_as_many_cells_as_frames_to_choose(made_up, k):
    """k representative points, and from each cell the frame of best relevance against distance."""
    video, query = made_up(150)
    rule = make("ntlbg_no_thinning")
    law = rule.law(video, query)
    cells = rule.represent(law, k)
    assert len(cells.masses) == k
    expected = []
    for cell in range(k):
        members = np.flatnonzero(cells.cells == cell)
        mean2 = cells.distance2[members].mean()
        far = cells.distance2[members] / mean2 if mean2 > 0 else np.zeros(len(members))
        expected.append(int(members[np.argmax(3.0 * law.z[members] - far)]))
    assert rule.select(video, query, k).indices.tolist() == sorted(expected)


def test_it_explains_more_than_ntlbg_where_budgets_are_small(made_up):
    """Points of least squared error are what the thinning gives up: on the mean over videos they explain more."""
    shares = {
        name: np.mean([make(name).select(*made_up(300, seed=seed), 4).explained for seed in range(6)])
        for name in ("ntlbg", "ntlbg_no_thinning")
    }
    assert shares["ntlbg_no_thinning"] > shares["ntlbg"]
