"""Greedy choice by log-determinant, and the information of a set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.statistics.information import greedy_logdet, information_loss, lazy_logdet, log_det_information


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


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_asking_for_many_rows_at_a_time_changes_nothing(batch, monkeypatch):
    """The same choice whether kernel rows come one by one or all together; no row is asked for without need."""
    rng = np.random.default_rng(batch)
    x = rng.normal(size=(50, 12))
    gain, kernel = rng.normal(size=50), x @ x.T
    wanted = plain(gain, kernel, 20, 0.01)
    monkeypatch.setattr("ntlbg.statistics.information.BATCH", batch)
    asked = []

    def rows(j):
        asked.append(len(j))
        return kernel[j]

    assert greedy_logdet(gain, np.diag(kernel), rows, 20, 0.01) == wanted
    assert max(asked) <= batch
    assert batch > 1 or asked == [1] * 20


@pytest.mark.parametrize("batch", [1, 3, 16])
@pytest.mark.parametrize("spare", [1, 3])
@pytest.mark.parametrize("seed", range(8))
def test_candidates_that_wait_change_no_choice(seed, spare, batch, monkeypatch):
    """With gains that decide, that do not and that tie, with copies, for every budget: as if none had waited."""
    monkeypatch.setattr("ntlbg.statistics.information.BATCH", batch)
    monkeypatch.setattr("ntlbg.statistics.information.SPARE", spare)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 9)) + (seed % 2)
    x[rng.integers(60, size=20)] = x[0]
    gain = [0.0, 0.1, 1.0, 20.0][seed % 4] * np.round(rng.normal(size=60), seed % 3)
    kernel = x @ x.T
    for k in (1, 2, 7, 30, 60):
        lazy = lazy_logdet(gain, np.diag(kernel), lambda i: lambda j: kernel[np.ix_(j, i)], k, 0.01)
        assert lazy == greedy_logdet(gain, np.diag(kernel), lambda j: kernel[j], k, 0.01)


def test_what_cannot_be_chosen_is_not_compared():
    """Where the gains decide, most candidates are never asked for their kernel with those chosen."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 6))
    asked = []

    def kernel(columns):
        def rows(j):
            asked.append(len(j) * len(columns))
            return x[j] @ x[columns].T

        return rows

    lazy_logdet(100 * rng.normal(size=2000), np.square(x).sum(axis=1), kernel, 20, 0.01)
    assert sum(asked) < 0.1 * 2000 * 20


def test_the_first_pick_is_the_most_relevant():
    """At equal variance the gain alone decides the first pick; a larger k only adds."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    gain = rng.normal(size=60)
    picks = [greedy_logdet(gain, np.ones(60), lambda j: x[j] @ x.T, k, 0.01) for k in (1, 5, 20)]
    assert picks[0] == [int(gain.argmax())]
    assert picks[2][:5] == picks[1]


def test_duplicates_are_taken_last_and_never_fail():
    """Equal candidates: the first of each kind, then copies by index."""
    x = np.repeat(np.eye(3), 4, axis=0)
    chosen = greedy_logdet(np.zeros(12), np.ones(12), lambda j: x[j] @ x.T, 12, 0.01)
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
    chosen = greedy_logdet(gain, np.ones(4), lambda j: np.ones((len(j), 4)), 4, jitter)
    assert chosen == [1, 3, 2, 0]


@given(seed=st.integers(0, 300), k=st.integers(1, 12), d=st.integers(1, 12), noise=st.sampled_from([0.01, 1.0, 50.0]))
@settings(max_examples=50, deadline=None)
def test_information_is_half_the_log_determinant(seed, k, d, noise):
    """By either side, [k, k] or [d, d]; never less with a point more, and a later point adds no more."""
    points = np.random.default_rng(seed).normal(size=(k + 2, d))
    few, more = log_det_information(points[:k], noise), log_det_information(points[: k + 1], noise)
    dense = 0.5 * np.linalg.slogdet(np.eye(k) + points[:k] @ points[:k].T / noise)[1]
    assert few == pytest.approx(dense, abs=1e-9)
    assert more >= few - 1e-9
    both, alone = log_det_information(points, noise), log_det_information(points[[*range(k), k + 1]], noise)
    assert both - more <= alone - few + 1e-9


def test_information_by_hand():
    """One unit point seen with noise 1 tells half a log 2; seen twice half a log 3; two across twice the first."""
    assert log_det_information(np.array([[1.0, 0.0]]), 1.0) == pytest.approx(0.5 * np.log(2))
    assert log_det_information(np.array([[1.0, 0.0], [1.0, 0.0]]), 1.0) == pytest.approx(0.5 * np.log(3))
    assert log_det_information(np.eye(2), 1.0) == pytest.approx(np.log(2))
    assert log_det_information(np.zeros((0, 3)), 1.0) == 0.0


def test_information_loss_by_hand():
    """Of two points across, one loses half; all lose nothing, none everything; of zeros nothing can be lost."""
    assert information_loss(np.eye(2), np.array([1]), 1.0) == pytest.approx(0.5)
    assert information_loss(np.eye(2), np.array([0, 1]), 1.0) == pytest.approx(0)
    assert information_loss(np.eye(2), np.array([], dtype=int), 1.0) == 1.0
    assert information_loss(np.zeros((4, 2)), np.array([0]), 1.0) == 0.0


def test_the_greedy_choice_loses_less_than_the_median_shell():
    """Points at the median distance from the mean may all be alike: they lose more than the greedy choice."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(16, 8))[rng.integers(16, size=200)] + 0.1 * rng.normal(size=(200, 8))
    kernel = points @ points.T
    greedy = greedy_logdet(np.zeros(200), np.diagonal(kernel), lambda j: kernel[j], 8, 0.1)
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    shell = np.argsort(np.abs(distance - np.median(distance)), kind="stable")[:8]
    assert information_loss(points, np.array(greedy), 0.1) < information_loss(points, shell, 0.1)


def test_information_without_bound_is_refused():
    """No noise, or a point counted twice."""
    with pytest.raises(InputError, match="noise variance"):
        log_det_information(np.eye(2), 0.0)
    with pytest.raises(InputError, match="twice"):
        information_loss(np.eye(2), np.array([1, 1]), 1.0)
