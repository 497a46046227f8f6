"""AdaQ: a draw at the temperature of the curve's own variance."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from ntlbg.records.query import Query
from ntlbg.selection.rivals.adaq import AdaQ, adaptive_logits, drawn
from ntlbg.selection.rivals.draws import generator


def written(relevance, noise, k, gamma=0.5, theta=0.9973, unit=False):
    """The paper's steps with loops. Of equal probabilities the earlier frame stands first."""
    low, high, count = min(relevance), max(relevance), len(relevance)
    z = [(s - low) / (high - low) if high > low else 0.0 for s in relevance]
    mean = sum(z) / count
    tau = gamma * sum((x - mean) ** 2 for x in z) / count
    scores = z if unit else relevance
    weight = [math.exp((s - max(scores)) / tau) if tau > 0 else 1.0 for s in scores]
    p = [w / sum(weight) for w in weight]
    ranked = sorted(range(count), key=lambda t: (-p[t], t))
    inside, held = [], 0.0
    for t in ranked:
        inside.append(t)
        held += p[t]
        if held >= theta:
            break
    if len(inside) <= k:
        return sorted(ranked[:k])
    chosen = []
    while len(chosen) < k:
        left = [t for t in sorted(inside) if t not in chosen]
        chosen.append(max(left, key=lambda t: math.log(p[t]) + noise[t]))
    return sorted(chosen)


@pytest.mark.parametrize("seed", range(24))
def test_it_is_the_written_rule(seed, made_up):
    """Same frames as the paper's steps for curves on the scale of cosines, tied and constant ones included."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 60))
    video, _ = made_up(count, width=4)
    curve = 0.25 + 0.05 * (rng.integers(0, 5, count) if seed % 3 == 0 else rng.normal(size=count))
    query = Query(f"question {seed}", curve if seed % 10 else np.full(count, 0.25))
    noise = generator(0, video, query).gumbel(size=count)
    for k in {1, count // 2 + 1, count}:
        for rule in (AdaQ(), AdaQ(scores="unit", mass=0.9545), AdaQ(gamma=1.5)):
            wanted = written(query.relevance.tolist(), noise, k, rule.gamma, rule.mass, rule.scores == "unit")
            assert rule.select(video, query, k).indices.tolist() == wanted


def test_the_draw_is_without_replacement_in_proportion_to_the_law():
    """Each pair of frames comes as often as drawing one and then another of the rest says (the draws are fixed)."""
    p = np.array([0.45, 0.25, 0.15, 0.1, 0.05])
    rng = np.random.default_rng(0)
    draws = 3000
    pairs = [tuple(sorted(drawn(np.log(p / p.max()), rng.gumbel(size=5), 1.0, 2).tolist())) for _ in range(draws)]
    for first, second in [(0, 1), (0, 4), (2, 3), (3, 4)]:
        expected = sum(p[i] * p[j] / (1 - p[i]) for i, j in permutations((first, second)))
        assert pairs.count((first, second)) / draws == pytest.approx(expected, abs=4 * (expected / draws) ** 0.5)


def test_a_calm_curve_draws_narrowly_and_a_restless_one_widely():
    """Three peaks over a flat background leave three candidates; an even spread of scores leaves most frames."""
    calm = np.full(200, 0.2)
    calm[[20, 90, 150]] = 0.35
    restless = np.linspace(0.2, 0.35, 200)
    likely = [np.exp(adaptive_logits(curve, 0.5, "raw")) for curve in (calm, restless)]
    assert (likely[0] > 0.01).sum() == 3
    assert (likely[1] > 0.01).sum() > 150


def test_few_candidates_are_filled_up_by_relevance(made_up):
    """Where one frame holds the law, the answer is the k most relevant frames: nothing is left to chance."""
    video, _ = made_up(80)
    curve = np.linspace(0, 0.1, 80)
    curve[7] = 9.0
    assert AdaQ().select(video, Query("q", curve), 4).indices.tolist() == [7, 77, 78, 79]


def test_only_the_scaled_law_forgets_the_encoders_scale(made_up):
    """The letter of the paper reads scores at their own scale; `unit` gives the same frames at ten times that scale."""
    video, query = made_up(120)
    cosines, scaled = (Query(query.text, f * query.relevance) for f in (0.01, 0.1))
    assert AdaQ().select(video, cosines, 8).sha256 != AdaQ().select(video, scaled, 8).sha256
    unit = AdaQ(scores="unit", gamma=5.0)
    assert unit.select(video, cosines, 8).sha256 == unit.select(video, scaled, 8).sha256


def test_another_seed_is_another_draw(made_up):
    """The seed is a parameter, and a larger budget keeps the smaller one's frames while the candidates suffice."""
    video, _ = made_up(200)
    query = Query("q", np.linspace(0.2, 0.35, 200))
    assert AdaQ(seed=1).select(video, query, 8).sha256 != AdaQ().select(video, query, 8).sha256
    assert set(AdaQ().select(video, query, 8).indices) <= set(AdaQ().select(video, query, 20).indices)
