"""Reading the two tables strictly, writing them with the same bytes."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ntlbg.errors import InputError
from pipelines.checks.tables import QUESTIONS, VIDEOS, read_table, write_table


def videos(**columns):
    """One row, with columns replaced; None takes a column away."""
    row = {name: ["x"] if kind == pa.string() else [1] for name, kind in zip(VIDEOS.names, VIDEOS.types, strict=True)}
    return pa.table({name: values for name, values in (row | columns).items() if values is not None})


@pytest.fixture
def written(tmp_path):
    """Writes a table and gives its path."""

    def write(table):
        pq.write_table(table, tmp_path / "videos.parquet")
        return tmp_path / "videos.parquet"

    return write


def test_a_missing_file_names_the_stage_that_writes_it(tmp_path):
    """The first run without a corpus is told what to do."""
    with pytest.raises(InputError, match=r"videos\.parquet: no such file") as error:
        read_table(tmp_path / "videos.parquet", VIDEOS)
    assert "corpus" in error.value.hint


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table" * 100])
def test_a_file_that_is_no_parquet_is_named(tmp_path, content):
    """Whatever the library thinks of the bytes, one sentence comes out."""
    path = tmp_path / "videos.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"videos\.parquet: not a sound parquet file") as error:
        read_table(path, VIDEOS)
    assert "\n" not in error.value.sentence


def test_a_cut_file_is_named(written):
    """Half a file is no file."""
    path = written(videos())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="not a sound parquet file"):
        read_table(path, VIDEOS)


def test_missing_columns_are_all_named(written):
    """Every missing column stands in the one sentence."""
    with pytest.raises(InputError, match="columns `size`, `blake3` missing"):
        read_table(written(videos(size=None, blake3=None)), VIDEOS)


def test_a_column_of_another_type_is_named(written):
    """Text where a number belongs is refused, not converted."""
    with pytest.raises(InputError, match="column `size` holds string, int64 was expected"):
        read_table(written(videos(size=["12"])), VIDEOS)
    with pytest.raises(InputError, match="column `video_id` holds int64, string was expected"):
        read_table(written(videos(video_id=[7])), VIDEOS)


def test_a_number_too_large_for_its_column_is_refused(written):
    """A cast never wraps around."""
    with pytest.raises(InputError, match="does not fit"):
        read_table(written(videos(size=pa.array([2**63 + 1], pa.uint64()))), VIDEOS)


def test_text_that_is_not_utf8_is_refused(written):
    """Broken bytes do not surface later as a crash inside another library."""
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff")]
    )
    with pytest.raises(InputError, match="not a sound parquet file"):
        read_table(written(videos(video_id=broken)), VIDEOS)


def test_other_widths_and_empty_lists_are_the_same_kind(tmp_path):
    """What another version of a library writes for the same values is read: large text, small numbers, no options."""
    kinds = {"options": pa.list_(pa.null()), "answer": pa.int32(), "text": pa.large_string()}
    schema = pa.schema([(f.name, kinds.get(f.name, f.type)) for f in QUESTIONS])
    empty = {pa.string(): "x", pa.large_string(): "x", pa.int32(): -1, pa.float64(): 0.0}
    row = {f.name: empty.get(f.type, []) for f in schema}
    pq.write_table(pa.Table.from_pylist([row], schema), tmp_path / "questions.parquet")
    table = read_table(tmp_path / "questions.parquet", QUESTIONS)
    assert table.schema == QUESTIONS
    assert table["options"].to_pylist() == [[]]


def test_columns_that_are_not_of_the_table_are_left_behind(written):
    """Nothing that the contract does not name (an interval, say) travels on with a question."""
    table = read_table(written(videos(evidence=["12-14 s"])), VIDEOS)
    assert table.column_names == VIDEOS.names


def test_equal_tables_have_equal_bytes(tmp_path):
    """However the rows were chunked and whatever metadata they carry."""
    whole = pa.concat_tables([videos(), videos()]).cast(VIDEOS)
    write_table(tmp_path / "a.parquet", whole)
    write_table(tmp_path / "b.parquet", whole.combine_chunks().replace_schema_metadata({"pandas": "1"}))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
