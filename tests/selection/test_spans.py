"""Frames that stand for equal spans of time."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.selection.spans import span_medoids


@pytest.mark.parametrize("k", [1, 2, 7, 59, 60])
def test_every_span_has_one_frame(k):
    """Rising and unique at any spacing, sub-second gaps and long holes included."""
    rng = np.random.default_rng(k)
    features = rng.normal(size=(60, 5))
    for times in (np.arange(60.0), np.cumsum(rng.exponential(size=60) + 1e-3), np.r_[np.arange(59) * 0.1, 4000.0]):
        chosen = span_medoids(features, times, k)
        assert len(chosen) == k
        assert np.all(np.diff(chosen) > 0)


def test_a_span_is_shown_by_its_usual_look():
    """One odd frame at the centre of a span is passed over; of equal frames the earlier one is taken."""
    features = np.tile([1.0, 0.0], (20, 1))
    features[5] = [0.0, 1.0]
    assert span_medoids(features, np.arange(20.0), 2).tolist() == [0, 11]
