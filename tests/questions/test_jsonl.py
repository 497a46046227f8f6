"""Own questions, read and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions import jsonl
from ntlbg.questions.rows import Benchmark, VideoRow
from ntlbg.records.question import Evidence, Kind, Question
from tests.questions.conftest import without_origin
from tests.questions.worlds import OPTIONS, STEM, TEXT

GOOD: dict[str, Any] = {
    "id": "sample_001",
    "video_id": "video_001.mp4",
    "question": "What is the person doing in this video?",
    "answer": "The person is walking down the street.",
    "answer_type": "action",
    "duration": 15.2,
    "metadata": {"scene": "street", "activity": "walking"},
}


def read(tmp_path: Path, *rows: Any) -> Benchmark:
    (tmp_path / "videos").mkdir(exist_ok=True)
    lines = [r if isinstance(r, str) else json.dumps(r) for r in rows]
    (tmp_path / "train.jsonl").write_text("\n".join(lines))
    return jsonl.read(tmp_path / "train.jsonl", tmp_path / "videos", "train")


def test_the_documented_line_is_read(tmp_path: Path) -> None:
    """An open question keeps answer, answer type, duration and metadata."""
    benchmark = read(tmp_path, GOOD)
    question = benchmark.questions[0]
    assert benchmark.videos == [VideoRow("own-video_001", "own", "video_001.mp4", "train", "", 15.2)]
    assert (question.question_id, question.options, question.answer) == ("own-sample_001", (), None)
    assert question.answer_text == GOOD["answer"]
    assert question.metadata["answer_type"] == "action"
    assert question.metadata["scene"] == "street"
    assert (question.split, question.metadata["origin"]) == ("train", "train.jsonl row 1")


@pytest.mark.parametrize("name", ["options", "choices"])
@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("answer", ["blue", "B"])
def test_options_evidence_and_kind_are_optional(tmp_path: Path, name: str, inside: bool, answer: str) -> None:
    """They may stand at the top or in `metadata`; the answer is an option or its letter."""
    more = {name: ["red", "blue"], "evidence": [[1, 2.5], {"item": 0, "start_s": 4, "end_s": 5}], "kind": "one_moment"}
    line = {**GOOD, "answer": answer}
    line = {**line, "metadata": more} if inside else {**line, **more}
    benchmark = read(tmp_path, line)
    question = benchmark.questions[0]
    assert (question.options, question.answer, question.answer_text) == (("red", "blue"), 1, "blue")
    assert question.kind is Kind.ONE_MOMENT
    assert benchmark.evidence == [
        Evidence("own-sample_001", 0, 1.0, 2.5),
        Evidence("own-sample_001", 0, 4.0, 5.0),
    ]


def test_evidence_is_not_kept_with_the_question(tmp_path: Path) -> None:
    """Nothing that reads a question can see where its answer is."""
    question = read(tmp_path, {**GOOD, "metadata": {"evidence": [[1, 2]]}}).questions[0]
    assert "evidence" not in question.metadata


def test_a_suffix_may_be_left_out(tmp_path: Path) -> None:
    """`video_001` finds video_001.webm."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "video_001.webm").write_bytes(b"x")
    assert read(tmp_path, {**GOOD, "video_id": "video_001"}).videos[0].path == "video_001.webm"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ("[1]", "an object with fields"),
        ({**GOOD, "video_id": "/etc/passwd"}, "not a plain relative"),
        ({**GOOD, "video_id": "../x.mp4"}, "not a plain relative"),
        ({**GOOD, "video_id": "out.mp4"}, "leads out"),
        ({**GOOD, "metadata": {"subtitle": "../x.srt"}}, "not a plain relative"),
        ({**GOOD, "metadata": [1]}, "an object with fields"),
        ({**GOOD, "options": ["a", "b"]}, "not among its options"),
        ({**GOOD, "options": ["a", "a"], "answer": "a"}, "repeat each other"),
        ({**GOOD, "kind": "two_moments"}, "none of one_moment"),
        ({**GOOD, "evidence": [[3, 2]]}, "ends before"),
        ({**GOOD, "evidence": [[99, 100]]}, "behind the video's end"),
        ({**GOOD, "duration": "long"}, "not a number"),
        ('{"id": "x", "duration": NaN}', "NaN"),
    ],
)
def test_hostile_lines_are_named_and_the_rest_is_read(tmp_path: Path, line: Any, reason: str) -> None:
    """A bad line is a defect with file, line and reason; blank lines are nothing."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "out.mp4").symlink_to("/etc/hostname")
    if isinstance(line, dict):
        line = {**line, "id": "sample_002"}
    benchmark = read(tmp_path, GOOD, "", line)
    assert len(benchmark.questions) == 1
    assert [(d.file, d.row) for d in benchmark.defects] == [("train.jsonl", 3)]
    assert reason in benchmark.defects[0].reason


def test_missing_file_or_folder_is_one_clear_error(tmp_path: Path) -> None:
    """The culprit is named."""
    with pytest.raises(InputError, match=r"none\.jsonl"):
        jsonl.read(tmp_path / "none.jsonl", tmp_path, "train")
    with pytest.raises(InputError, match="no such folder"):
        jsonl.read(tmp_path / "none.jsonl", tmp_path / "nowhere", "train")


@st.composite
def benchmarks(draw: st.DrawFn) -> Benchmark:
    """Any own data that a file can hold."""
    videos, questions, evidence = [], [], []
    for stem in draw(st.lists(STEM, min_size=1, max_size=3, unique=True)):
        duration = draw(st.one_of(st.none(), st.floats(10, 100)))
        video = VideoRow(f"own-{stem}", "own", f"{stem}.webm", "val", "", duration)
        videos.append(video)
        for n in range(draw(st.integers(1, 3))):
            options = draw(st.one_of(st.just(()), OPTIONS))
            answer = draw(st.integers(0, len(options) - 1)) if options else None
            question = Question(
                question_id=f"own-{stem}.{n}",
                video_id=video.video_id,
                benchmark="own",
                text=draw(TEXT),
                options=options,
                answer=answer,
                answer_text=draw(TEXT) if answer is None else options[answer],
                kind=draw(st.sampled_from([None, *Kind])),
                category=draw(st.sampled_from(["", "colour"])),
                split="val",
                metadata=draw(st.dictionaries(st.sampled_from(["scene", "answer_type"]), st.just("x"))),
            )
            questions.append(question)
            spans = draw(st.lists(st.tuples(st.floats(0, 5), st.floats(5, 9)), max_size=3))
            evidence += [Evidence(question.question_id, i // 2, a, b) for i, (a, b) in enumerate(spans)]
    return Benchmark("own", videos, questions, evidence)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(benchmark=benchmarks())
def test_what_is_written_is_read(tmp_path: Path, benchmark: Benchmark) -> None:
    """read(write(x)) == x."""
    jsonl.write(tmp_path / "val.jsonl", benchmark.videos, benchmark.questions, benchmark.evidence)
    assert without_origin(jsonl.read(tmp_path / "val.jsonl", tmp_path, "val")) == benchmark
