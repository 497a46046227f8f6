"""Timestamps that contradict the order of coding."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.video.order import misplaced


def wrong(pts, keys, codec="h264"):
    return np.flatnonzero(misplaced(np.array(pts), np.isin(np.arange(len(pts)), keys), codec)).tolist()


def test_reordered_pictures_between_their_key_frames_are_right():
    """B-frames, and pictures of an open group that are shown before their key frame."""
    assert wrong([0, 3, 1, 2, 6, 4, 5], [0]) == []
    assert wrong([0, 3, 1, 2, 6, 4, 5, 9, 7, 8], [0, 4]) == []


@pytest.mark.parametrize("codec", ["vp9", "av1", "mjpeg"])
def test_codecs_that_do_not_reorder_only_rise(codec):
    """Of times that contradict each other the fewest are wrong."""
    assert wrong([0, 1, 2, 3], [0], codec) == []
    assert wrong([0, 1, 9, 3, 4], [0], codec) == [2]
    assert wrong([0, 5, 2, 3, 4], [0], codec) == [1]


def test_a_key_frame_out_of_line_is_the_liar():
    """The others keep their groups."""
    assert wrong([0, 1, 900, 3, 4, 5], [0, 2, 4]) == [2]


def test_a_picture_beyond_its_neighbours_is_misplaced():
    """Not before the key frame before its own, not after the next."""
    assert wrong([0, 1, 2, 10, 11, -5, 20, 21], [0, 3, 6]) == [5]
    assert wrong([0, 50, 2, 10, 11, 12, 20, 21], [0, 3, 6]) == [1]


def test_nothing_is_wrong_with_nothing():
    """No packets, one packet."""
    assert wrong([], []) == wrong([7], [0]) == []
