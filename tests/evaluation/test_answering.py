"""Asking the language model."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.evaluation.answering import READS_FRAMES, Answering, Ask, Context, reader
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.questions import protocols
from ntlbg.records.query import Query
from ntlbg.records.question import Question
from ntlbg.records.video_index import VideoIndex
from ntlbg.store import Store

QUESTION = Question("q", "v", "mlvu", "What colour?", ("red", "blue"), 1)


class Frames:
    """Black pictures; keeps count of how often a video was opened."""

    def __init__(self) -> None:
        self.opened = 0
        self.kept: dict[str, Any] = {}

    def get(self, video_id: str, timestamps_s: Any, size: tuple[int, int]) -> Any:
        self.opened += 1
        return np.zeros((len(timestamps_s), *size, 3), np.uint8)

    def made_by(self, video_id: str) -> dict[str, Any]:
        return self.kept


class Model:
    """Likes the second option, in the words it is told; refuses what it is told to."""

    def __init__(self, scores: list[float] | None = None, reply: str = "", refuse: str = "") -> None:
        self.scores, self.reply, self.refuse, self.asked = scores or [-2.0, -1.0], reply, refuse, 0

    def score_options(self, requests: list[Any]) -> list[list[float]]:
        if any(self.refuse and self.refuse in r.prompt.user for r in requests):
            raise InputError("the prompt is too long")
        self.asked += len(requests)
        return [self.scores[: len(r.options)] for r in requests]

    def generate(self, requests: list[Any], max_new_tokens: int) -> list[str]:
        return [self.reply] * len(requests)


def answering(store: Store, model: Model, frames: Any = None, **params: Any) -> Answering:
    settings = EvaluationParams(size=(8, 12), **params)
    protocol = protocols.get("open" if settings.protocol == "open" else "mlvu")
    return Answering(
        answerer=lambda: model,  # type: ignore[arg-type, return-value]
        identity=lambda: {"model": "m"},
        frames=frames or Frames(),
        sources={"v": "abc"},
        protocol=protocol,
        params=settings,
        store=store,
    )


def test_the_likeliest_option_is_the_answer_and_raw_says_why(store: Store) -> None:
    """raw is compact JSON of rounded log-likelihoods; parsed follows from it alone; of equals the first."""
    (reply,) = answering(store, Model([-1.23456789, -0.5])).answer([Ask(QUESTION)])
    assert (reply.raw, reply.parsed, reply.error) == ("[-1.234568,-0.5]", "B", "")
    (tied,) = answering(Store(store.root / "2"), Model([-0.5000000001, -0.5])).answer([Ask(QUESTION)])
    assert tied.parsed == "A"


def test_a_likelihood_that_is_no_number_is_an_error(store: Store) -> None:
    """NaN does not become an answer."""
    (reply,) = answering(store, Model([float("nan"), -1.0])).answer([Ask(QUESTION)])
    assert (reply.parsed, reply.raw) == ("", "")
    assert "not a finite number" in reply.error


@pytest.mark.parametrize(("reply", "parsed"), [("B", "B"), ("(A) red", "A"), ("I cannot tell", ""), ("F", "")])
def test_an_unreadable_reply_is_an_error_and_never_a_guess(store: Store, reply: str, parsed: str) -> None:
    """The words are kept; the letter is not invented."""
    model = Model(reply=reply)
    (found,) = answering(store, model, scoring="generate", protocol="official").answer([Ask(QUESTION)])
    assert (found.raw, found.parsed, bool(found.error)) == (reply, parsed, not parsed)


def test_one_bad_ask_takes_no_neighbour_along(store: Store) -> None:
    """The batch is tried again one by one; errors are not stored."""
    asks = [Ask(replace(QUESTION, question_id=str(i), text=f"number {i}")) for i in range(4)]
    model = Model(refuse="number 2")
    replies = answering(store, model).answer(asks)
    assert [r.error for r in replies] == ["", "", "the prompt is too long", ""]
    model.refuse = ""
    assert [r.error for r in answering(store, model).answer(asks)] == [""] * 4


def test_a_model_that_does_not_load_ends_the_evaluation(store: Store) -> None:
    """A checkpoint that cannot be read is no wrong answer to every question: the error goes up, nothing is stored."""

    def broken() -> Any:
        raise InputError("the checkpoint cannot be loaded")

    asking = answering(store, Model())
    asking.answerer = broken
    with pytest.raises(InputError, match="the checkpoint cannot be loaded"):
        asking.answer([Ask(QUESTION), Ask(replace(QUESTION, text="Which?"))])
    assert not (store.root / "answers").exists()


def test_equal_asks_are_one_request(store: Store) -> None:
    """Within a call, between calls, and between processes that share a store."""
    model = Model()
    first = answering(store, model)
    ask = Ask(QUESTION, (1, 2), (0.1, 0.2))
    replies = first.answer([ask, ask]) + first.answer([ask]) + answering(store, model).answer([ask])
    assert model.asked == 1
    assert len(set(replies)) == 1


def test_a_video_is_opened_once_for_a_batch(store: Store) -> None:
    """All frames that a batch needs of a video come from one reading."""
    frames = Frames()
    asks = [Ask(replace(QUESTION, text=str(i)), (i, i + 1), (i / 10, (i + 1) / 10)) for i in range(5)]
    answering(store, Model(), frames).answer(asks)
    assert frames.opened == 1


def test_every_part_of_an_ask_is_in_its_key(store: Store) -> None:
    """Question text, options, frames, file, size, model: a change of any gives another key."""
    base = answering(store, Model())
    ask = Ask(QUESTION, (1, 2), (0.1, 0.2))

    def key_of(who: Answering, what: Ask) -> str:
        return who.request_key(what, who.protocol.prompt(what.question))

    other_file = answering(store, Model())
    other_file.sources = {"v": "abd"}
    other_model = answering(store, Model())
    other_model.identity = lambda: {"model": "n"}
    other_size = answering(store, Model())
    other_size.params = EvaluationParams(size=(8, 16))
    other_storage = answering(store, Model(), frames=Frames())
    other_storage.frames.kept = {"storage": {"quality": 95}}
    keys = [
        key_of(base, ask),
        key_of(base, Ask(replace(QUESTION, text="Which?"), (1, 2), (0.1, 0.2))),
        key_of(base, Ask(replace(QUESTION, options=("red", "green")), (1, 2), (0.1, 0.2))),
        key_of(base, Ask(QUESTION, (1, 3), (0.1, 0.2))),
        key_of(base, Ask(QUESTION, (1, 2), (0.1, 0.3))),
        key_of(base, Ask(QUESTION)),
        key_of(other_file, ask),
        key_of(other_model, ask),
        key_of(other_size, ask),
        key_of(other_storage, ask),
        key_of(answering(store, Model(), dtype="float16"), ask),
        key_of(answering(store, Model(), timestamps=True), ask),
        key_of(answering(store, Model(), protocol="official"), ask),
        key_of(answering(store, Model(), device="cuda"), ask),
    ]
    assert len(set(keys)) == len(keys)


def test_other_software_is_another_key(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames decoded otherwise, or another version of what runs the model: the stored answer does not count."""
    ask, base = Ask(QUESTION, (1, 2), (0.1, 0.2)), answering(store, Model())

    def key() -> str:
        return base.request_key(ask, base.protocol.prompt(ask.question))

    keys = [key()]
    monkeypatch.setattr("ntlbg.video.pool.VERSION", "another")
    keys.append(key())
    monkeypatch.setattr("ntlbg.evaluation.answering.versions", lambda *names: dict.fromkeys(names, "9.9"))
    keys.append(key())
    assert len(set(keys)) == 3


