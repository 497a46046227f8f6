"""MLVU's layouts, read and written."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions import mlvu
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.records.question import Question
from tests.questions.conftest import without_origin
from tests.questions.worlds import OPTIONS, STEM, TEXT


def row(**changes: Any) -> dict[str, Any]:
    """One good row of 2_needle.json."""
    good = {
        "video": "needle_32.mp4",
        "duration": 467.98,
        "question": "What does the hand do?",
        "candidates": ["Waves", "Points", "Rests", "Claps"],
        "answer": "Points",
        "question_type": "findNeedle",
    }
    return {**good, **changes}


def folder_of(tmp_path: Path, *rows: Any, name: str = "2_needle") -> Path:
    (tmp_path / "json").mkdir(exist_ok=True)
    (tmp_path / "json" / f"{name}.json").write_text(json.dumps(list(rows)))
    return tmp_path


def test_real_task_files_are_read_whole_and_their_defects_are_named(annotations: Path) -> None:
    """Of 2,593 rows, 2,175 of them multiple choice, 18 are defects: 16 repeat a candidate, 2 have a foreign answer."""
    read = mlvu.read(annotations / "mlvu")
    assert len(read.questions) + len(read.defects) == 2593
    choice = [q for q in read.questions if q.options]
    assert len(choice) + len(read.defects) == 2175
    foreign = [(d.file, d.row) for d in read.defects if "not among its options" in d.reason]
    assert foreign == [("json/2_needle.json", 35), ("json/2_needle.json", 339)]
    twice = Counter(d.file for d in read.defects if "listed twice" in d.reason)
    assert twice == {"json/1_plotQA.json": 5, "json/6_anomaly_reco.json": 9, "json/7_topic_reasoning.json": 2}
    assert Counter(q.category for q in read.questions if not q.options) == {"sub_scene": 201, "summary": 217}


def test_real_mirror_table_is_read_whole(annotations: Path, tmp_path: Path) -> None:
    """2,174 rows; the options appended to the questions are off again, answers agree with the task files."""
    (tmp_path / "mlvu").mkdir()
    shutil.copy(
        annotations / "mlvu" / "mlvu_dev.test-00000-of-00001.parquet",
        tmp_path / "mlvu" / "test-00000-of-00001.parquet",
    )
    read = mlvu.read(tmp_path)
    assert len(read.questions) + len(read.defects) == 2174
    assert not any("(A)" in q.text for q in read.questions)
    official = {(q.video_id, q.text.strip(), q.options): q.answer for q in mlvu.read(annotations / "mlvu").questions}
    shared = [q for q in read.questions if (q.video_id, q.text, q.options) in official]
    assert len(shared) > 2100
    assert all(official[q.video_id, q.text, q.options] == q.answer for q in shared)


def test_answer_text_becomes_a_place_and_the_row_an_id(tmp_path: Path) -> None:
    """The right option is found by its text; ids come from task and row."""
    question = mlvu.read(folder_of(tmp_path, row())).questions[0]
    assert (question.answer, question.answer_text, question.category) == (1, "Points", "needle")
    assert question.question_id == mlvu.question_id("needle", 1) == "mlvu-2_needle-1"
    assert question.metadata["origin"] == "json/2_needle.json row 1"


@pytest.mark.parametrize(("answer", "place"), [("C", 2), ("BC", 3), ("ABC", None), ("E", None)])
def test_a_mirrors_answer_is_one_letter_or_an_option(tmp_path: Path, answer: str, place: int | None) -> None:
    """Several letters in a row are no letter: the row is judged like any other text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "mlvu").mkdir()
    mirrored = {
        **{"video_name": "a.mp4", "duration": 10, "question": "What?\n(A) x", "candidates": ["x", "y", "z", "BC"]},
        **{"answer": answer, "task_type": "needle", "question_id": "q"},
    }
    pq.write_table(pa.Table.from_pylist([mirrored]), tmp_path / "mlvu" / "test-00000-of-00001.parquet")
    read = mlvu.read(tmp_path)
    assert [q.answer for q in read.questions] == ([] if place is None else [place])
    assert len(read.defects) == (place is None)


def test_open_tasks_keep_their_answer_and_points(tmp_path: Path) -> None:
    """sub_scene has no candidates: no options, an answer text, scoring points."""
    open_row = row(question_type="subPlot", scoring_points=["one", "two"])
    del open_row["candidates"]
    question = mlvu.read(folder_of(tmp_path, open_row, name="8_sub_scene")).questions[0]
    assert (question.options, question.answer, question.answer_text) == ((), None, "Points")
    assert json.loads(question.metadata["scoring_points"]) == ["one", "two"]


