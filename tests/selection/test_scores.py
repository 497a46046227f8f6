"""What the published rules do to a curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.selection.rivals.scores import topped_up, unit_range


@settings(max_examples=40)
@given(scores=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_the_range_becomes_0_to_1(scores):
    """The least score becomes 0 and the largest 1, in the same order; where all are equal they become 0."""
    scores = np.array(scores)
    scaled = unit_range(scores)
    assert scaled.min() == 0
    assert scaled.max() == (1 if scores.max() > scores.min() else 0)
    assert np.all(np.diff(scaled[np.argsort(scores)]) >= 0)


@pytest.mark.parametrize("level", [0.0, 0.27, -3.5])
def test_a_constant_has_no_range(level):
    """Zeros, whatever the level."""
    assert unit_range(np.full(5, level)).tolist() == [0] * 5


def test_what_is_missing_is_the_most_relevant_of_the_rest():
    """Repeats are removed; of equal scores the earlier frame comes first; a full list stays as it is."""
    scores = np.array([0.1, 0.9, 0.5, 0.5, 0.0])
    assert topped_up(np.array([4, 4]), scores, 3).tolist() == [1, 2, 4]
    assert topped_up(np.array([3, 0]), scores, 2).tolist() == [0, 3]
    assert topped_up(np.zeros(0, dtype=np.int64), scores, 1).tolist() == [1]
