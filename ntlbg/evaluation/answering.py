"""The language model answers: the same lines for every arm, given a question and chosen frames.

Nothing here knows which arm asks. Two asks with equal question and equal frames are one request, answered once.
Answers go to the store after each batch. Room `answers`, one value per batch: `answers.json`, request key → raw
answer. A batch is stored whole or not at all, so that a killed and resumed evaluation forms the same batches, and
gives the same bytes, as one that was not killed. Errors are never stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg import store as keys
from ntlbg.errors import NTLBGError
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.questions import LETTERS, letter
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question
from ntlbg.store import Store, write_atomic

if TYPE_CHECKING:
    from ntlbg.modeling.answerer import Answerer
    from ntlbg.video.source import FrameSource

ROOM = "answers"
FORMAT = 1  # of the stored raw answers
DECIMALS = 6  # of a log-likelihood; the answer is read off the rounded values, so `raw` alone gives `parsed`


@cache
def versions(*packages: str) -> dict[str, str]:
    """Installed versions: with another one the same weights may answer otherwise."""
    return {name: version(name) for name in packages}


def decoder() -> dict[str, str]:
    """What pixels depend on besides the file, as for stored frames."""
    from ntlbg.video import pool

    return {"version": pool.VERSION, **versions("av")}


@cache
def reader() -> str:
    """Digest of the code that turns a request into numbers: another way to show frames may give another answer."""
    import ntlbg.modeling as room

    sources = sorted(Path(room.__path__[0]).glob("*.py"))
    return keys.key(**{source.name: keys.file_digest(source) for source in sources})


@dataclass(frozen=True)
class Ask:
    """A question and the frames to show, in time order; both tuples are empty for a blind ask."""

    question: Question
    indices: tuple[int, ...] = ()
    timestamps_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reply:
    """raw: the model's words, or the options' log-likelihoods as JSON. parsed: a letter, or "". error: "" if sound."""

    raw: str = ""
    parsed: str = ""
    error: str = ""
    prompt_sha256: str = ""


@dataclass
class Answering:
    """Answers asks of one benchmark. sources: video_id → blake3 of the file its candidate frames came from.

    answerer: the model, or a function that loads it, called when the first answer is not in the store.
    identity: JSON values that tell answerers apart. asked: requests that reached the model; reused: ones that did not.
    """

    answerer: Callable[[], Answerer]
    identity: Callable[[], dict[str, Any]]
    frames: FrameSource
    sources: dict[str, str]
    protocol: Any
    params: EvaluationParams
    store: Store
    asked: int = 0
    reused: int = 0
    _raw: dict[str, str] = field(default_factory=dict)

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """One reply per ask, in order. What cannot be shown, answered or read is a reply with an error."""
        replies: list[Reply | None] = [None] * len(asks)
        prompts: list[Prompt | None] = [None] * len(asks)
        waiting: dict[str, Ask] = {}
        key_of: dict[int, str] = {}
        for place, ask in enumerate(asks):
            try:
                prompts[place] = prompt = self.protocol.prompt(ask.question)
            except NTLBGError as error:
                replies[place] = Reply(error=f"prompt: {error.sentence}")
                continue
            if not ask.question.options:
                replies[place] = Reply(error="the question has no options", prompt_sha256=prompt.sha256)
                continue
            if len(ask.question.options) > len(LETTERS):
                replies[place] = Reply(error="the question has more options than letters", prompt_sha256=prompt.sha256)
                continue
            key_of[place] = request = self.request_key(ask, prompt)
            waiting.setdefault(request, ask)
        errors: dict[str, str] = {}
        pending = list(waiting.items())
        for start in range(0, len(pending), self.params.batch):
            errors |= self._batch(dict(pending[start : start + self.params.batch]))
        for place, request in key_of.items():
            prompt_sha256 = prompts[place].sha256  # type: ignore[union-attr]
            if request in errors:
                replies[place] = Reply(error=errors[request], prompt_sha256=prompt_sha256)
            else:
                replies[place] = self._read(self._raw[request], asks[place].question, prompt_sha256)
        return [reply for reply in replies if reply is not None]

    def request_key(self, ask: Ask, prompt: Prompt) -> str:
        """Key of everything that can change the answer to this ask."""
        p = self.params
        shown = None
        if ask.indices:
            shown = {
                "source": self.sources[ask.question.video_id],
                "indices": list(ask.indices),
                "timestamps_s": list(ask.timestamps_s),
                "size": list(p.size),
                "decoder": decoder(),
            }
        return keys.key(
            format=FORMAT,
            answerer=self.identity(),
            reader=reader(),
            libraries=versions("torch", "transformers"),
            prompt=asdict(prompt),
            options=list(self._options(ask.question)),
            frames=shown,
            presentation=p.presentation,
            scoring=p.scoring,
            protocol=p.protocol,
            timestamps=p.timestamps,
            max_new_tokens=p.max_new_tokens if p.scoring == "generate" else None,
            device=p.device.split(":")[0],
            dtype=p.dtype,
        )

    def _options(self, question: Question) -> tuple[str, ...]:
        """What likelihood is taken of: option texts, or letters where the prompt itself shows the options."""
        if self.params.scoring == "generate":
            return ()
        if self.params.protocol == "open":
            return question.options
        return tuple(LETTERS[: len(question.options)])

    def _batch(self, batch: dict[str, Ask]) -> dict[str, str]:
        """Answer one batch or find it in the store; fills `_raw` and returns errors by request.

        A request that another arm made before is not asked again, but is part of the batch and of its key all the
        same: so an arm's batches do not depend on which arms came before it.
        """
        batch_key = keys.key(format=FORMAT, requests=list(batch))
        found = self.store.get(ROOM, batch_key)
        if found is not None:
            for request, raw_answer in json.loads((found / "answers.json").read_text()).items():
                self._raw.setdefault(request, raw_answer)
            self.reused += len(batch)
            return {}
        new = {request: ask for request, ask in batch.items() if request not in self._raw}
        if new:
            self.answerer()  # a model that does not load is no error of a question: nothing may be written then
        try:
            raw = self._ask(list(new.values())) if new else []
        except NTLBGError as error:
            if len(batch) == 1:
                return {next(iter(batch)): error.sentence}
            errors: dict[str, str] = {}
            for request, ask in batch.items():  # one bad ask must not take its neighbours along
                errors |= self._batch({request: ask})
            return errors
        self._raw |= dict(zip(new, raw, strict=True))
        answers = {request: self._raw[request] for request in batch}

        def write(folder: Path) -> None:
            write_atomic(folder / "answers.json", keys.canonical(answers))

        self.store.put(ROOM, batch_key, write)
        self.asked += len(new)
        self.reused += len(batch) - len(new)
        return {}

    def _ask(self, asks: list[Ask]) -> list[str]:
        """Raw answers of the model itself."""
        from ntlbg.modeling.answerer import Request

        requests = [
            Request(
                frames=frames,
                timestamps_s=np.asarray(ask.timestamps_s, dtype=np.float64),
                prompt=self.protocol.prompt(ask.question),
                options=self._options(ask.question),
            )
            for ask, frames in zip(asks, self._frames(asks), strict=True)
        ]
        model = self.answerer()
        if self.params.scoring == "generate":
            return model.generate(requests, self.params.max_new_tokens)
        raw = []
        for ask, scores in zip(asks, model.score_options(requests), strict=True):
            if not np.isfinite(scores).all():
                raise NTLBGError(f"{ask.question.question_id}: a log-likelihood is not a finite number")
            raw.append(json.dumps([round(float(score), DECIMALS) for score in scores], separators=(",", ":")))
        return raw

    def _frames(self, asks: list[Ask]) -> list[Any]:
        """Pixels of each ask, uint8 [k, h, w, 3]. Each video is opened once for all asks of the batch."""
        height, width = self.params.size
        wanted: dict[str, set[float]] = {}
        for ask in asks:
            if ask.indices:
                wanted.setdefault(ask.question.video_id, set()).update(ask.timestamps_s)
        pixels: dict[str, dict[float, Any]] = {}
        for video, times in wanted.items():
            ordered = sorted(times)
            got = self.frames.get(video, np.asarray(ordered), (height, width))
            pixels[video] = dict(zip(ordered, got, strict=True))
        none = np.zeros((0, height, width, 3), dtype=np.uint8)
        return [
            np.stack([pixels[ask.question.video_id][t] for t in ask.timestamps_s]) if ask.indices else none
            for ask in asks
        ]

    def _read(self, raw: str, question: Question, prompt_sha256: str) -> Reply:
        """The letter that a raw answer gives; of equal log-likelihoods the first."""
        if self.params.scoring == "likelihood":
            scores = json.loads(raw)
            return Reply(raw, letter(int(np.argmax(scores))), "", prompt_sha256)
        place = self.protocol.parse(raw, len(question.options))
        if place is None or not 0 <= place < len(question.options):
            return Reply(raw, "", "answer: no option can be read from the reply", prompt_sha256)
        return Reply(raw, letter(place), "", prompt_sha256)
