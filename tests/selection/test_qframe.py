"""Q-Frame: ranks of relevance plus Gumbel noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chisquare

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.selection.rivals.draws import generator
from ntlbg.selection.rivals.qframe import QFrame, qframe_raw


def written(relevance, noise, k, candidates):
    """log softmax of 100 cosines over 0.8, plus noise, the largest first; the earlier of equals."""
    exponents = {t: 100 * relevance[t] / 0.8 for t in candidates}
    top = max(exponents.values())
    total = top + math.log(sum(math.exp(e - top) for e in exponents.values()))
    keys = {t: exponents[t] - total + noise[t] for t in candidates}
    return sorted(sorted(candidates, key=lambda t: (-keys[t], t))[:k])


@pytest.mark.parametrize("seed", range(24))
def test_it_is_the_written_rule(seed, made_up):
    """Same frames as the formula, with and without the cap, budgets above the cap included."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 300))
    video, _ = made_up(count, width=4)
    query = Query(f"question {seed}", 0.25 + 0.02 * rng.normal(size=count))
    noise = generator(0, video, query).gumbel(size=count)
    for k in {1, min(8, count), count // 2 + 1}:
        for pool in (128, 0, 40):
            cap = count if pool == 0 else min(count, max(pool, k))
            candidates = bin_centres(video.timestamps_s, cap).tolist()
            picks = QFrame(pool=pool).select(video, query, k).indices.tolist()
            assert picks == written(query.relevance, noise, k, candidates)


def test_the_first_rank_is_a_draw_from_the_softmax(made_up):
    """Over many questions each frame comes first as often as the softmax says (chi-square; the draws are fixed)."""
    video, _ = made_up(6, width=4)
    curve = np.array([0.21, 0.2, 0.22, 0.19, 0.215, 0.2])
    picks = [int(QFrame().select(video, Query(f"q{i}", curve), 1).indices[0]) for i in range(500)]
    law = np.exp((curve - curve.max()) * 100 / 0.8)
    assert chisquare(np.bincount(picks, minlength=6), 500 * law / law.sum()).pvalue > 1e-3


def test_raw_never_has_more_than_its_pool(made_up):
    """The released rule gives at most 128 frames, from a grid with both ends; ours gives k."""
    video, query = made_up(600, width=4)
    assert len(QFrame(raw=True).select(video, query, 300)) == 128
    assert {0, 599} <= set(QFrame(raw=True).select(video, query, 128).indices.tolist())
    assert len(QFrame().select(video, query, 300)) == 300


def test_raw_takes_the_earliest_frames_where_single_precision_ends(made_up):
    """Far below the best frame every probability is 0 and its logarithm is no number to rank by; ours still ranks."""
    video, _ = made_up(100, width=4)
    curve = np.linspace(-0.4, -0.3, 100)
    curve[50] = 0.9
    query = Query("q", curve)
    assert QFrame(raw=True).select(video, query, 4).indices.tolist() == [0, 1, 2, 50]
    assert QFrame().select(video, query, 4).indices[[0, 2, 3]].min() > 2


def test_raw_is_the_released_formula():
    """The list in the order of its ranks, from the generator that is handed in."""
    curve = np.array([0.3, 0.28, 0.31, 0.29])
    uniform = np.random.default_rng(5).random(4, dtype=np.float32)
    exponents = [math.exp(100 * (s - 0.31) / 0.8) for s in curve]
    keys = [math.log(e / sum(exponents)) - math.log(-math.log(u)) for e, u in zip(exponents, uniform, strict=True)]
    wanted = sorted(range(4), key=lambda t: -keys[t])
    assert qframe_raw(curve, 4, np.random.default_rng(5)).tolist() == wanted


def test_raw_refuses_what_ours_refuses(made_up):
    """A budget of nothing is an error in either mode."""
    video, query = made_up(20, width=4)
    with pytest.raises(InputError):
        QFrame(raw=True).select(video, query, 0)
