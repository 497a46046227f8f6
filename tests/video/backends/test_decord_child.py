"""Which of decord's frames stands for a moment."""

from __future__ import annotations

import math

from ntlbg.video.backends.decord_child import indices_of


def test_true_times_decide() -> None:
    """Counted from its first frame, rounded as float32 rounds."""
    assert indices_of([5.0, 5.04, 5.5], 24.0, [0.0, 0.0399, 0.3, 0.5]) == [0, 1, 1, 2]


def test_where_it_tells_no_times_counting_is_left() -> None:
    """AVI: the same nonsense for every frame."""
    assert indices_of([-7e17] * 4, 2.0, [0.0, 0.5, 1.4, 99.0]) == [0, 1, 2, 3]
    assert indices_of([math.nan] * 4, 2.0, [0.5]) == [1]
