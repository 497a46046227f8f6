"""outcomes.parquet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.errors import InputError
from ntlbg.video.outcomes import OUTCOMES, read_outcomes, write_outcomes

GOOD = {"video_id": "b", "outcome": "ok", "detail": "", "frames": 2, "timestamps_s": [0.0, 1.0], "width": 4}
BAD = {"video_id": "a", "outcome": "corrupt", "detail": "is damaged", "frames": 0, "timestamps_s": []}


def test_rows_come_back_in_the_order_of_ids_and_bytes_do_not_depend_on_theirs(tmp_path: Path) -> None:
    """Sorted, equal bytes, and what is unknown is null."""
    write_outcomes(tmp_path / OUTCOMES, [GOOD, BAD])
    first = (tmp_path / OUTCOMES).read_bytes()
    write_outcomes(tmp_path / OUTCOMES, [BAD, GOOD])
    assert (tmp_path / OUTCOMES).read_bytes() == first
    rows = read_outcomes(tmp_path)
    assert list(rows) == ["a", "b"]
    assert rows["a"]["width"] is None
    assert rows["b"]["timestamps_s"] == [0.0, 1.0]


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    """One sentence with the path."""
    (tmp_path / OUTCOMES).write_text("video_id,outcome\n")
    with pytest.raises(InputError, match=OUTCOMES):
        read_outcomes(tmp_path)
