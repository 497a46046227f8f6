"""Observations: columns added to the tables so that each rule is a plain statement about columns.

Great Expectations then judges them, and its pages show what was seen.
"""

from __future__ import annotations

import pandas as pd

from ntlbg.progress import track
from pipelines.checks.files import FILE, look


def videos_table(videos: pd.DataFrame) -> pd.DataFrame:
    """Adds splits_of_file: in how many splits the bytes of this row's file stand (1 where they were not recorded)."""
    recorded = videos["blake3"].where(videos["blake3"].fillna("") != "")
    splits = videos.groupby(recorded)["split"].nunique()
    return videos.assign(splits_of_file=recorded.map(splits).fillna(1).astype("int64"))


def questions_table(questions: pd.DataFrame, videos: pd.DataFrame) -> pd.DataFrame:
    """Adds split_of_video (null where no such video is known). Needs unique video ids."""
    return questions.assign(split_of_video=questions["video_id"].map(videos.set_index("video_id")["split"]))


def videos_rows(videos: pd.DataFrame, *, digest_limit: int) -> pd.DataFrame:
    """Adds found, size_on_disk, blake3_on_disk, blake3_recorded: what lies on disk beside what was recorded.

    digest_limit, in bytes: a corpus that is recorded as larger is checked by size alone, as reading a downloaded
    benchmark of 160 GB anew takes longer than all the rest of this stage. What was not read is null, never guessed.
    """
    digest = int(videos["size"].fillna(0).clip(lower=0).sum()) <= digest_limit
    recorded = videos["blake3"].fillna("")
    rows = zip(videos["path"].fillna(""), videos["size"], recorded != "", strict=True)
    seen = [
        look(path, size=None if pd.isna(size) else int(size), digest=digest and comparable)
        for path, size, comparable in track(rows, "check files", total=len(videos), unit="videos")
    ]
    found = pd.Series([one.found for one in seen], index=videos.index, dtype="object")
    return videos.assign(
        found=found,
        size_on_disk=pd.array([one.size for one in seen], dtype="Int64"),
        blake3_on_disk=pd.Series([one.blake3 for one in seen], index=videos.index, dtype="object"),
        # a file that is not there has no digest to miss: one reason is enough
        blake3_recorded=recorded.where(found == FILE),
    )


def questions_rows(questions: pd.DataFrame, videos: pd.DataFrame, sound: set[str]) -> pd.DataFrame:
    """Adds video (accepted, quarantined, unknown), text_length, options_count, options_blank, options_distinct.

    The three counts are null for an open question: no options, its answer given in words.
    """
    known = set(videos["video_id"])
    options = [
        [("" if option is None else option).strip() for option in row] if row is not None else []
        for row in questions["options"]
    ]
    worded = questions["answer_text"].fillna("").str.strip() != ""
    is_open = [
        not row and answer == -1 and has_words
        for row, answer, has_words in zip(options, questions["answer"].fillna(-1), worded, strict=True)
    ]

    def counts(values: list[int]) -> pd.api.extensions.ExtensionArray:
        pairs = zip(values, is_open, strict=True)
        return pd.array([None if skip else value for value, skip in pairs], dtype="Int64")

    return questions.assign(
        video=[
            "accepted" if video in sound else "quarantined" if video in known else "unknown"
            for video in questions["video_id"]
        ],
        text_length=questions["text"].fillna("").str.strip().str.len().astype("int64"),
        options_count=counts([len(row) for row in options]),
        options_blank=counts([row.count("") for row in options]),
        options_distinct=counts([len(set(row)) for row in options]),
    )
