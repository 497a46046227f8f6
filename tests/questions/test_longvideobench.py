"""LongVideoBench's layout, read and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions import longvideobench as lvb
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.questions.subtitles import Cue
from ntlbg.questions.subtitles import read as read_cues
from ntlbg.records.question import Evidence, Kind, Question
from tests.questions.conftest import without_origin
from tests.questions.worlds import OPTIONS, STEM, TEXT


def row(**changes: Any) -> dict[str, Any]:
    """One good row of lvb_val.json."""
    good = {
        "video_id": "abc",
        "question": "What is the man holding?",
        "question_wo_referring_query": "What is held?",
        "candidates": ["A cup", "A pen", "A cat"],
        "correct_choice": 1,
        "position": [240, 480],
        "topic_category": "NP-News-Programs",
        "question_category": "SAA",
        "level": "L2-Relation",
        "id": "abc_0",
        "video_path": "abc.mp4",
        "subtitle_path": "abc_en.json",
        "duration_group": 60,
        "starting_timestamp_for_subtitles": 12,
        "duration": 30.5,
        "view_count": 7,
    }
    return {**good, **changes}


def folder_of(tmp_path: Path, *rows: Any, name: str = "lvb_val.json") -> Path:
    (tmp_path / name).write_text(json.dumps(list(rows)))
    return tmp_path


def test_real_validation_file_is_read_whole(annotations: Path) -> None:
    """1,337 questions on 753 videos, 5, 4 or 3 options, no defect; odd `video_id`s name no file."""
    read = lvb.read(annotations / "longvideobench")
    assert (len(read.questions), len(read.videos), read.defects) == (1337, 753, [])
    options = [len(q.options) for q in read.questions]
    assert [options.count(n) for n in (5, 4, 3)] == [983, 353, 1]
    groups = [q.group for q in read.questions]
    assert {g: groups.count(g) for g in set(groups)} == {"15": 189, "60": 172, "600": 412, "3600": 564}
    assert sum("video_id" in q.metadata for q in read.questions) == 135
    assert sum(q.subtitle_offset_s != 0 for q in read.questions) == 250
    assert all(q.kind is not None and q.answer is not None for q in read.questions)


def test_real_positions_lie_in_their_videos(annotations: Path) -> None:
    """On the 24-fps timeline every kept position is at most a second beyond the end; the corrupt one is discarded."""
    read = lvb.read(annotations / "longvideobench")
    duration = {v.video_id: v.duration_s for v in read.videos}
    of = {q.question_id: duration[q.video_id] for q in read.questions}
    assert all(0 <= e.start_s <= (of[e.question_id] or 0) + 1 and e.tolerance_s == 2.0 for e in read.evidence)
    assert {e.question_id for e in read.evidence} == set(of)
    corrupt = [round(e.start_s * 24) for e in read.evidence if e.question_id.endswith("Z-1lgAXOEc8_0")]
    assert corrupt == [22, 778, 6691, 3242]


def test_paths_come_from_the_paths_not_from_the_id(tmp_path: Path) -> None:
    """`@user-123` may own `123.mp4`: the file is what counts, the id is kept as it was."""
    folder = folder_of(tmp_path, row(video_id="@user-123", video_path="123.mp4", subtitle_path="123_en.json"))
    read = lvb.read(folder)
    assert (read.videos[0].path, read.videos[0].video_id) == ("videos/123.mp4", "longvideobench-123")
    assert read.questions[0].subtitle_path == "subtitles/123_en.json"
    assert read.questions[0].metadata["video_id"] == "@user-123"


def test_test_file_has_no_answers(tmp_path: Path) -> None:
    """Where no row has an answer, every answer is None; where some have, one without is a defect."""
    hidden = row()
    del hidden["correct_choice"], hidden["position"]
    folder = folder_of(tmp_path, hidden, name="lvb_test_wo_gt.json")
    question = lvb.read(folder, "lvb_test_wo_gt.json").questions[0]
    assert (question.answer, question.answer_text) == (None, None)
    assert lvb.read(folder, "lvb_test_wo_gt.json").evidence == []
    mixed = lvb.read(folder_of(tmp_path, row(), {**hidden, "id": "abc_1"}))
    assert [d.reason for d in mixed.defects] == ["`correct_choice` is missing"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"video_path": "/etc/passwd"}, "not a plain relative"),
        ({"video_path": "../../x.mp4"}, "not a plain relative"),
        ({"video_path": "out/x.mp4"}, "leads out"),
        ({"video_path": "c:\\x.mp4"}, "not a plain relative"),
        ({"subtitle_path": "../x.json"}, "not a plain relative"),
        ({"correct_choice": 3}, "counted from 0"),
        ({"correct_choice": -1}, "counted from 0"),
        ({"correct_choice": True}, "not a whole number"),
        ({"candidates": ["one"]}, "2 to 26"),
        ({"candidates": ["one", 2]}, "not text"),
        ({"duration": "12"}, "not a number"),
        ({"duration": 10**400}, "finite"),
        ({"position": [1.5]}, "whole numbers"),
        ({"question": "\ud800"}, "not text"),
        ({"id": "a\nb"}, "control characters"),
        ({"question": ""}, "empty"),
        ({"question_category": None}, "missing"),
    ],
)
def test_hostile_rows_are_named_and_the_rest_is_read(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """A bad row is a defect with file, row and reason, and costs no other row."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "out").symlink_to("/etc")
    read = lvb.read(folder_of(tmp_path, row(), row(**{"id": "abc_1", **changes})))
    assert [q.question_id for q in read.questions] == ["longvideobench-abc_0"]
    assert [(d.file, d.row) for d in read.defects] == [("lvb_val.json", 2)]
    assert reason in read.defects[0].reason


