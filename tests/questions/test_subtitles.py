"""Subtitles in all their shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions import subtitles
from ntlbg.questions.subtitles import Cue


def json_file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "x_en.json"
    path.write_text(json.dumps(content))
    return path


def test_both_json_shapes_give_the_same_cues(tmp_path: Path) -> None:
    """Clock times with `line`, and pairs of seconds with `text`."""
    clock = [{"start": "00:01:02.500", "end": "01:00:00.000", "line": " Hello. "}]
    seconds = [{"timestamp": [62.5, 3600.0], "text": "Hello."}]
    expected = [Cue(62.5, 3600.0, "Hello.")]
    assert subtitles.read(json_file(tmp_path, clock)) == expected
    assert subtitles.read(json_file(tmp_path, seconds)) == expected


@pytest.mark.parametrize("end", [None, "later"])
def test_an_end_that_is_no_number_is_the_end_of_the_video(tmp_path: Path, end: object) -> None:
    """Also of a clip, whose end is not its source's."""
    cues = subtitles.read(
        json_file(tmp_path, [{"timestamp": [610, end], "text": "a"}]), duration_s=30.0, offset_s=600.0
    )
    assert cues == [Cue(10.0, 30.0, "a")]


def test_cues_outside_the_clip_are_dropped_and_the_rest_is_cut_to_it(tmp_path: Path) -> None:
    """Source times minus the offset; what lies before 0 or after the end is gone, empty text as well."""
    rows = [
        {"timestamp": [t, t + 4], "text": text}
        for t, text in [(590, "before"), (598, "across"), (610, "in"), (612, ""), (628, "late"), (640, "after")]
    ]
    cues = subtitles.read(json_file(tmp_path, rows), duration_s=30.0, offset_s=600.0)
    assert cues == [Cue(0.0, 2.0, "across"), Cue(10.0, 14.0, "in"), Cue(28.0, 30.0, "late")]


def test_srt_loses_font_tags_and_entities(tmp_path: Path) -> None:
    """As Video-MME distributes them."""
    path = tmp_path / "x.srt"
    path.write_text(
        '1\n00:00:01,000 --> 00:00:02,500\n<font color="white" size=".72c">Salt &amp; pepper</font>\n\n'
        "2\n00:00:03,000 --> 00:00:04,000\nPlain\n"
    )
    assert subtitles.read(path) == [Cue(1.0, 2.5, "Salt & pepper"), Cue(3.0, 4.0, "Plain")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([{"text": "a"}], "`start` is missing"),
        ([{"timestamp": [1], "text": "a"}], "not a pair"),
        ([{"timestamp": ["1", 2], "text": "a"}], "not a number"),
        ([{"start": "1:2", "end": "00:00:01.0", "line": "a"}], "not a time"),
        ([7], "an object with fields"),
        ({"a": 1}, "a list of rows"),
    ],
)
def test_a_bad_file_is_named_with_its_cue(tmp_path: Path, content: object, reason: str) -> None:
    """One sentence, with file and cue."""
    with pytest.raises(InputError, match=r"x_en\.json") as caught:
        subtitles.read(json_file(tmp_path, content))
    assert reason in str(caught.value)


def test_unknown_suffixes_and_missing_files_are_refused(tmp_path: Path) -> None:
    """A file that is not .json or .srt is not guessed at."""
    with pytest.raises(InputError, match=r"\.vtt"):
        subtitles.read(tmp_path / "x.vtt")
    with pytest.raises(InputError, match="no such file"):
        subtitles.read(tmp_path / "x.srt")


CUES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(1, 5000), st.text("abc &<>.", min_size=1).map(str.strip)), max_size=5
).map(lambda rows: sorted({(s, s + n): Cue(s / 1000, (s + n) / 1000, t) for s, n, t in rows if t}.items()))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(CUES)
def test_what_is_written_is_read(tmp_path: Path, keyed: list[tuple[tuple[int, int], Cue]]) -> None:
    """read(write(x)) == x, in both formats that are written, to the millisecond."""
    cues = [cue for _, cue in keyed]
    subtitles.write_json(tmp_path / "a.json", cues)
    assert subtitles.read(tmp_path / "a.json") == cues
    subtitles.write_srt(tmp_path / "a.srt", cues)
    assert subtitles.read(tmp_path / "a.srt") == cues


def test_shown_cues_depend_on_the_frames() -> None:
    """A frame strictly inside shows a cue; cues shorter than a second are widened to one."""
    cues = [Cue(10.0, 10.2, "short"), Cue(20.0, 25.0, "long")]
    assert subtitles.shown_at(cues, [9.7]) == cues[:1]
    assert subtitles.shown_at(cues, [20.0, 25.0]) == []
    assert subtitles.shown_at(cues, [20.1]) == cues[1:]
