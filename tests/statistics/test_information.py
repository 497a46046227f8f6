"""Greedy choice by log-determinant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.statistics.information import greedy_logdet


def plain(gain, kernel, k, jitter):
    """The same choice from determinants, each computed anew."""
    noisy, chosen = kernel + jitter * np.eye(len(kernel)), []
    for _ in range(k):
        values = np.full(len(gain), -np.inf)
        for i in set(range(len(gain))) - set(chosen):
            with_i = noisy[np.ix_([*chosen, i], [*chosen, i])]
            before = np.linalg.slogdet(noisy[np.ix_(chosen, chosen)])[1] if chosen else 0.0
            values[i] = gain[i] + np.linalg.slogdet(with_i)[1] - before
        chosen.append(int(np.argmax(values)))
    return chosen


@given(seed=st.integers(0, 300), m=st.integers(1, 14), weight=st.sampled_from([0.0, 0.1, 3.0]), data=st.data())
@settings(max_examples=50, deadline=None)
def test_it_is_the_greedy_rule(seed, m, weight, data):
    """Incremental factors give the choice that determinants give."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, 5))
    gain, kernel = weight * rng.normal(size=m), x @ x.T
    k = data.draw(st.integers(1, m))
    chosen = greedy_logdet(gain, np.diag(kernel), lambda j: kernel[j], k, 0.01)
    assert chosen == plain(gain, kernel, k, 0.01)


def test_the_first_pick_is_the_most_relevant():
    """At equal variance the gain alone decides the first pick; a larger k only adds."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    gain = rng.normal(size=60)
    picks = [greedy_logdet(gain, np.ones(60), lambda j: x @ x[j], k, 0.01) for k in (1, 5, 20)]
    assert picks[0] == [int(gain.argmax())]
    assert picks[2][:5] == picks[1]


def test_duplicates_are_taken_last_and_never_fail():
    """Equal candidates: the first of each kind, then copies by index."""
    x = np.repeat(np.eye(3), 4, axis=0)
    chosen = greedy_logdet(np.zeros(12), np.ones(12), lambda j: x @ x[j], 12, 0.01)
    assert chosen[:3] == [0, 4, 8]
    assert sorted(chosen) == list(range(12))


def test_greedy_keeps_its_bound():
    """With jitter 1 the log-determinant is monotone and submodular: at least 1 - 1/e of the best set's value."""
    from itertools import combinations

    rng = np.random.default_rng(5)
    for _ in range(10):
        x = rng.normal(size=(10, 4))
        kernel = x @ x.T

        def value(s, kernel=kernel):
            return np.linalg.slogdet(kernel[np.ix_(s, s)] + np.eye(len(s)))[1]

        chosen = greedy_logdet(np.zeros(10), np.diag(kernel), lambda j, kernel=kernel: kernel[j], 3, 1.0)
        assert value(chosen) >= (1 - 1 / np.e) * max(value(list(s)) for s in combinations(range(10), 3))


@pytest.mark.parametrize("jitter", [1e-6, 0.01, 1.0])
def test_no_variance_falls_below_the_jitter(jitter):
    """A kernel of one direction: after one pick nothing is left but noise, and the choice goes on by gain."""
    gain = np.array([0.0, 3.0, 1.0, 2.0])
    chosen = greedy_logdet(gain, np.ones(4), lambda j: np.ones(4), 4, jitter)
    assert chosen == [1, 3, 2, 0]