def test_rows_that_are_no_objects_and_ids_that_repeat_are_defects(tmp_path: Path) -> None:
    """A number among the rows, and a second row of the same id, are left out by name."""
    read = lvb.read(folder_of(tmp_path, row(), 7, row()))
    assert [d.row for d in read.defects] == [2, 3]
    assert len(read.questions) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[NaN]", b"\xff\xfe", b"[" * 200_000])
def test_a_file_that_is_no_list_of_rows_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    """Unreadable annotations end in one sentence that names the file."""
    (tmp_path / "lvb_val.json").write_bytes(content)
    with pytest.raises(InputError, match=r"lvb_val\.json"):
        lvb.read(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        lvb.read(tmp_path / "nowhere")


@st.composite
def benchmarks(draw: st.DrawFn) -> Benchmark:
    """Any benchmark that the layout can hold."""
    videos, questions, evidence = [], [], []
    for stem in draw(st.lists(STEM, min_size=1, max_size=4, unique=True)):
        duration = draw(st.floats(1, 4000).map(lambda x: round(x, 3)))
        group = lvb.duration_group(duration)
        video = VideoRow(f"longvideobench-{stem}", "longvideobench", f"videos/{stem}.mp4", "test", group, duration)
        videos.append(video)
        for n in range(draw(st.integers(1, 3))):
            options = draw(OPTIONS)
            answer = draw(st.integers(0, len(options) - 1))
            category = draw(st.sampled_from(["S2A", "SSS", "TOS", "new"]))
            question = Question(
                question_id=f"longvideobench-{stem}_{n}",
                video_id=video.video_id,
                benchmark="longvideobench",
                text=draw(TEXT),
                options=options,
                answer=answer,
                answer_text=options[answer],
                kind=lvb.KINDS.get(category),
                category=category,
                group=group,
                subtitle_path=f"subtitles/{stem}_en.json",
                subtitle_offset_s=draw(st.sampled_from([0.0, 12.0, 61.5])),
                metadata={"level": "L1-Perception"},
            )
            questions.append(question)
            last = int(24 * duration)
            points = draw(st.lists(st.integers(0, last), max_size=4, unique=True))
            evidence += [Evidence(question.question_id, i, p / 24, p / 24, 2.0) for i, p in enumerate(points)]
    return Benchmark("longvideobench", videos, questions, evidence)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(benchmark=benchmarks())
def test_what_is_written_is_read(tmp_path: Path, benchmark: Benchmark) -> None:
    """read(write(x)) == x."""
    lvb.write(tmp_path, benchmark.videos, benchmark.questions, benchmark.evidence)
    assert without_origin(lvb.read(tmp_path)) == benchmark


@given(start=st.floats(0, 5000), length=st.floats(0.1, 500))
def test_position_lies_within_its_interval(start: float, length: float) -> None:
    """The frame written for an interval, read back at 24 fps, lies in it."""
    assert start <= lvb.position(start, start + length) / 24 <= start + length


def test_subtitles_are_written_in_source_time(tmp_path: Path) -> None:
    """Cues of a clip are stored with its offset and come back without it."""
    lvb.write(tmp_path, [], [], [], {"subtitles/a_en.json": [Cue(610.0, 612.0, "Hello.")]})
    cues = read_cues(tmp_path / "subtitles" / "a_en.json", duration_s=30, offset_s=600)
    assert cues == [Cue(10.0, 12.0, "Hello.")]


def test_kind_is_a_hint_from_the_category(tmp_path: Path) -> None:
    """Known categories have a kind, unknown ones none."""
    rows = [row(id=c, question_category=c) for c in ("T2O", "SOS", "SSS", "new")]
    kinds = [q.kind for q in lvb.read(folder_of(tmp_path, *rows)).questions]
    assert kinds == [Kind.ONE_MOMENT, Kind.SEVERAL_MOMENTS, Kind.WHOLE_VIDEO, None]
