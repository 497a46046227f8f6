import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.arrays import indices_sha256
from ntlbg.records.prompt import Prompt
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex


def index(**changes):
    values = {
        "video_id": "v",
        "features": np.ones((3, 2)),
        "timestamps_s": [0.0, 1.0, 2.5],
        "native_fps": 24.0,
        "frame_count": 60,
        "duration_s": 2.5,
    }
    return VideoIndex(**{**values, **changes})


def test_a_record_cannot_be_changed():
    """Arrays of records are read-only, and the caller's own array stays writable."""
    mine = np.ones((3, 2), np.float32)
    video = index(features=mine)
    with pytest.raises(ValueError, match="read-only"):
        video.features[0, 0] = 2
    mine[0, 0] = 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"features": np.ones(3)}, "shape"),
        ({"features": np.ones((0, 2)), "timestamps_s": []}, "T ≥ 1"),
        ({"timestamps_s": [0.0, 1.0]}, "2 timestamps for 3"),
        ({"timestamps_s": [0.0, 1.0, 1.0]}, "increase"),
        ({"features": np.array([[1, 2], [np.nan, 1], [1, 1]])}, r"features\[1, 0\]"),
    ],
)
def test_a_wrong_video_index_is_refused_in_one_sentence(changes, says):
    """Shapes, order of times and finiteness are checked on construction, naming the place."""
    with pytest.raises(InputError, match=says):
        index(**changes)


def test_relevance_must_be_finite():
    """The first frame whose relevance is not finite is named."""
    with pytest.raises(InputError, match=r"relevance\[2\]"):
        Query("q", np.array([0, 1, np.inf]))


@pytest.mark.parametrize(
    ("indices", "masses"), [([1, 0], [0.5, 0.5]), ([0, 0], [0.5, 0.5]), ([0, 1], [0.5, 0.6]), ([0, 1], [1.5, -0.5])]
)
def test_a_selection_is_sorted_unique_and_weighs_one(indices, masses):
    """Unsorted or repeated indices and masses that are no distribution are refused."""
    with pytest.raises(InputError):
        Selection(np.array(indices), np.array([0.0, 1.0]), np.array(masses), "x")


def test_the_hash_of_a_selection_is_that_of_its_indices():
    """sha256 depends on the indices alone, and is the documented text's."""
    one = Selection(np.array([1, 5]), np.array([0.1, 0.5]), np.array([0.5, 0.5]), "a")
    other = Selection(np.array([1, 5]), np.array([1.0, 5.0]), np.array([0.25, 0.75]), "b")
    assert one.sha256 == other.sha256 == indices_sha256(np.array([1, 5], np.int32))
    assert one.sha256 == "e10f709ed16cc5cdcb71a16d00c7fcc7886d6fadbb3099f8a23c8815f47ec477"  # of "1,5"


def test_every_part_of_a_prompt_is_in_its_hash():
    """Another system text, user text or prefill gives another prompt hash."""
    prompts = [Prompt("a"), Prompt("b"), Prompt("a", system="s"), Prompt("a", prefill="p")]
    assert len({p.sha256 for p in prompts}) == 4
