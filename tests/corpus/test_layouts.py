"""Forms of planned questions in the benchmarks' categories."""

from __future__ import annotations

from pathlib import Path

from ntlbg.corpus import layouts
from ntlbg.corpus.planted import plan_video


def test_every_form_has_a_category_in_every_layout() -> None:
    """No planned question is without a place to be written."""
    forms = {q.form for i in range(30) for q in plan_video(2, "test", "x", i).questions}
    for table in layouts.CATEGORIES.values():
        assert forms <= set(table)


def test_a_placed_video_is_a_copy(tmp_path: Path) -> None:
    """Spoiling a file of the corpus does not reach the store."""
    (tmp_path / "stored").write_bytes(b"film")
    layouts.place(tmp_path / "stored", tmp_path / "data" / "a.mp4")
    (tmp_path / "data" / "a.mp4").write_bytes(b"spoilt")
    assert (tmp_path / "stored").read_bytes() == b"film"
