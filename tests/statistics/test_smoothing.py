"""Smoothing along time."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.statistics.smoothing import frame_gap_s, smooth


def test_constants_stay_and_edges_are_repeated():
    """A constant is left as it is up to the edges; a straight line is, away from them."""
    times = np.arange(50.0)
    np.testing.assert_allclose(smooth(np.full(50, 3.0), times, 2.0), 3.0)
    np.testing.assert_allclose(smooth(times, times, 2.0)[10:-10], times[10:-10], atol=1e-3)


@pytest.mark.parametrize("gap", [0.1, 0.5, 1.0])
def test_the_width_is_in_seconds(gap):
    """An impulse becomes a Gaussian of 0.7 s, whatever the rate: its standard deviation says so."""
    times = np.arange(401) * gap
    impulse = np.zeros(401)
    impulse[200] = 1.0
    smoothed = smooth(impulse, times, 0.7)
    assert smoothed.sum() == pytest.approx(1)
    assert np.sqrt(smoothed @ np.square(times - times[200])) == pytest.approx(0.7, rel=0.01)


def test_sparse_frames_are_left_alone():
    """Frames five widths apart share no noise."""
    values = np.random.default_rng(0).normal(size=(20, 3))
    np.testing.assert_array_equal(smooth(values, np.arange(20) * 3.5, 0.7), values)
    np.testing.assert_array_equal(smooth(values[:1], np.zeros(1), 0.7), values[:1])


def test_columns_are_smoothed_apart():
    """A matrix is smoothed column by column."""
    values = np.random.default_rng(0).normal(size=(30, 2))
    times = np.arange(30.0)
    both = smooth(values, times, 1.0)
    np.testing.assert_allclose(both[:, 1], smooth(values[:, 1], times, 1.0))


def test_timestamps_a_microsecond_apart_do_not_fill_the_memory():
    """The kernel never reaches farther than the video is long."""
    assert np.isfinite(smooth(np.arange(40.0), np.arange(40) * 1e-7, 0.7)).all()


def test_the_gap_is_the_median_one():
    """One long pause does not change it; one frame has the gap 1."""
    assert frame_gap_s(np.array([0.0, 0.5, 1.0, 1.5, 90.0])) == 0.5
    assert frame_gap_s(np.zeros(1)) == 1.0
