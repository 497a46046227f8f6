"""The page of the film: groups of questions, and what is missed first."""

from __future__ import annotations

import numpy as np

from benchmarks.film_relevance import NOT, SEES, WHOLE
from benchmarks.selecting import arms as all_arms
from benchmarks.selecting.film import page


def test_groups_are_judged_apart():
    """Behind topk_nms where the encoder sees the object, ahead of uniform on the whole film: one is missed."""
    groups = np.array([SEES] * 3 + [NOT] * 3 + [WHOLE] * 3)
    ones = np.ones((9, 3))
    found = {"ntlbg": 50 * ones, "topk_nms": 60 * ones, "uniform": 40 * ones}
    found["ntlbg"][:3, 0] = 59
    arms = [all_arms.every()[name] for name in (*found, "random")]
    text = page(found, {"random": "RuntimeError: no"}, groups, arms)
    assert f"missed: {SEES}, at most 2 below topk_nms at k = 16: -10.0" in text
    assert f"holds: {SEES}, at most 2 below topk_nms at k = 8: -1.0" in text
    assert f"holds: {WHOLE}, at most 5 below uniform at k = 32: +10.0" in text
    assert text.index("missed:") < text.index("holds:")
    assert "- random: RuntimeError: no" in text
    assert "| **ntlbg** | 59.0 50.0 50.0 | 50.0 50.0 50.0 | 50.0 50.0 50.0 |" in text
