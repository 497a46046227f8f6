"""The page of the spliced film: evidence at the clips' places, and hits told as they are."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import film_spliced
from benchmarks.film import ARMS
from benchmarks.splicing import Clip, drawn
from ntlbg.errors import InputError

TOLD = json.loads(Path(film_spliced.QUESTIONS).read_text(encoding="utf-8"))
CLIPS = [Clip.of(clip) for clip in TOLD["clips"]]


def chosen(arm: str, times: list[float], relevance: np.ndarray) -> Any:
    return SimpleNamespace(
        selection=SimpleNamespace(selector=arm, timestamps_s=np.array(times)),
        query=SimpleNamespace(relevance=relevance),
        features=SimpleNamespace(index=SimpleNamespace(timestamps_s=np.arange(len(relevance), dtype=float))),
        encoder="an encoder",
        compared="a thing",
        notes=(),
    )


def test_the_places_are_those_of_the_seed() -> None:
    """The committed places are what the committed seed draws, and the evidence lies within clips of at most 10 s."""
    assert [clip.at_frame for clip in CLIPS] == drawn(TOLD["seed"], TOLD["film_frames"], len(CLIPS))
    assert all(clip.seconds <= 10 for clip in CLIPS)
    for question in TOLD["clips"]:
        assert all(0 <= start < end <= question["seconds"] for start, end in question["evidence"])


def test_other_places_are_refused() -> None:
    """Places moved by hand stop the command before anything is fetched."""
    moved = [Clip(**{**vars(clip), "at_frame": 5}) for clip in CLIPS]
    with pytest.raises(InputError, match="not those that the seed"):
        film_spliced.video_of(TOLD, moved)


def test_without_the_film_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and the command are named."""
    monkeypatch.setattr(film_spliced, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="is not there") as told:
        film_spliced.video_of({**TOLD, "film": str(tmp_path / "film.mp4")}, CLIPS)
    assert "make footage" in str(told.value.hint)


def test_evidence_moves_with_its_clip() -> None:
    """A clip begins after the film before it and the clips before it; its evidence lies inside it."""
    for question in film_spliced.placed(TOLD, CLIPS):
        earlier = [c for c in CLIPS if c.at_frame < question["at_frame"]]
        begin, end = question["span"]
        assert begin == pytest.approx(question["at_frame"] / 24 + sum(c.seconds for c in earlier))
        assert all(begin <= a < b <= end for a, b in question["evidence"])


def test_the_distance_is_to_the_nearest_evidence() -> None:
    """None inside, and else seconds to the nearest end of any interval."""
    assert film_spliced.away_s(np.array([1.0, 25.0]), [(3.0, 5.0), (20.0, 30.0)]) == 0
    assert film_spliced.away_s(np.array([0.0, 7.5]), [(3.0, 5.0), (20.0, 30.0)]) == 2.5


def test_hits_and_misses_are_told_as_they_are() -> None:
    """One miss of `ntlbg` and the aim is missed; an unexpected hit is told; picks in the evidence are bold."""
    questions = film_spliced.placed(TOLD, CLIPS)
    relevance = np.zeros(628)
    relevance[300:310] = 1
    found = []
    for i, question in enumerate(questions):
        inside = question["evidence"][0][0] + 0.5
        found.append({arm: chosen(arm, [0.0, inside if arm == "ntlbg" and i else 9.0], relevance) for arm in ARMS})
    text = film_spliced.page(TOLD, questions, found)
    assert "is not met: `ntlbg` hit 2 of 3" in text
    assert "Question 4, marked as one that the encoder cannot see, was hit" in text
    assert "| hits, all |  |  |  | 3 of 4 | 0 of 4 | 0 of 4 | 0 of 4 | 0 of 4 |" in text
    assert text.count("| inside |") == 3
    assert "| 11 of 628 |" in text
    assert f"**{film_spliced.clock(questions[1]['evidence'][0][0] + 0.5)}** (car)" in text
    found[0]["ntlbg"] = chosen("ntlbg", [questions[0]["evidence"][0][0]], relevance)
    assert "is met: `ntlbg` hit 3 of 3" in film_spliced.page(TOLD, questions, found)
