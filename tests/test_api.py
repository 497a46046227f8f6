"""`select_frames`, as a Python user calls it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ntlbg.api import answers_from_frames, ask, select_frames
from ntlbg.errors import InputError, NTLBGError
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.records.question import Question
from ntlbg.store import Store
from ntlbg.video.errors import VideoError
from tests.cli.conftest import SECONDS_EACH, encode
from tests.features.conftest import Colours


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def colours() -> Colours:
    return Colours()


def test_the_frame_that_answers_is_chosen(film: Path, store: Store, colours: Colours) -> None:
    """The one frame asked for shows the colour asked for, and its pixels and time belong together."""
    for place, colour in enumerate(("red", "green", "blue")):
        chosen = select_frames(film, f"what is {colour}", 1, selector="topk_nms", encoder=colours, store=store)
        time_s = float(chosen.selection.timestamps_s[0])
        assert SECONDS_EACH * place <= time_s < SECONDS_EACH * (place + 1)
        (picture,) = chosen.pictures()
        assert np.argmax(np.median(picture.reshape(-1, 3), axis=0)) == place


def test_the_second_question_costs_nothing(film: Path, tmp_path: Path, colours: Colours) -> None:
    """First: one video decoded, one encoded. Then none, also for another name of the same file."""
    store = Store(tmp_path / "store")
    first = select_frames(film, "red", 2, encoder=colours, store=store)
    assert (first.decoded, first.encoded, colours.frames) == (1, 1, 12)
    copy = tmp_path / "another name.mp4"
    copy.write_bytes(film.read_bytes())
    for video in (film, copy):
        again = select_frames(video, "blue", 3, encoder=colours, store=store)
        assert (again.decoded, again.encoded, colours.frames) == (0, 0, 12)
    assert list((tmp_path / "store" / ".partial").iterdir()) == []


def test_a_question_about_the_whole_says_that_it_is_covered(film: Path, store: Store, colours: Colours) -> None:
    """The user is told that relevance chose nothing; not where the words are not read, nor of another question."""
    whole = "What is this video mainly about, red"
    told = select_frames(film, whole, 4, encoder=colours, store=store).notes
    assert [note for note in told if "as a whole" in note]
    assert not [note for note in told if "flat" in note]
    for query, settings in ((whole, {"wording": False}), ("what is red", {})):
        notes = select_frames(film, query, 4, settings=settings, encoder=colours, store=store).notes
        assert not [note for note in notes if "as a whole" in note]


def test_the_same_question_gives_the_same_frames(film: Path, store: Store, colours: Colours) -> None:
    """Two calls agree to the hash; k above the number of candidates returns all and says so."""
    one, two = (select_frames(film, "green", 4, encoder=colours, store=store) for _ in range(2))
    assert one.selection.sha256 == two.selection.sha256
    every = select_frames(film, "green", 50, encoder=colours, store=store)
    assert len(every.selection) == 12
    assert any("only 12 candidate frames" in note for note in every.notes)


def test_the_law_may_say_how_many_frames(film: Path, store: Store, colours: Colours) -> None:
    """k `auto` gives the frames of the least k that explains the share; a cap that stops it is noted."""
    chosen = select_frames(film, "green", "auto", explained=0.5, encoder=colours, store=store)
    k = len(chosen.selection)
    assert chosen.selection.explained >= 0.5
    assert chosen.notes == ()
    assert len(chosen.pictures()) == k
    same = select_frames(film, "green", k, encoder=colours, store=store)
    assert same.selection.sha256 == chosen.selection.sha256
    capped = select_frames(film, "green", "auto", max_k=k - 1, encoder=colours, store=store)
    assert len(capped.selection) == k - 1
    assert any("the cap of" in note and "0.9 was asked for" in note for note in capped.notes)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": "few"}, "k is `few`"),
        ({"k": "auto", "explained": 1}, "explained is 1"),
        ({"k": "auto", "max_k": 0}, "max_k is 0"),
        ({"k": "auto", "selector": "topk_nms"}, "topk_nms"),
        ({"explained": 0.5}, "explained is given"),
        ({"max_k": 5}, "max_k is given"),
        ({"query": " "}, "question"),
        ({"fps": 0}, "fps"),
        ({"fps": float("nan")}, "fps"),
        ({"max_frames": 0}, "max_frames"),
        ({"selector": "nearest"}, "nearest"),
        ({"encoder": "nothing"}, "nothing"),
        ({"settings": {"speed": 3}}, "speed"),
    ],
)
def test_a_wrong_argument_is_named_before_any_work(
    film: Path, tmp_path: Path, colours: Colours, arguments: dict[str, object], names: str
) -> None:
    """One sentence naming it; nothing is decoded, nothing stored."""
    given: dict[str, object] = {"query": "red", "k": 2, "encoder": colours, **arguments}
    with pytest.raises(InputError, match=names):
        select_frames(film, store=Store(tmp_path / "store"), **given)  # type: ignore[arg-type]
    assert not (tmp_path / "store").exists()


def test_a_video_that_cannot_be_read_says_how(tmp_path: Path, film: Path, colours: Colours) -> None:
    """A missing file, a text and a spoilt video raise VideoError with the path; no selection comes back."""
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    spoilt = tmp_path / "spoilt.mp4"
    data = bytearray(film.read_bytes())
    data[200 : len(data) // 2] = bytes(len(data) // 2 - 200)
    spoilt.write_bytes(data)
    for path in (tmp_path / "missing.mp4", text, spoilt):
        with pytest.raises(VideoError, match=path.name) as error:
            select_frames(path, "red", 2, encoder=colours, store=Store(tmp_path / "store"))
        assert error.value.outcome in (DecodeOutcome.OPEN_FAILED, DecodeOutcome.CORRUPT)


def test_a_long_video_is_spread_over_max_frames(film: Path, tmp_path: Path, colours: Colours) -> None:
    """The cap thins the whole video instead of cutting it off."""
    chosen = select_frames(film, "red", 6, encoder=colours, store=Store(tmp_path / "s"), max_frames=6)
    times = chosen.selection.timestamps_s
    assert len(times) == 6
    assert times[0] == 0
    assert times[-1] > 11


class Words:
    """Answers with fixed words, as a function of what was chosen."""

    def __init__(self, raw: str, parsed: str, error: str = "") -> None:
        from ntlbg.evaluation.answering import Reply

        self.reply = Reply(raw, parsed, error)
        self.seen: list = []

    def __call__(self, chosen, question):
        self.seen.append((chosen, question))
        return self.reply


def test_a_question_is_answered_from_the_chosen_frames(film: Path, store: Store, colours: Colours) -> None:
    """The answer is one of the options; what the model saw comes with it."""
    answers = Words("[-2.0,-0.5]", "B")
    told = ask(film, "what is green", ["no", "yes"], answerer=answers, encoder=colours, k=2, store=store)
    assert (told.letter, told.text, told.scores) == ("B", "yes", (-2.0, -0.5))
    ((chosen, question),) = answers.seen
    assert told.chosen is chosen
    assert told.picks_s == tuple(chosen.selection.timestamps_s)
    assert (question.text, question.options, question.answer) == ("what is green", ("no", "yes"), None)


def test_a_video_that_was_exchanged_is_not_shown_to_the_model(
    film: Path, tmp_path: Path, store: Store, colours: Colours
) -> None:
    """Frames were chosen from one file; another under its name has no such frames."""
    model: Any = SimpleNamespace(identity={"answerer": {}, "dtype": "float32"}, timestamps=False, device="cpu")
    own = Path(shutil.copyfile(film, tmp_path / "own.mp4"))
    chosen = select_frames(own, "what is green", 2, encoder=colours, store=store)
    own.write_bytes(film.read_bytes() + b"\0")
    with pytest.raises(NTLBGError, match=r"own\.mp4: has changed since its frames were chosen; choose them again"):
        answers_from_frames(model, store=store)(chosen, Question("q", str(own), "own", "what is green", ("no", "yes")))


def test_an_answer_in_words_has_no_scores_and_an_unread_one_is_never_guessed(
    film: Path, store: Store, colours: Colours
) -> None:
    """Words that name no option end in a sentence that names the video."""
    told = ask(film, "what is red", ["a", "b"], answerer=Words("It is B.", "B"), encoder=colours, store=store)
    assert told.scores == ()
    unread = Words("Well …", "", "answer: no option can be read from the reply")
    with pytest.raises(NTLBGError, match=r"film\.mp4: answer: no option can be read"):
        ask(film, "what is red", ["a", "b"], answerer=unread, encoder=colours, store=store)
    with pytest.raises(InputError, match="1 options; at least two"):
        ask(film, "what is red", ["a"], answerer=unread, encoder=colours, store=store)


def test_candidate_frames_are_decoded_at_the_size_asked_for(film: Path, store: Store, colours: Colours) -> None:
    """As a pipeline stores them, so that both see the same pixels."""
    assert select_frames(film, "red", 2, encoder=colours, size=(16, 24), store=store).pictures().shape == (2, 16, 24, 3)
