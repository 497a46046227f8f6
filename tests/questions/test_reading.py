"""Fields and names taken from hostile files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions.collect import Collector
from ntlbg.questions.reading import Row, RowError, load_text, name_below, parse_json, stem
from ntlbg.questions.rows import VideoRow
from ntlbg.records.question import Question

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_a_name_stays_below_its_folder_or_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever the name, the path that comes out leads nowhere else."""
    try:
        path = name_below(tmp_path, "videos", name)
    except RowError:
        return
    real = (tmp_path / path).resolve()
    assert real.is_relative_to((tmp_path / "videos").resolve())
    assert real != (tmp_path / "videos").resolve()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/../../b", "/a", "a//b", "a/", "\\\\host\\a", "C:/a", "a\n", "x" * 300]
)
def test_names_that_are_no_plain_relative_ones_are_refused(tmp_path: Path, name: str) -> None:
    """Absolute, climbing, empty, foreign or endless names."""
    with pytest.raises(RowError):
        name_below(tmp_path, "videos", name)


def test_links_may_stay_inside_but_not_lead_out(tmp_path: Path) -> None:
    """A link within the folder is fine, one to elsewhere or to itself is not; the folder itself may be a link."""
    real = tmp_path / "disk"
    real.mkdir()
    (real / "a.mp4").write_bytes(b"x")
    (tmp_path / "videos").symlink_to(real)
    (real / "b.mp4").symlink_to(real / "a.mp4")
    (real / "c.mp4").symlink_to(tmp_path)
    (real / "d.mp4").symlink_to(real / "d.mp4")
    assert name_below(tmp_path, "videos", "b.mp4") == "videos/b.mp4"
    with pytest.raises(RowError, match="leads out"):
        name_below(tmp_path, "videos", "c.mp4")
    assert name_below(tmp_path, "videos", "d.mp4")  # a link to itself opens nothing; it counts as missing


@given(JSON)
def test_any_value_is_taken_or_refused_with_a_reason(value: object) -> None:
    """Fields of any shape end in a checked value or in a RowError, never in another exception."""
    takes = (Row.text, Row.word, Row.optional_word, Row.number, Row.integer, Row.texts)
    for row in (value, {"x": value}):
        for take in takes:
            with suppress(RowError):
                take(Row(row), "x")


def test_json_is_strict() -> None:
    """NaN, Infinity and endless nesting are refused."""
    for text in ("NaN", "[Infinity]", "[" * 100_000):
        with pytest.raises(ValueError, match=r".+"):
            parse_json(text)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """A folder, a missing file and bytes that are not UTF-8."""
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        load_text(tmp_path / "x")
    with pytest.raises(InputError, match="no such file"):
        load_text(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"), [("a.mp4", "a"), ("a/b.c.mp4", "a/b.c"), ("a.b/c", "a.b/c"), (".x", ".x")]
)
def test_stem_takes_the_last_suffix_off(name: str, expected: str) -> None:
    """And leaves folders alone."""
    assert stem(name) == expected


def test_collected_ids_stay_unique() -> None:
    """A question id twice, and one video id for two files, are defects of the later row."""
    collector = Collector("own", Path())

    def parse(row: Row, origin: str):  # type: ignore[no-untyped-def]
        return VideoRow("own-a", "own", row.text("path")), Question(row.text("id"), "own-a", "own", "?"), []

    collector.add_all(
        "f", [{"path": "a.mp4", "id": "1"}, {"path": "a.mp4", "id": "1"}, {"path": "a.mkv", "id": "2"}], parse
    )
    benchmark = collector.benchmark()
    assert [q.question_id for q in benchmark.questions] == ["1"]
    assert ["taken" in d.reason or "suffix" in d.reason for d in benchmark.defects] == [True, True]
