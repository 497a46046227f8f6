"""What a request refuses."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.request import Request
from ntlbg.records.prompt import Prompt

FRAMES = np.zeros((3, 32, 48, 3), np.uint8)


def test_no_frames_is_a_request_too():
    """The blind arm asks with k = 0, whatever the shape of its empty array."""
    for empty in (np.zeros((0, 32, 48, 3), np.uint8), np.zeros(0)):
        assert len(Request(empty, np.zeros(0), Prompt("?")).frames) == 0


@pytest.mark.parametrize(
    ("frames", "times", "says"),
    [
        (FRAMES.astype(float), [0, 1, 2], "uint8"),
        (FRAMES[..., :2], [0, 1, 2], "uint8"),
        (FRAMES, [0, 1], "timestamps"),
        (FRAMES, [0, 2, 1], r"timestamps_s\[2\]"),
        (FRAMES, [0, np.nan, 2], r"timestamps_s\[1\]"),
    ],
)
def test_a_wrong_request_names_what_is_wrong(frames, times, says):
    """A malformed request is refused before any model sees it."""
    with pytest.raises(InputError, match=says):
        Request(frames, np.array(times, float), Prompt("?"))