def test_an_open_question_is_an_error(store: Store) -> None:
    """Without options there is nothing to score."""
    (reply,) = answering(store, Model()).answer([Ask(replace(QUESTION, options=()))])
    assert reply.error == "the question has no options"


RNG = np.random.default_rng(0)
INDEX = VideoIndex("v", RNG.normal(size=(6, 4)), np.arange(6) / 2, 24.0, 72, 3.0, np.eye(4)[:2])
QUERY = Query("What colour?", np.arange(6.0), np.ones(3))


def rich(store: Store, model: Any, **shown: Any) -> Answering:
    found = answering(store, model)
    found.shown = {"presentation": "rich", "pool": 1.0, **shown}
    return found


def test_a_trained_model_is_given_features_and_query(store: Store) -> None:
    """The request carries what the picks were made from, beside the same frames, prompt and options."""
    seen: list[Any] = []

    class Watched(Model):
        def score_options(self, requests: list[Any]) -> list[list[float]]:
            seen.extend(requests)
            return super().score_options(requests)

    (reply,) = rich(store, Watched()).answer([Ask(QUESTION, (1, 4), (0.5, 2.0), Context(INDEX, QUERY))])
    assert reply.parsed == "B"
    (request,) = seen
    assert (request.index, request.query, request.indices) == (INDEX, QUERY, (1, 4))
    assert request.frames.shape == (2, 8, 12, 3)


