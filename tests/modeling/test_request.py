"""What a request refuses."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.request import Request
from ntlbg.records.prompt import Prompt
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex

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


@pytest.mark.parametrize(
    ("query", "indices", "says"),
    [
        (None, (0, 1, 2), "relevance"),
        (Query("?", np.zeros(4)), (0, 1, 2), "relevance"),
        (Query("?", np.zeros(5)), (0, 1), "2 indices"),
        (Query("?", np.zeros(5)), (0, 2, 1), "do not rise"),
        (Query("?", np.zeros(5)), (0, 1, 5), "not of its 5 frames"),
    ],
)
def test_what_a_trained_model_is_given_must_fit_the_frames(query, indices, says):
    """Features come with a relevance for each, and the shown frames are rising places among them."""
    index = VideoIndex("v", np.zeros((5, 3)), np.arange(5.0), 1.0, 5, 5.0)
    with pytest.raises(InputError, match=says):
        Request(FRAMES, np.arange(3.0), Prompt("?"), index=index, query=query, indices=indices)


def test_a_request_for_a_trained_model_keeps_its_context():
    """Index, query and indices are carried as they are."""
    index, query = VideoIndex("v", np.zeros((5, 3)), np.arange(5.0), 1.0, 5, 5.0), Query("?", np.zeros(5))
    request = Request(FRAMES, np.arange(3.0), Prompt("?"), index=index, query=query, indices=np.array([0, 2, 4]))
    assert request.index is index
    assert request.query is query
    assert request.indices == (0, 2, 4)


def test_visual_tokens_take_the_place_of_frames():
    """As many as timestamps and indices, with the features of their video, and never beside frames."""
    index, query = VideoIndex("v", np.zeros((5, 3)), np.arange(5.0), 1.0, 5, 5.0), Query("?", np.zeros(5))
    told = {"index": index, "query": query, "indices": (0, 2, 4), "visual": np.zeros((3, 1, 8))}
    assert len(Request(FRAMES[:0], np.arange(3.0), Prompt("?"), **told).frames) == 0
    with pytest.raises(InputError, match="came with frames"):
        Request(FRAMES, np.arange(3.0), Prompt("?"), **told)
    with pytest.raises(InputError, match="2 frames came with timestamps"):
        Request(FRAMES[:0], np.arange(3.0), Prompt("?"), **(told | {"visual": np.zeros((2, 1, 8))}))
    with pytest.raises(InputError, match="without the features"):
        Request(FRAMES[:0], np.arange(3.0), Prompt("?"), visual=np.zeros((3, 1, 8)))
