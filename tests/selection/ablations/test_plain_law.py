"""NTLBG on the plain law."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.selection.registry import make


def test_representatives_are_those_of_no_question(made_up):
    """Every frame weighs 1/T, whatever is asked; the cells do not move with the question."""
    video, query = made_up(150)
    rule = make("ntlbg_plain_law")
    one, other = rule.law(video, query), rule.law(video, Query("q", -query.relevance))
    np.testing.assert_allclose(one.weights, 1 / 150)
    assert np.array_equal(rule.represent(one, 8).cells, rule.represent(other, 8).cells)


def test_relevance_still_chooses(made_up):
    """The moment is found, by snap and thinning."""
    video, query = made_up(300, moment=100)
    chosen = make("ntlbg_plain_law").select(video, query, 8)
    assert np.any((chosen.indices >= 99) & (chosen.indices < 106))
    assert chosen.trust is None
    assert chosen.explained is not None
