"""Each rule is broken by exactly the rows that break it."""

from __future__ import annotations

from itertools import chain

import pandas as pd
import pytest

from pipelines.checks.docs import judge
from pipelines.checks.suites import SUITES


@pytest.fixture(scope="module")
def check():
    """One judge for all suites: starting it is the slow part."""
    with judge() as by:
        yield lambda suite, frame, key: {v.says: list(v.rows) for v in by.check(suite, frame, key=key) if not v.passed}


def test_every_rule_says_something_of_its_own():
    """A reason names one rule, and its placeholders are plain column names."""
    for suite in SUITES.values():
        says = [rule.meta["says"] for rule in suite()]
        assert len(set(says)) == len(says)
        assert all(says)


def test_rules_of_the_video_table(check):
    """Row 0 is sound; each further row breaks one rule, and no other rule speaks up."""
    sound = {"video_id": "a", "benchmark": "mlvu", "split": "test", "splits_of_file": 1}
    rows = [
        sound,
        sound | {"video_id": "twice"},
        sound | {"video_id": "twice"},
        sound | {"video_id": "b", "benchmark": "MLVU"},
        sound | {"video_id": "c", "split": "dev"},
        sound | {"video_id": "d", "splits_of_file": 2},
        sound | {"video_id": ""},
        sound | {"video_id": None},
        sound | {"video_id": "e", "split": None},
    ]
    assert check("videos_table", pd.DataFrame(rows), "video_id") == {
        "the same `video_id`, `{video_id}`": [1, 2],
        "unknown `benchmark`, `{benchmark}`": [3],
        "unknown `split`, `{split}`": [4],
        "the same video file in more than one `split`": [5],
        "an empty `video_id`": [6],
        "no `video_id`": [7],
        "no `split`": [8],
    }


def test_rules_of_the_question_table(check):
    """A question in another split than its video; an unknown video is no matter of this suite."""
    sound = {"question_id": "a", "video_id": "v", "benchmark": "own", "split": "val", "split_of_video": "val"}
    rows = [
        sound,
        sound | {"question_id": "b", "split_of_video": "test"},
        sound | {"question_id": "c", "split_of_video": None},
        sound | {"question_id": "c"},
    ]
    found = check("questions_table", pd.DataFrame(rows), "question_id")
    assert list(found.values()) == [[2, 3], [1]]
    assert list(found)[1].startswith("`split` is `{split}`, but video")


def test_rules_of_single_videos(check):
    """What was not read (null) breaks nothing; what differs does."""
    digest, other = "a" * 64, "b" * 64
    sound = {
        "video_id": "v",
        "path": "p",
        "size": 5,
        "found": "file",
        "size_on_disk": 5,
        "blake3_on_disk": digest,
        "blake3_recorded": digest,
    }
    gone = {"size_on_disk": None, "blake3_on_disk": None, "blake3_recorded": None}
    rows = [
        sound,
        sound | {"blake3_on_disk": None},
        sound | gone | {"found": "missing"},
        sound | {"size_on_disk": 0, "size": 0, "blake3_on_disk": None},
        sound | {"size_on_disk": 6, "blake3_on_disk": None},
        sound | {"blake3_on_disk": other},
        sound | {"blake3_on_disk": None, "blake3_recorded": "zz"},
        sound | {"size": None},
    ]
    frame = pd.DataFrame(rows).astype({"size": "Int64", "size_on_disk": "Int64"})
    assert list(check("videos_rows", frame, "video_id").values()) == [[2], [3], [7], [4], [6], [5]]


def test_rules_of_single_questions(check):
    """Counts are null for an open question, and a hidden answer is -1: both are sound."""
    sound = {
        "question_id": "q",
        "video_id": "v",
        "video": "accepted",
        "text_length": 3,
        "options_count": 4,
        "options_blank": 0,
        "options_distinct": 4,
        "answer": 3,
        "kind": "one_moment",
    }
    uncounted = {"options_count": None, "options_blank": None, "options_distinct": None}
    rows = [
        sound,
        sound | uncounted | {"answer": -1, "kind": ""},
        sound | {"answer": -1},
        sound | {"video": "quarantined"},
        sound | {"text_length": 0},
        sound | {"options_count": 1, "options_distinct": 1, "answer": 0},
        sound | {"options_blank": 1},
        sound | {"options_distinct": 3},
        sound | {"answer": None},
        sound | {"answer": -2},
        sound | {"answer": 4},
        sound | {"kind": "two_moments"},
        sound | {"video": "unknown"},
    ]
    numbers = dict.fromkeys(["answer", *uncounted], "Int64")
    frame = pd.DataFrame(rows).astype(numbers)
    found = list(check("questions_rows", frame, "question_id").values())
    assert found == [[3, 12], [4], [5], [6], [7], [8], [9], [10], [11]]
    assert sorted(chain.from_iterable(found)) == list(range(3, 13))
