"""NTLBG that nothing tilts towards the question."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.selection.registry import make


def test_it_is_ntlbg_of_a_question_that_says_nothing(made_up):
    """The choice for any question is what `ntlbg` chooses where relevance is constant."""
    rule = make("ntlbg_no_tilt")
    for seed in range(3):
        video, query = made_up(200, seed=seed)
        flat = Query("q", np.zeros(200))
        for k in (1, 8, 40):
            chosen = rule.select(video, query, k)
            assert chosen.sha256 == make("ntlbg", betas=[0.0]).select(video, flat, k).sha256
            assert chosen.trust is None