def test_every_part_of_what_a_trained_model_is_given_is_in_its_key(store: Store) -> None:
    """Features, times, basis, relevance, the question's vector, what is shown, the model: nothing stale is reused."""
    base = rich(store, Model(), full_frames=0)

    def key_of(context: Context | None, who: Answering = base) -> str:
        return who.request_key(Ask(QUESTION, (1, 4), (0.5, 2.0), context), who.protocol.prompt(QUESTION))

    def changed(**parts: Any) -> Context:
        return Context(replace(INDEX, **parts), QUERY)

    bent = INDEX.features.copy()
    bent[5, 3] += 1e-4  # of a frame that was not picked
    other_model = rich(store, Model(), full_frames=0)
    other_model.identity = lambda: {"model": "n"}
    keys = [
        key_of(None),
        key_of(Context(INDEX, QUERY)),
        key_of(changed(features=bent)),
        key_of(changed(timestamps_s=INDEX.timestamps_s + 0.01)),
        key_of(changed(duration_s=4.0)),
        key_of(changed(basis=None)),
        key_of(Context(INDEX, replace(QUERY, relevance=QUERY.relevance[::-1].copy()))),
        key_of(Context(INDEX, replace(QUERY, vector=None))),
        key_of(Context(INDEX, replace(QUERY, vector=np.zeros(3)))),
        key_of(Context(INDEX, QUERY), rich(store, Model(), full_frames=4)),
        key_of(Context(INDEX, QUERY), other_model),
    ]
    assert len(set(keys)) == len(keys)
    assert key_of(Context(replace(INDEX), replace(QUERY))) == keys[1]


def test_the_answerer_itself_is_asked_under_the_keys_that_it_always_had(store: Store, monkeypatch: Any) -> None:
    """Without a context nothing of a trained model is in the key: neither fields nor code."""
    told: dict[str, Any] = {}
    reader()  # remembered from here on
    monkeypatch.setattr("ntlbg.evaluation.answering.keys.key", lambda **inputs: told.update(inputs) or "k")
    base = answering(store, Model())
    base.request_key(Ask(QUESTION, (1, 2), (0.1, 0.2)), base.protocol.prompt(QUESTION))
    assert set(told) == {
        *("format", "answerer", "reader", "libraries", "prompt", "options", "frames", "presentation", "scoring"),
        *("protocol", "timestamps", "max_new_tokens", "device", "dtype"),
    }
    assert told["presentation"] == "frames"
    assert set(told["libraries"]) == {"torch", "transformers"}


def test_the_answerers_code_is_what_it_imports() -> None:
    """`READS_FRAMES` names the modules of `modeling` that the answerer reaches, all of them and no other."""
    import ntlbg.modeling as room

    folder, todo, found = Path(room.__path__[0]), ["answerer"], set[str]()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ntlbg.modeling."):
                todo.append(str(node.module).rpartition(".")[2])
    assert found == set(READS_FRAMES)
    assert reader() != reader(True)
