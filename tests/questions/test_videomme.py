"""Video-MME's layout, read and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions import videomme
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.questions.subtitles import Cue
from ntlbg.questions.subtitles import read as read_cues
from ntlbg.records.question import Question
from tests.questions.conftest import without_origin
from tests.questions.worlds import OPTIONS, STEM, TEXT


def row(**changes: Any) -> dict[str, Any]:
    """One good row of the parquet file."""
    good = {
        "video_id": "001",
        "duration": "short",
        "domain": "Knowledge",
        "sub_category": "Humanity & History",
        "url": "https://example.org/watch?v=fFjv93ACGo8",
        "videoID": "fFjv93ACGo8",
        "question_id": "001-1",
        "task_type": "Counting Problem",
        "question": "How many are there?",
        "options": ["A. 1.", "B. 2.", "C. 3.", "D. 4."],
        "answer": "C",
    }
    return {**good, **changes}


def folder_of(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    (tmp_path / "videomme").mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), tmp_path / videomme.ANNOTATION)
    return tmp_path


def test_real_test_file_is_read_whole(annotations: Path) -> None:
    """2,700 questions on 900 videos, 900 a length, four options each, always-B at 27.2 %."""
    if not (annotations / "videomme").is_dir():
        pytest.skip("its licence forbids passing the annotations on; put a download's `videomme` folder there")
    read = videomme.read(annotations / "videomme")
    assert (len(read.questions), len(read.videos), read.defects) == (2700, 900, [])
    assert {g: sum(q.group == g for q in read.questions) for g in ("short", "medium", "long")} == {
        "short": 900,
        "medium": 900,
        "long": 900,
    }
    assert sum(q.answer == 1 for q in read.questions) == 735


def test_letters_come_off_the_options(tmp_path: Path) -> None:
    """Options lose their letters, the answer letter becomes a place."""
    question = videomme.read(folder_of(tmp_path, row())).questions[0]
    assert question.options == ("1.", "2.", "3.", "4.")
    assert (question.answer, question.answer_text, question.group) == (2, "3.", "short")
    assert question.metadata["origin"] == "videomme/test-00000-of-00001.parquet row 1"


@pytest.mark.parametrize("name", ["fFjv93ACGo8.mp4", "fFjv93ACGo8.MP4", "fFjv93ACGo8.mkv", "fFjv93ACGo8.webm"])
@pytest.mark.parametrize("place", ["data", "video"])
def test_the_video_is_found_by_its_own_id_and_any_suffix(tmp_path: Path, name: str, place: str) -> None:
    """`videoID` names the file, in either folder that the two harnesses unpack to."""
    (tmp_path / place).mkdir()
    (tmp_path / place / name).write_bytes(b"x")
    assert videomme.read(folder_of(tmp_path, row())).videos[0].path == f"{place}/{name}"


def test_a_missing_video_and_missing_subtitles_are_no_error_here(tmp_path: Path) -> None:
    """A video that was not downloaded keeps its place; only subtitles that exist are named."""
    read = videomme.read(folder_of(tmp_path, row()))
    assert (read.videos[0].path, read.questions[0].subtitle_path) == ("data/fFjv93ACGo8.mp4", None)
    (tmp_path / "subtitle").mkdir()
    (tmp_path / "subtitle" / "fFjv93ACGo8.srt").write_text("")
    assert videomme.read(tmp_path).questions[0].subtitle_path == "subtitle/fFjv93ACGo8.srt"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"videoID": "../../etc/passwd"}, "not a plain relative"),
        ({"videoID": "/etc/passwd"}, "not a plain relative"),
        ({"videoID": "out"}, "leads out"),
        ({"answer": "E"}, "none of the letters"),
        ({"answer": "AB"}, "none of the letters"),
        ({"answer": None}, "missing"),
        ({"options": ["A. 1", "C. 2"]}, "does not begin with `B.`"),
        ({"options": ["A. 1"]}, "2 to 26"),
        ({"question": " "}, "empty"),
    ],
)
def test_hostile_rows_are_named_and_the_rest_is_read(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """A bad row is a defect with file, row and reason, and costs no other row."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out.mp4").symlink_to("/etc/hostname")
    read = videomme.read(folder_of(tmp_path, row(), row(**{"question_id": "001-2", **changes})))
    assert len(read.questions) == 1
    assert [(d.file, d.row) for d in read.defects] == [(videomme.ANNOTATION, 2)]
    assert reason in read.defects[0].reason


def test_a_broken_or_foreign_table_is_one_clear_error(tmp_path: Path) -> None:
    """No table, a table without a column, and bytes that are no table each name the culprit."""
    with pytest.raises(InputError, match="no file matches"):
        videomme.read(tmp_path)
    broken = row()
    del broken["task_type"]
    with pytest.raises(InputError, match="task_type"):
        videomme.read(folder_of(tmp_path, broken))
    (tmp_path / videomme.ANNOTATION).write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(InputError, match="not a readable parquet"):
        videomme.read(tmp_path)


@st.composite
def benchmarks(draw: st.DrawFn) -> Benchmark:
    """Any benchmark that the layout can hold."""
    videos, questions = [], []
    for v, stem in enumerate(draw(st.lists(STEM, min_size=1, max_size=4, unique=True))):
        group = draw(st.sampled_from(["short", "medium", "long"]))
        video = VideoRow(f"videomme-{stem}", "videomme", f"data/{stem}.mp4", "test", group)
        videos.append(video)
        for n in range(draw(st.integers(1, 3))):
            options = draw(OPTIONS)
            answer = draw(st.integers(0, len(options) - 1))
            category = draw(st.sampled_from(["OCR Problems", "Object Reasoning", "Information Synopsis"]))
            questions.append(
                Question(
                    question_id=f"videomme-{v:03d}-{n}",
                    video_id=video.video_id,
                    benchmark="videomme",
                    text=draw(TEXT),
                    options=options,
                    answer=answer,
                    answer_text=options[answer],
                    kind=videomme.KINDS.get(category),
                    category=category,
                    group=group,
                    metadata={"video_id": f"{v:03d}", "domain": "Life Record"},
                )
            )
    return Benchmark("videomme", videos, questions)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(benchmark=benchmarks())
def test_what_is_written_is_read(tmp_path: Path, benchmark: Benchmark) -> None:
    """read(write(x)) == x."""
    videomme.write(tmp_path, benchmark.videos, benchmark.questions)
    assert without_origin(videomme.read(tmp_path)) == benchmark


def test_subtitles_are_written_as_the_benchmark_has_them(tmp_path: Path) -> None:
    """Font tags and entities in the file, plain text out of it."""
    videomme.write(tmp_path, [], [], {"subtitle/x.srt": [Cue(1.0, 2.5, "Salt & <pepper>")]})
    assert '<font color="white"' in (tmp_path / "subtitle" / "x.srt").read_text()
    assert read_cues(tmp_path / "subtitle" / "x.srt") == [Cue(1.0, 2.5, "Salt & <pepper>")]
