"""What the base class adds to every rule."""

from __future__ import annotations

import numpy as np

from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.registry import make


def test_masses_default_to_the_frames_nearest_in_time():
    """Without a law a chosen frame stands for the candidates nearest to it; a frame halfway counts for the earlier."""
    video = VideoIndex("v", np.ones((10, 2)), np.arange(10.0), 25.0, 250, 10.0)
    selection = make("uniform").selection(video, np.array([8, 0]))
    assert selection.indices.tolist() == [0, 8]
    np.testing.assert_allclose(selection.masses, [0.5, 0.5])


def test_masses_given_follow_their_frames():
    """Indices in any order keep their own masses."""
    video = VideoIndex("v", np.ones((10, 2)), np.arange(10.0), 25.0, 250, 10.0)
    selection = make("uniform").selection(video, np.array([8, 0, 3]), masses=np.array([0.5, 0.2, 0.3]))
    np.testing.assert_allclose(selection.masses, [0.2, 0.3, 0.5])
