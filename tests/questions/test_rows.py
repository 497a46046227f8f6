"""The records that readers return."""

from __future__ import annotations

from ntlbg.questions.rows import Benchmark, Defect, VideoRow


def test_container_is_the_suffix() -> None:
    """Lower case, without the dot, "" where there is none."""
    names = ["a/b.MP4", "a.b.mkv", "noname"]
    assert [VideoRow("v", "own", name).container for name in names] == ["mp4", "mkv", ""]


def test_a_defect_reads_as_a_sentence() -> None:
    """File, row, reason."""
    assert str(Defect("lvb_val.json", 17, "`id` is missing")) == "lvb_val.json, row 17: `id` is missing"


def test_where_a_benchmark_lies_is_no_part_of_what_it_is(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Two copies of a folder hold equal benchmarks."""
    assert Benchmark("own", [], [], root=tmp_path) == Benchmark("own", [], [])
