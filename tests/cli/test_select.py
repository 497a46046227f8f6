"""`ntlbg select` on a short clip, with the embedded encoder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ntlbg.cli.main import run
from ntlbg.cli.select import in_words
from ntlbg.records.arrays import indices_sha256
from tests.cli.chosen import chosen

CONTRACT = {
    "video", "query", "selector", "encoder", "k", "indices", "timestamps", "masses", "explained", "trust", "sha256",
}  # fmt: skip


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        run(["select", *arguments])
    told = capsys.readouterr()
    assert not ended.value.code, told.err
    return told.out, told.err


def test_json_is_the_contract(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object and nothing else on standard output; sorted, consistent, and no file is written."""
    out, err = call(capsys, str(clip), "--query", "a red ball", "-k", "4", "--json")
    told = json.loads(out)
    assert set(told) == CONTRACT
    assert (told["k"], told["selector"], told["video"]) == (4, "ntlbg", str(clip))
    assert told["indices"] == sorted(set(told["indices"]))
    assert told["timestamps"] == pytest.approx([float(i) for i in told["indices"]], abs=0.2)
    assert sum(told["masses"]) == pytest.approx(1)
    assert told["sha256"] == indices_sha256(np.array(told["indices"]))
    assert "encoder: embedded" in err
    assert "cannot see actions" in err
    assert list(place.iterdir()) == []


def test_the_second_question_decodes_and_encodes_nothing(
    place: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The printed counts say so."""
    call(capsys, str(clip), "--query", "a dog", "--json")
    _, err = call(capsys, str(clip), "--query", "a cat", "--json", "--selector", "uniform")
    assert "decoded 0, encoded 0" in err


def test_pictures_are_written(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Frames named by rank and time, a contact sheet, a timeline, the JSON in the folder; trust in words."""
    out, _ = call(capsys, str(clip), "--query", "a ball?", "-k", "3", "--out", "picked")
    names = sorted(p.name for p in (place / "picked").iterdir())
    frames = [n for n in names if n[:2].isdigit()]
    assert set(names) - set(frames) == {"contact_sheet.png", "timeline.png", "selection.json"}
    told = json.loads((place / "picked/selection.json").read_text())
    assert told["frames"] == frames
    for name, time_s in zip(frames, told["timestamps"], strict=True):
        assert float(name.split("_")[1].removesuffix("s.png")) == pytest.approx(time_s, abs=1e-3)
        with Image.open(place / "picked" / name) as picture:
            assert min(picture.size) == 256
    assert "picked" in out
    assert any(line.startswith("trust 0.") and "relevance was" in line for line in out.splitlines())


def test_without_a_folder_it_goes_to_selections(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One folder for each video, question and selector."""
    call(capsys, str(clip), "--query", "a ball?", "-k", "2")
    call(capsys, str(clip), "--query", "a ball?", "-k", "2", "--selector", "uniform")
    assert sorted(p.name for p in (place / "selections/three-colours").iterdir()) == ["a-ball", "a-ball-uniform"]


def test_flat_relevance_is_said(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A question about nothing visible is answered with a warning; a selector that ignores relevance gives none."""
    _, err = call(capsys, str(clip), "--query", "Why did the parliament vote against it?", "--json")
    assert "relevance is flat" in err
    _, err = call(
        capsys, str(clip), "--query", "Why did the parliament vote against it?", "--json", "--selector", "uniform"
    )
    assert "flat" not in err


def test_k_may_be_left_to_the_law(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-k auto`: the same object, with the number chosen and the share reached; one frame fewer explains too little."""
    out, _ = call(capsys, str(clip), "--query", "a ball", "-k", "auto", "--explained", "0.6", "--json")
    told = json.loads(out)
    assert set(told) == CONTRACT
    assert told["k"] == len(told["indices"]) > 1
    assert told["explained"] >= 0.6
    out, _ = call(capsys, str(clip), "--query", "a ball", "-k", str(told["k"] - 1), "--json")
    assert json.loads(out)["explained"] < 0.6


def test_a_met_cap_is_said(place: Path, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the result, with the share reached and the share asked for (0.9 where none is given)."""
    out, err = call(capsys, str(clip), "--query", "a ball", "-k", "auto", "--max-k", "2", "--json")
    told = json.loads(out)
    assert told["k"] == 2
    assert f"the cap of 2 frames was met: they explain {told['explained']:.2f}" in err
    assert "0.9 was asked for" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-k", "auto", "--explained", "1.5"), "explained is 1.5"),
        (("-k", "auto", "--selector", "uniform"), "`uniform` does not say"),
        (("-k", "auto", "--max-k", "0"), "max_k is 0"),
        (("--explained", "0.9"), "explained is given and k is 8"),
        (("-k", "4", "--max-k", "9"), "max_k is given and k is 4"),
    ],
)
def test_what_auto_cannot_do_is_one_sentence(
    clip: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """Exit code 2, before the video is read."""
    with pytest.raises(SystemExit) as ended:
        run(["select", str(clip), "--query", "x", *arguments])
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert told.err.splitlines()[0].startswith("error: ")
    assert words in told.err.splitlines()[0]
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("explained", "trust", "words"),
    [
        (0.84, 0.76, ["explained 0.84: share of", "trust 0.76: relevance was believed,"]),
        (-0.2, 0.3, ["explained -0.20: the frames are farther", "trust 0.30: relevance was believed in part"]),
        (None, 0.05, ["trust 0.05: no peak stands out of the noise: the frames may follow noise"]),
        (None, None, []),
    ],
)
def test_what_the_rule_says_of_itself_is_told_in_words(
    explained: float | None, trust: float | None, words: list[str]
) -> None:
    """Share and trust with what they mean; a rule that says nothing adds nothing."""
    lines = in_words(replace(chosen().selection, explained=explained, trust=trust))
    assert [line.startswith(start) for line, start in zip(lines, words, strict=True)] == [True] * len(words)


def test_a_question_about_the_whole_is_not_said_to_have_no_peak(
    place: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its trust is 0 because the curve was not used: the words say that, and nothing of peaks and noise."""
    out, _ = call(capsys, str(clip), "--query", "What is this video about, a ball?", "-k", "2")
    (line,) = (line for line in out.splitlines() if line.startswith("trust"))
    assert line == "trust 0.00: relevance was not used: the question asks about the video as a whole"
    out, _ = call(capsys, str(clip), "--query", "a ball?", "-k", "2")
    assert "relevance was not used" not in out


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_film_gives_its_picket_fence(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the ten-minute film, cold: eight frames, one of them between 7:25 and 7:32, where the fence is."""
    film = Path(__file__).parents[2] / "footage" / "big_buck_bunny.mp4"
    if not film.exists():
        pytest.skip("no film: `make footage` fetches it")
    out, _ = call(capsys, str(film), "--query", "a picket fence", "--json")
    assert any(445 <= t < 452 for t in json.loads(out)["timestamps"])
