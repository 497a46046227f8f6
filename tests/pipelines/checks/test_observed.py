"""The columns that the rules are stated in."""

from __future__ import annotations

import pandas as pd

from pipelines.checks import observed


def test_a_file_in_two_splits_is_seen_by_its_bytes():
    """Two ids for the same bytes count as one file; unrecorded bytes are alike to nobody's."""
    videos = pd.DataFrame({"blake3": ["aa", "aa", "bb", "", None], "split": ["test", "train", "test", "test", "train"]})
    assert observed.videos_table(videos)["splits_of_file"].tolist() == [2, 2, 1, 1, 1]


def test_a_question_gets_the_split_of_its_video():
    """Null where the video is unknown: that is another rule's matter."""
    videos = pd.DataFrame({"video_id": ["a"], "split": ["val"]})
    questions = pd.DataFrame({"video_id": ["a", "b"]})
    seen = observed.questions_table(questions, videos)["split_of_video"]
    assert seen[0] == "val"
    assert pd.isna(seen[1])


def test_a_large_corpus_is_not_read_through(tmp_path):
    """Above the limit sizes are looked at and bytes are not; the limit counts the whole corpus."""
    (tmp_path / "v").write_bytes(b"12345")
    row = {"path": str(tmp_path / "v"), "size": 5, "blake3": "0" * 64}
    videos = pd.DataFrame([row, row]).astype({"size": "Int64"})
    assert observed.videos_rows(videos, digest_limit=9)["blake3_on_disk"].isna().all()
    assert observed.videos_rows(videos, digest_limit=10)["blake3_on_disk"].notna().all()


def test_only_an_open_question_has_nothing_to_count():
    """No options and a worded answer is open; no options and no answer is a broken question with 0 options."""
    base = {"video_id": "a", "text": " why ", "options": [], "answer": -1, "answer_text": "because"}
    rows = [
        base,
        base | {"answer_text": " "},
        base | {"answer": 0},
        base | {"options": None},
        base | {"options": ["a ", "a", None]},
    ]
    videos = pd.DataFrame({"video_id": ["a"]})
    seen = observed.questions_rows(pd.DataFrame(rows).astype({"answer": "Int64"}), videos, {"a"})
    assert seen["options_count"].astype(object).where(seen["options_count"].notna(), None).tolist() == [
        None,
        0,
        0,
        None,
        3,
    ]
    assert seen["options_distinct"].tolist()[4] == 2
    assert seen["options_blank"].tolist()[4] == 1
    assert seen["text_length"].tolist() == [3] * 5
