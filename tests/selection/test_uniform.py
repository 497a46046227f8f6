"""The uniform grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.selection.baselines.uniform import bin_centres


@given(frames=st.integers(1, 4000), k=st.integers(1, 200), fps=st.sampled_from([1.0, 2.0, 0.5, 30000 / 1001, 12.0]))
def test_at_constant_spacing_it_is_the_written_grid(frames, k, fps):
    """floor((i + 1/2) T / k), exactly, however the timestamps were rounded."""
    k = min(k, frames)
    written = [(2 * i + 1) * frames // (2 * k) for i in range(k)]
    assert bin_centres(17.3 + np.arange(frames) / fps, k).tolist() == written


def test_it_goes_by_time_not_by_count():
    """A burst of frames in one second does not draw the grid to itself."""
    times = np.concatenate([np.arange(50.0), 50 + np.arange(50) / 50, np.arange(51.0, 100.0)])
    np.testing.assert_allclose(times[bin_centres(times, 10)], np.arange(5, 100, 10), atol=1)


@given(gaps=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60), data=st.data())
def test_any_spacing_gives_k_frames_in_order(gaps, data):
    """k different frames in order, even where all centres fall into one gap."""
    times = np.cumsum(gaps)
    k = data.draw(st.integers(1, len(times)))
    picks = bin_centres(times, k)
    assert len(picks) == k
    assert picks[0] >= 0
    assert picks[-1] < len(times)
    assert np.all(np.diff(picks) > 0)


@pytest.mark.parametrize("length", [5, 20, 45])
def test_its_hits_are_those_of_the_analysis(length):
    """A moment of L frames at a random place among T is hit with probability about min(1, L k / T)."""
    frames, k = 800, 16
    picks = bin_centres(np.arange(float(frames)), k)
    starts = np.arange(frames - length + 1)
    hits = [np.any((picks >= s) & (picks < s + length)) for s in starts]
    assert np.mean(hits) == pytest.approx(min(1, length * k / frames), abs=0.03)