def test_one_video_of_several_tasks_is_one_video(tmp_path: Path) -> None:
    """Tasks share a video by its file name; the copy that exists is the one that is read."""
    folder_of(tmp_path, row())
    folder_of(tmp_path, row(question_type="order"), name="5_order")
    (tmp_path / "video" / "5_order").mkdir(parents=True)
    (tmp_path / "video" / "5_order" / "needle_32.mp4").write_bytes(b"film")
    read = mlvu.read(tmp_path)
    assert [v.path for v in read.videos] == ["video/5_order/needle_32.mp4"]
    assert len(read.questions) == 2
    (tmp_path / "video" / "2_needle").mkdir()
    (tmp_path / "video" / "2_needle" / "needle_32.mp4").write_bytes(b"another film")
    clash = mlvu.read(tmp_path)
    assert [d.file for d in clash.defects] == ["json/5_order.json"]
    assert "two videos" in clash.defects[0].reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"video": "../../../etc/passwd"}, "not a plain relative"),
        ({"video": "/etc/passwd"}, "not a plain relative"),
        ({"video": "out.mp4"}, "leads out"),
        ({"answer": "Dances"}, "answer `Dances` is not among its options `Waves`, `Points`, `Rests`, `Claps`"),
        ({"candidates": ["Points", "Rests", "Rests"]}, "`Rests` is listed twice"),
        ({"question_type": "order"}, "`question_type` is `order` in the file of `needle`"),
        ({"duration": -1}, "finite number of at least 0"),
        ({"candidates": None}, "missing"),
        ({"video": {"a": 1}}, "not text"),
    ],
)
def test_hostile_rows_are_named_and_the_rest_is_read(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """A bad row is a defect with file, row and reason, and costs no other row."""
    (tmp_path / "video" / "2_needle").mkdir(parents=True)
    (tmp_path / "video" / "2_needle" / "out.mp4").symlink_to("/etc/hostname")
    read = mlvu.read(folder_of(tmp_path, row(), row(**changes)))
    assert len(read.questions) == 1
    assert [(d.file, d.row) for d in read.defects] == [("json/2_needle.json", 2)]
    assert reason in read.defects[0].reason


def test_a_folder_without_annotations_is_one_clear_error(tmp_path: Path) -> None:
    """Neither layout there: the folder is named."""
    with pytest.raises(InputError, match="holds no MLVU annotations"):
        mlvu.read(tmp_path)


@st.composite
def benchmarks(draw: st.DrawFn) -> Benchmark:
    """Any benchmark that the JSON layout can hold, in the order that reading gives."""
    stems = draw(st.lists(STEM, min_size=1, max_size=3, unique=True))
    tasks = sorted(draw(st.sets(st.sampled_from(mlvu.TASKS), min_size=1)), key=mlvu.TASKS.index)
    duration = {s: draw(st.floats(1, 9000)) for s in stems}
    videos: dict[str, VideoRow] = {}
    questions = []
    for task in tasks:
        for n in range(draw(st.integers(1, 3))):
            stem = draw(st.sampled_from(stems))
            path = f"video/{mlvu.task_folder(task)}/{stem}.mp4"
            video = videos.setdefault(stem, VideoRow(f"mlvu-{stem}", "mlvu", path, duration_s=duration[stem]))
            options = () if task in mlvu.OPEN else draw(OPTIONS)
            answer = draw(st.integers(0, len(options) - 1)) if options else None
            questions.append(
                Question(
                    question_id=mlvu.question_id(task, n + 1),
                    video_id=video.video_id,
                    benchmark="mlvu",
                    text=draw(TEXT),
                    options=options,
                    answer=answer,
                    answer_text=draw(TEXT) if answer is None else options[answer],
                    kind=mlvu.KINDS.get(task),
                    category=task,
                )
            )
    return Benchmark("mlvu", list(videos.values()), questions)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(benchmark=benchmarks())
def test_what_is_written_is_read(tmp_path: Path, benchmark: Benchmark) -> None:
    """read(write(x)) == x."""
    shutil.rmtree(tmp_path / "json", ignore_errors=True)
    mlvu.write(tmp_path, benchmark.videos, benchmark.questions)
    assert without_origin(mlvu.read(tmp_path)) == benchmark
