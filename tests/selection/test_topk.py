"""Relevance alone."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.records.query import Query
from ntlbg.selection.registry import make


@settings(max_examples=40)
@given(scores=st.lists(st.integers(0, 6), min_size=1, max_size=40), k=st.integers(1, 45))
def test_it_is_the_written_rule(made_up, scores, k):
    """k times the best frame left, the earlier one of equals."""
    left, picks = list(range(len(scores))), []
    while left and len(picks) < k:
        best = left[0]
        for frame in left:
            if scores[frame] > scores[best]:
                best = frame
        picks.append(best)
        left.remove(best)
    video, _ = made_up(len(scores))
    assert make("topk").select(video, Query("q", scores), k).indices.tolist() == sorted(picks)
