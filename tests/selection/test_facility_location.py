"""Facility location by lazy greedy choice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ntlbg.selection.rivals import facility_location
from ntlbg.selection.rivals.facility_location import FacilityLocation, lazy_greedy


def value(features, weights, chosen):
    """sum over t of w_t max over j of cos+, with loops."""
    likeness = [max([0.0, *(float(x @ features[j]) for j in chosen)]) for x in features]
    return sum(w * s for w, s in zip(weights, likeness, strict=True))


def plain_greedy(features, weights, candidates, k):
    """Every candidate tried at every step; equal values go to the earlier one."""
    chosen = []
    while len(chosen) < k:
        left = [c for c in range(len(candidates)) if c not in chosen]
        frames = [candidates[c] for c in chosen]
        worth = [round(value(features, weights, [*frames, candidates[c]]), 11) for c in left]
        chosen.append(left[int(np.argmax(worth))])
    return chosen


def a_case(seed, n, width=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width))
    return features / np.linalg.norm(features, axis=1, keepdims=True), rng.dirichlet(np.ones(n))


@pytest.mark.parametrize("seed", range(24))
def test_lazy_is_plain_greedy(seed, monkeypatch):
    """Same frames in the same order as trying every candidate every time, copies of frames and few columns included."""
    monkeypatch.setattr(facility_location, "FIRST_COLUMNS", 1 + seed % 3)
    monkeypatch.setattr(facility_location, "COLUMNS", 3)
    n = 8 + seed
    features, weights = a_case(seed, n)
    if seed % 4 == 0:
        features[n // 2 :] = features[: n - n // 2]
    candidates = np.arange(n) if seed % 2 else np.arange(0, n, 2)
    k = min(6, len(candidates))
    assert lazy_greedy(features, weights, candidates, k) == plain_greedy(features, weights, candidates, k)


@pytest.mark.parametrize(("frames", "k", "pool"), [(30, 1, 0), (40, 4, 0), (50, 6, 20), (60, 3, 1000), (12, 11, 0)])
def test_a_whole_selection_is_the_written_one(made_up, frames, k, pool):
    """From the law to the frames: uniform candidates, clients of the law's weight, every candidate tried each time."""
    video, query = made_up(frames, width=12, seed=k)
    rule = FacilityLocation(pool=pool)
    law = rule.law(video, query)
    count = min(pool, frames) if pool else frames
    candidates = [(2 * i + 1) * frames // (2 * count) for i in range(count)]
    order = plain_greedy(law.space.features, law.weights, candidates, k)
    assert rule.select(video, query, k).indices.tolist() == sorted(candidates[c] for c in order)


@pytest.mark.parametrize("seed", range(3))
def test_the_greedy_bound_holds(seed):
    """At least 1 - 1/e of the best set's value, which is found by trying all sets."""
    features, weights = a_case(seed, 11)
    best = max(value(features, weights, s) for s in combinations(range(11), 3))
    ours = value(features, weights, lazy_greedy(features, weights, np.arange(11), 3))
    assert (1 - 1 / np.e) * best <= ours <= best + 1e-12


def test_few_columns_are_looked_at(monkeypatch):
    """After the first round most bounds are never renewed, and whether likenesses are kept changes no choice."""
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=(40, 32))
    features = scenes[rng.integers(40, size=600)] + 0.3 * rng.normal(size=(600, 32))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    asked = []

    class Counting(np.ndarray):
        def __matmul__(self, other):
            asked.append(len(self))
            return np.asarray(self) @ np.asarray(other)

    even = np.full(600, 1 / 600)
    kept = lazy_greedy(features, even, np.arange(600), 20)
    monkeypatch.setattr(facility_location, "HELD", 0)
    assert lazy_greedy(features.view(Counting), even, np.arange(600), 20) == kept
    assert sum(asked) < 600 * 20 / 3
    assert max(asked) <= facility_location.COLUMNS


def test_the_question_moves_the_choice_and_the_cap_holds(made_up):
    """Frames of the moment weigh more, so the moment is shown; candidates are the uniform ones of the cap."""
    video, query = made_up(moment=120)
    _, flat = made_up(flat=True)
    asked, plain = (FacilityLocation(pool=60).select(video, q, 8) for q in (query, flat))
    assert asked.sha256 != plain.sha256
    assert set(asked.indices) <= {(2 * i + 1) * 300 // 120 for i in range(60)}
