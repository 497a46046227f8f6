"""What a question costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import questions
from benchmarks.questions import main, measure, table
from ntlbg.store import Store
from tests.cli.conftest import encode
from tests.features.conftest import Colours


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder of colours in the embedded one's place."""
    monkeypatch.setattr(questions, "load_encoder", lambda name: Colours())


def test_the_next_questions_decode_and_encode_nothing(tmp_path: Path, colours: None) -> None:
    """Counted, and the words are timed apart from all else."""
    found = measure(encode(tmp_path / "film.mp4"), ["red", "blue", "green"], 2, Store(tmp_path / "store"))
    assert (found["decoded"], found["encoded"]) == ([1, 0, 0], [1, 0, 0])
    assert all(0 < words < total for words, total in zip(found["words_s"], found["total_s"], strict=True))


def test_the_table_shares_the_first_cost_among_all() -> None:
    """Medians of the next ones, and the mean of all."""
    lines = table({"total_s": [9.0, 0.3, 0.6], "words_s": [0.1, 0.2, 0.4], "decoded": [1, 0, 0], "encoded": [1, 0, 0]})
    assert "all else: median 150.0 ms, largest 200.0 ms" in lines
    assert "of 3 questions on the video: 3.30 s" in lines


def test_a_missing_video_is_one_sentence(tmp_path: Path, colours: None, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the file."""
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({"questions": [{"question": "red"}, {"question": "blue"}]}))
    assert main([str(tmp_path / "none.mp4"), "--questions", str(asked)]) != 0
    assert "none.mp4" in capsys.readouterr().err
