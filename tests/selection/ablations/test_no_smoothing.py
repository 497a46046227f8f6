"""NTLBG on raw inputs."""

from __future__ import annotations

import numpy as np

from ntlbg.records.query import Query
from ntlbg.selection.registry import make
from ntlbg.statistics.robust import robust_z


def test_every_frame_stands_for_itself(made_up):
    """Features are the encoder's own, to unit norm, and relevance is clipped and standardised, nothing more."""
    video, query = made_up(80, width=16)
    law = make("ntlbg_no_smoothing", contrast=0.0).law(video, query)
    raw = video.features.astype(np.float64)
    np.testing.assert_allclose(law.space.features, raw / np.linalg.norm(raw, axis=1, keepdims=True))
    np.testing.assert_allclose(law.z, robust_z(np.clip(robust_z(query.relevance), -6, 6)))


def test_a_freak_frame_is_no_longer_smoothed_away(made_up):
    """One frame that scores high by accident weighs more than with smoothing."""
    video, query = made_up(200)
    curve = np.sin(np.arange(200.0))
    curve[120] = 4.0
    weights = [make(name).law(video, Query(query.text, curve)).weights[120] for name in ("ntlbg", "ntlbg_no_smoothing")]
    assert weights[1] > 2 * weights[0]
