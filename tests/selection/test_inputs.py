"""Features and scores as they are, or denoised."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.rivals.inputs import in_scale_of, inputs, unit_rows
from ntlbg.statistics.robust import robust_z


def test_as_they_are(made_up):
    """Rows of norm 1 and the encoder's own scores, for the pool alone or for all."""
    video, query = made_up(frames=50)
    for frames in (np.arange(50), np.arange(0, 50, 7)):
        looks, relevance = inputs(video, query, frames, denoised=False)
        assert np.allclose(looks, unit_rows(video)[frames], atol=1e-15)
        assert np.allclose(np.linalg.norm(looks, axis=1), 1.0)
        assert np.array_equal(relevance, query.relevance[frames])


def test_denoised(made_up):
    """The features of ntlbg's space and its relevance, up to level and scale."""
    video, query = made_up(frames=50)
    law = NTLBG().law(video, query)
    looks, relevance = inputs(video, query, np.arange(0, 50, 7), denoised=True)
    assert np.array_equal(looks, law.space.features[::7])
    assert np.corrcoef(relevance, law.z[::7])[0, 1] == pytest.approx(1.0)


def test_scores_come_back_to_the_scale_of_the_encoder():
    """Standardising and coming back changes nothing; a constant curve stays at its level."""
    curve = 0.25 + 0.03 * np.random.default_rng(0).normal(size=99)
    assert np.allclose(in_scale_of(curve, robust_z(curve)), curve, atol=1e-12)
    level = np.full(9, 0.3)
    assert np.array_equal(in_scale_of(level, robust_z(level)), level)


def test_a_constant_curve_stays_constant_denoised(made_up):
    """Nothing is made out of no contrast."""
    video, query = made_up(frames=50, flat=True)
    relevance = inputs(video, Query("q", query.relevance), np.arange(50), denoised=True)[1]
    assert np.ptp(relevance) == 0
