"""Intervals by resampling videos."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.evaluation.bootstrap import by_cluster, interval


def test_sums_and_counts_per_cluster() -> None:
    """Clusters sorted by name, whatever the order of the questions."""
    sums, counts = by_cluster(np.array([1.0, 2.0, 4.0]), np.array(["b", "a", "b"]))
    assert (sums.tolist(), counts.tolist()) == ([2.0, 5.0], [1, 2])


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Clustered data with mean 0: about 95 % of intervals hold it (a little fewer with 30 videos)."""
    rng = np.random.default_rng(8)
    covered = 0
    for trial in range(300):
        video = np.repeat(np.arange(30), 5)
        values = rng.normal(0, 1, size=30)[video] + rng.normal(0, 1, size=video.size)
        low, high = interval(values, video.astype(str), resamples=400, seed=trial) or (1, 0)
        covered += low <= 0 <= high
    assert 0.88 <= covered / 300 <= 0.98


def test_copies_of_a_question_narrow_nothing() -> None:
    """Ten copies of each question in the same video carry no news; single questions would pretend they do."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=40)
    videos = np.arange(40).astype(str)
    once = interval(values, videos, resamples=2000, seed=1)
    ten = interval(np.repeat(values, 10), np.repeat(videos, 10), resamples=2000, seed=1)
    naive = interval(np.repeat(values, 10), np.arange(400).astype(str), resamples=2000, seed=1)
    assert once == pytest.approx(ten)
    assert naive is not None
    assert ten is not None
    assert naive[1] - naive[0] < 0.5 * (ten[1] - ten[0])


def test_seeded_and_honest_about_too_little() -> None:
    """The same seed, the same interval; one video or no value gives none."""
    values, videos = np.array([1.0, 0.0, 1.0]), np.array(["a", "b", "c"])
    assert interval(values, videos, resamples=100, seed=4) == interval(values, videos, resamples=100, seed=4)
    assert interval(values, np.array(["a", "a", "a"]), resamples=100, seed=4) is None
    assert interval(values[:0], videos[:0], resamples=100, seed=4) is None
