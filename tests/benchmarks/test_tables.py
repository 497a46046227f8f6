"""Tables of planted truth: kinds weigh alike, misses are named, failures have no figures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from benchmarks.selecting import arms as all_arms
from benchmarks.selecting.generator import KINDS
from benchmarks.selecting.tables import Figures, page, verdict

NAMES = ("ntlbg", "uniform", "random", "topk_nms")


def rows(recall: dict[str, dict[str, float]], failed: str = "") -> pd.DataFrame:
    """Two videos of kinds single and multi, four of whole, at two k; recall by arm and kind."""
    videos = [(f"{kind}{n}", kind) for kind in KINDS for n in range(4 if kind == "whole" else 2)]
    table = [
        {
            "video": video,
            "frames": 300,
            "level": 0.6,
            "kind": kind,
            "auc": 0.5,
            "arm": arm,
            "k": k,
            "recall": values[kind],
            "error_plain": 0.5,
            "error_tilted": 0.4,
            "evenness": 0.9,
            "ms": 1.0,
            "failed": "RuntimeError: no" if arm == failed and video == "whole0" else "",
        }
        for (arm, values), (video, kind), k in product(recall.items(), videos, (8, 16))
    ]
    return pd.DataFrame(table)


RECALL = {
    "ntlbg": {"single": 0.5, "multi": 0.5, "whole": 0.5},
    "uniform": {"single": 0.1, "multi": 0.1, "whole": 0.54},
    "random": {"single": 0.1, "multi": 0.1, "whole": 0.5},
    "topk_nms": {"single": 0.9, "multi": 0.3, "whole": 0.0},
}


@pytest.fixture
def arms():
    found = all_arms.every()
    return [found[name] for name in NAMES]


def test_kinds_weigh_alike(arms):
    """Also where there are more videos of one, and in the differences as in the means."""
    figures = Figures.of(rows(RECALL), arms)
    assert figures.overall("uniform") == pytest.approx([100 * 0.74 / 3] * 2)
    (difference,) = figures.against(["uniform"], 8)
    assert difference.delta == pytest.approx(50 - 100 * 0.74 / 3)
    assert figures.weights().sum() == pytest.approx(8)


def test_misses_are_named_first(arms):
    """Within 3 points of the best arm on each kind, 5 at k = 8, where 4 are missed."""
    figures = Figures.of(rows(RECALL), arms)
    holds = {sentence: held for sentence, held, _ in verdict(figures)}
    assert holds["within 5 points of the best arm on whole at k = 8"]
    assert not holds["within 3 points of the best arm on whole at k = 16"]
    assert not holds["within 3 points of the best arm on single at k = 16"]
    assert holds["first in the mean at k = 8"]
    text = page(figures, 1)
    assert text.index("missed: within 3 points of the best arm on whole at k = 16") < text.index("| arm |")


def test_a_failed_arm_has_no_figures(arms):
    """One failure takes the arm out of the table: a mean over the videos that went well would flatter it."""
    figures = Figures.of(rows(RECALL, failed="random"), arms)
    assert "random" not in figures.recall
    text = page(figures, 1)
    assert "| random | failed | failed | failed |" in text
    assert "- random: 2 of 16: RuntimeError: no" in text
    assert not np.isnan(figures.overall("ntlbg")).any()
