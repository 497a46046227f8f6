"""Frames that stand for equal spans of time, together."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ntlbg.selection import spans
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.selection.spans import span_points


def error(points, chosen):
    """Summed squared distance of every frame to the nearest chosen one."""
    return float(np.square(points[:, None] - points[chosen]).sum(-1).min(1).sum())


@pytest.mark.parametrize("k", [1, 2, 7, 59, 60])
def test_every_span_has_one_frame(k):
    """Rising and unique at any spacing, sub-second gaps and long holes included."""
    rng = np.random.default_rng(k)
    points = rng.normal(size=(60, 5))
    for times in (np.arange(60.0), np.cumsum(rng.exponential(size=60) + 1e-3), np.r_[np.arange(59) * 0.1, 4000.0]):
        chosen = span_points(points, times, k)
        assert len(chosen) == k
        assert np.all(np.diff(chosen) > 0)


def test_where_all_frames_are_alike_it_is_the_uniform_grid():
    """Nothing is gained by moving, so nothing moves; duplicates are no trouble."""
    times = np.arange(50.0)
    assert span_points(np.ones((50, 3)), times, 7).tolist() == bin_centres(times, 7).tolist()


def test_frames_divide_the_scenes_among_them():
    """A scene that the uniform grid shows twice is shown once, and the one that it misses is shown."""
    scenes = np.repeat([0, 1, 0, 2], [12, 3, 5, 20])  # centres of the halves: frames 9 and 29, scenes 0 and 2
    points = np.eye(3)[scenes]
    times = np.arange(40.0)
    assert set(scenes[bin_centres(times, 4)]) == {0, 2}
    assert set(scenes[span_points(points, times, 4)]) == {0, 1, 2}


def test_no_span_can_do_better_alone_and_all_do_better_than_the_grid():
    """Against every single exchange within a span, by plain arithmetic; and mostly near the best of all choices."""
    rng = np.random.default_rng(5)
    times = np.arange(24.0)
    grid = bin_centres(times, 4)
    nearest_centre = np.abs(times[:, None] - times[grid]).argmin(axis=1)  # ties to the earlier
    spans_of = [np.flatnonzero(nearest_centre == span) for span in range(4)]
    behind = []
    for _ in range(20):
        points = rng.normal(size=(24, 3))
        chosen = span_points(points, times, 4)
        reached = error(points, chosen)
        assert reached <= error(points, grid)
        for span, frames in enumerate(spans_of):
            assert chosen[span] in frames
            for frame in frames:
                other = chosen.copy()
                other[span] = frame
                assert reached <= error(points, other) * (1 + 1e-6)
        behind.append(reached / min(error(points, np.array(choice)) for choice in product(*spans_of)))
    assert np.mean(behind) < 1.1


def test_anchors_stand_for_a_long_video(monkeypatch):
    """With a tenth of the frames in the error, the frames chosen represent nearly as well as with all of them."""
    rng = np.random.default_rng(2)
    points = np.repeat(rng.normal(size=(40, 4)), 50, axis=0) + 0.1 * rng.normal(size=(2000, 4))
    times = np.arange(2000.0)
    few = error(points, span_points(points, times, 16))
    monkeypatch.setattr(spans, "ANCHORS", 2000)
    assert few <= 1.1 * error(points, span_points(points, times, 16))
