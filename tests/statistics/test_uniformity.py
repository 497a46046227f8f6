"""Temporal uniformity: hand-computed values and its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from ntlbg.errors import InputError
from ntlbg.statistics.uniformity import temporal_uniformity


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([5.0], 0.5),  # half a step before it, half after
        ([2.5, 7.5], 0.75),
        ([0.0, 0.0], 0.0),  # all at the start
        ([10.0], 0.0),
        ([0.0, 10.0], 0.5),
        ([1.0, 2.0, 3.0, 4.0], 0.4),  # at 4 s, just after the last: 1 - 0.4
    ],
)
def test_by_hand(times, expected):
    """On ten seconds."""
    assert temporal_uniformity(np.array(times), 0.0, 10.0) == pytest.approx(expected)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
@settings(deadline=None)
def test_it_is_one_less_the_statistic_of_kolmogorov_and_smirnov(times):
    """As scipy computes it; between 0 and 1 - 1 / 2k; in any order; equal masses change nothing."""
    got = temporal_uniformity(np.array(times), 0.0, 100.0)
    assert got == pytest.approx(1 - kstest(times, "uniform", args=(0, 100)).statistic, abs=1e-9)
    assert -1e-12 <= got <= 1 - 0.5 / len(times) + 1e-12
    assert temporal_uniformity(np.array(times[::-1]), 0.0, 100.0) == got
    masses = np.full(len(times), 1 / len(times))
    assert temporal_uniformity(np.array(times), 0.0, 100.0, masses) == pytest.approx(got)


@pytest.mark.parametrize("k", [1, 8, 64])
def test_the_centres_of_equal_spans_are_the_best(k):
    """1 - 1 / 2k, wherever the time begins."""
    assert temporal_uniformity(30 + 90 * (np.arange(k) + 0.5) / k, 30.0, 120.0) == pytest.approx(1 - 0.5 / k)


def test_masses_can_make_uneven_moments_even():
    """Moments at 1 s and 6 s of ten stand for two and for eight seconds."""
    times, masses = np.array([6.0, 1.0]), np.array([0.8, 0.2])
    assert temporal_uniformity(times, 0.0, 10.0, masses) == pytest.approx(0.6)
    assert temporal_uniformity(times, 0.0, 10.0) == pytest.approx(0.6)
    assert temporal_uniformity(np.array([1.0, 6.0]), 0.0, 10.0, np.array([0.35, 0.65])) == pytest.approx(0.6)
    assert temporal_uniformity(np.array([1.0, 4.0]), 0.0, 10.0, np.array([0.2, 0.8])) == pytest.approx(0.4)


def test_what_has_no_uniformity_is_refused():
    """No moment, no time, a moment outside or not a number."""
    for times, end, words in (
        ([], 1.0, "no moments"),
        ([0.0], 0.0, "no time"),
        ([2.0], 1.0, "outside"),
        ([np.nan], 1.0, "outside"),
    ):
        with pytest.raises(InputError, match=words):
            temporal_uniformity(np.array(times), 0.0, end)
