"""Mistakes as sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator

from ntlbg.config.document import read_document
from ntlbg.config.explain import explain
from ntlbg.section import Section


class Video(Section):
    fps: PositiveFloat
    max_frames: Annotated[int, Field(ge=1, le=100)] = 10
    size: tuple[PositiveInt, PositiveInt] = (2, 2)
    backend: Literal["auto", "plain"] = "auto"
    k: Literal["auto"] | PositiveInt = 4
    exact: bool = True
    folder: Path = Path()

    @field_validator("folder")
    @classmethod
    def _inside(cls, folder: Path) -> Path:
        if ".." in folder.parts:
            raise ValueError("must lie inside the project, and `..` leads out, or not")
        return folder


class Root(Section):
    video: Video
    more: dict[str, Video] = Field(default_factory=dict)


@pytest.fixture
def mistakes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def find(text: str):
        Path("p.yaml").write_text(text)
        document = read_document(Path("p.yaml"))
        with pytest.raises(ValidationError) as caught:
            Root.model_validate_json(json.dumps(document.data), strict=True)
        return explain(caught.value, document, Root)

    return find


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("fps: -1", "must be greater than 0, is `-1`"),
        ("fps: fast", "must be a number, is the text `fast`"),
        ("fps: '1'", "must be a number, is the text `1`"),
        ("fps: true", "must be a number, is `true`"),
        ("fps:", "must be a number, is empty"),
        ("fps: [1]", "must be a number, is a list"),
        ("max_frames: 2.5", "must be a whole number, is `2.5`"),
        ("max_frames: 0", "must be at least 1, is `0`"),
        ("max_frames: 101", "must be at most 100, is `101`"),
        ("size: 224", "must be a list, is `224`"),
        ("size: [1]", "is missing"),
        ("size: [1, 2, 3]", "must have at most 2 entries, has 3"),
        ("backend: fast", "must be `auto` or `plain`, is the text `fast`"),
        ("k: many", "must be `auto` or a whole number, is the text `many`"),
        ("exact: 1", "must be true or false, is `1`"),
        ("folder: ../x", "must lie inside the project, and `..` leads out, or not"),
    ],
)
def test_one_mistake_is_one_sentence_with_line_and_key(mistakes, line, sentence):
    """The key, what it must be, and what it is."""
    head = "" if line.startswith("fps") else "  fps: 1.0\n"
    sentences, _ = mistakes(f"video:\n{head}  {line}\n")
    key = line.split(":")[0]
    at = f"video.{key}" + ("[1]" if sentence == "is missing" else "")
    assert sentences == [f"p.yaml, line {3 if head else 2}: {at}: {sentence}"]


def test_a_misspelt_key_is_refused_with_the_key_that_was_meant(mistakes):
    """Silence would mean a default that nobody chose."""
    sentences, hints = mistakes("video:\n  fps: 1.0\n  max_frame: 3\n")
    assert sentences == ["p.yaml, line 3: video.max_frame: there is no such key"]
    assert hints == ["did you mean `video.max_frames`?"]


def test_a_key_like_no_other_is_answered_with_the_known_ones(mistakes):
    """Also below a mapping whose names are free."""
    sentences, hints = mistakes("video: {fps: 1.0}\nmore:\n  any:\n    fps: 1.0\n    zzz: 3\n")
    assert sentences == ["p.yaml, line 5: more.any.zzz: there is no such key"]
    assert "backend, exact, folder, fps, k, max_frames, size" in hints[0]


def test_a_missing_key_is_named_in_full(mistakes):
    """With the line of its section."""
    assert mistakes("video:\n  exact: true\n")[0] == ["p.yaml, line 1: video.fps: is missing"]
    assert mistakes("more: {}\n")[0] == ["p.yaml: video: is missing"]


def test_several_mistakes_come_in_the_order_of_the_file(mistakes):
    """One sentence each, none hidden by the first."""
    sentences, _ = mistakes("video:\n  exact: 3\n  fps: 0\nmore:\n  a: 1\n")
    assert [s.split(": ")[1] for s in sentences] == ["video.exact", "video.fps", "more.a"]
