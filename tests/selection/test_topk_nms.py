"""Relevance under suppression."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.selection.baselines.topk_nms import nms_picks


def plain(relevance, times, window_s, k):
    """The written rule, with loops."""
    picks = []
    for suppress in (True, False):
        for t in sorted(range(len(times)), key=lambda t: (-relevance[t], t)):
            near = any(abs(times[t] - times[p]) < window_s for p in picks) if suppress else False
            if len(picks) < k and t not in picks and not near:
                picks.append(t)
    return picks


@given(
    scores=st.lists(st.integers(0, 6), min_size=1, max_size=40),
    gap=st.sampled_from([0.25, 1.0, 3.0]),
    window=st.sampled_from([0.0, 0.5, 2.0, 100.0]),
    k=st.integers(1, 40),
)
def test_it_is_the_written_rule(scores, gap, window, k):
    """Same picks in the same order as the plain version, ties and fill-up included."""
    k, times = min(k, len(scores)), np.arange(len(scores)) * gap
    picks = nms_picks(np.array(scores, dtype=float), times, window, k)
    assert picks.tolist() == plain(scores, times, window, k)


def test_exactly_one_window_apart_is_allowed():
    """Frames two seconds apart are two moments; nearer ones are taken only when nothing else is left."""
    relevance = np.array([5.0, 4.0, 3.0, 0.0, 1.0])
    assert nms_picks(relevance, np.arange(5.0), 2.0, 3).tolist() == [0, 2, 4]
    assert nms_picks(relevance, np.arange(5.0), 2.0, 5).tolist() == [0, 2, 4, 1, 3]
