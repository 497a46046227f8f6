"""Random sampling that does not depend on the order of calls."""

from __future__ import annotations

import numpy as np
from scipy.stats import chisquare

from ntlbg.records.query import Query
from ntlbg.selection.registry import make


def test_the_question_alone_decides(made_up):
    """Another question, video or seed gives another draw; relevance, earlier calls and k do not change it."""
    video, query = made_up(200)
    first = make("random").select(video, query, 8)
    make("random").select(video, Query("another", query.relevance), 8)
    assert make("random").select(video, Query(query.text, -query.relevance), 8).sha256 == first.sha256
    others = {
        make("random").select(video, Query("another", query.relevance), 8).sha256,
        make("random").select(made_up(200, seed=1)[0], query, 8).sha256,
        make("random", seed=1).select(video, query, 8).sha256,
    }
    assert len(others | {first.sha256}) == 4
    assert set(first.indices) <= set(make("random").select(video, query, 9).indices)


def test_every_frame_is_equally_likely(made_up):
    """Over many questions each frame is drawn equally often (chi-square, p > 0.001; the draws are fixed)."""
    video, query = made_up(40)
    picks = [make("random").select(video, Query(f"q{i}", query.relevance), 5).indices for i in range(1500)]
    assert chisquare(np.bincount(np.concatenate(picks), minlength=40)).pvalue > 1e-3
