"""Times of frames whose packets carry none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.video.untimed import decoded_stamps, times_by_order
from tests.video.conftest import Clips


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        ([0, None, None, 30], [0, 10, 20, 30]),
        ([None, None, 50, 60], [30, 40, 50, 60]),
        ([0, None, None], [0, 10, 20]),
        ([None, None, None], [0, 10, 20]),
        ([0, 40, 20, 80], [0, 40, 60, 80]),
        ([5], [5]),
        ([], []),
    ],
)
def test_frames_lie_evenly_between_stamped_ones(stamps: list[int | None], times: list[int]) -> None:
    """Before the first and after the last stamp by the usual step; a stamp that goes back is not believed."""
    assert times_by_order(stamps, 10).tolist() == times


@given(st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=50), st.floats(0, 100))
def test_times_rise_and_keep_believed_stamps(stamps: list[int | None], step: float) -> None:
    """Each frame its own tick, whatever the stamps."""
    times = times_by_order(stamps, step)
    assert times.size == len(stamps)
    assert np.all(np.diff(times) >= 1)


def test_a_whole_track_is_read_in_the_order_of_display(clips: Clips, tmp_path: Path) -> None:
    """B-frames come out sorted; what does not decode ends the list, it does not raise."""
    stamps = decoded_stamps(clips["h264_b.mkv"])
    assert len(stamps) == 48
    assert stamps == sorted(stamps)
