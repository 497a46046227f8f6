"""The language model answers: the same lines for every arm, given a question and chosen frames.

Nothing here knows which arm asks. Two asks about a video with equal question and frames are one request, answered once.
A trained model is asked in the same words; it is given the frames' features and the question's relevance as well.
Answers go to the store after each batch. Room `answers`, one value per batch: `answers.json`, request key → raw
answer. A batch is stored whole or not at all, so that a killed and resumed evaluation forms the same batches, and
gives the same bytes, as one that was not killed. Errors are never stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from blake3 import blake3

from ntlbg import store as keys
from ntlbg.errors import NTLBGError, StoreError
from ntlbg.evaluation.params import EvaluationParams
from ntlbg.evaluation.questions import LETTERS, letter
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt
from ntlbg.records.question import Question
from ntlbg.store import Store, write_atomic

if TYPE_CHECKING:
    from ntlbg.modeling.answerer import Answerer, Request
    from ntlbg.modeling.rich_answerer import RichAnswerer
    from ntlbg.modeling.visual import VisualTokens
    from ntlbg.records.query import Query
    from ntlbg.records.video_index import VideoIndex
    from ntlbg.video.source import FrameSource

Asked = tuple[str, str]  # video and request key

ROOM = "answers"
FORMAT = 1  # of the stored raw answers
DECIMALS = 6  # of a log-likelihood; the answer is read off the rounded values, so `raw` alone gives `parsed`
# what the answerer itself is made of; the other modules of the room serve trained models alone
READS_FRAMES = ("answerer", "checkpoint", "images", "presentation", "request", "threads", "vision")


@cache
def versions(*packages: str) -> dict[str, str]:
    """Installed versions: with another one the same weights may answer otherwise."""
    return {name: version(name) for name in packages}


def decoder() -> dict[str, str]:
    """What pixels depend on besides the file, as for stored frames."""
    from ntlbg.video import pool

    return {"version": pool.VERSION, **versions("av")}


@cache
def reader(trained: bool = False) -> str:
    """Digest of the code that turns a request into numbers: another way to show frames may give another answer."""
    import ntlbg.modeling as room
    import ntlbg.statistics as below

    folder = Path(room.__path__[0])
    if not trained:
        return keys.key(**{f"{name}.py": keys.file_digest(folder / f"{name}.py") for name in READS_FRAMES})
    # a trained model is given weights and relevance that the statistics make
    sources = [*sorted(folder.glob("*.py")), *sorted(Path(below.__path__[0]).glob("*.py"))]
    return keys.key(**{f"{source.parent.name}/{source.name}": keys.file_digest(source) for source in sources})


@dataclass(frozen=True, eq=False)
class Context:
    """What a trained model is given besides the picked frames. All of it is made without evidence."""

    index: VideoIndex
    query: Query

    @cached_property
    def digest(self) -> str:
        """Of every number that the model is given."""
        index, query = self.index, self.query
        arrays = {
            "features": index.features,
            "timestamps_s": index.timestamps_s,
            "basis": index.basis,
            "relevance": query.relevance,
            "vector": query.vector,
        }
        told = {name: None if array is None else array_digest(array) for name, array in arrays.items()}
        return keys.key(**told, duration_s=index.duration_s, native_fps=index.native_fps, text=query.text)


def array_digest(array: Array) -> str:
    """blake3 of an array's type, shape and values."""
    head = f"{array.dtype.str}{list(array.shape)}".encode()
    return blake3(head + np.ascontiguousarray(array).tobytes()).hexdigest()


@dataclass(frozen=True)
class Ask:
    """A question and the frames to show, in time order; both tuples are empty for a blind ask.

    context: for a trained model; None where the answerer itself reads the frames.
    """

    question: Question
    indices: tuple[int, ...] = ()
    timestamps_s: tuple[float, ...] = ()
    context: Context | None = None


@dataclass(frozen=True)
class Reply:
    """raw: the model's words, or the options' log-likelihoods as JSON. parsed: a letter, or "". error: "" if sound.

    kept: of more picks than are shown, those that the model showed; None where all were.
    """

    raw: str = ""
    parsed: str = ""
    error: str = ""
    prompt_sha256: str = ""
    kept: tuple[int, ...] | None = None


@dataclass
class Answering:
    """Answers asks of one benchmark. sources: video_id → blake3 of the file its candidate frames came from.

    answerer: the model, or a function that loads it, called when the first answer is not in the store.
    identity: JSON values that tell answerers apart. asked: requests that reached the model; reused: ones that did not.
    shown: JSON values that say how a trained model is to show the picks; None where the answerer reads full frames.
    With a `pool` above 1 the model chooses among the picks, and what is stored tells its choice as well.
    visual: opens the stored visual tokens that a trained model is given in the frames' place; None shows it frames.
    """

    answerer: Callable[[], Answerer | RichAnswerer]
    identity: Callable[[], dict[str, Any]]
    frames: FrameSource
    sources: dict[str, str]
    protocol: Any
    params: EvaluationParams
    store: Store
    shown: dict[str, Any] | None = None
    visual: Callable[[], VisualTokens] | None = None
    asked: int = 0
    reused: int = 0
    # by video too: where the videos are shared among processes, none may know what another was answered
    _raw: dict[Asked, str] = field(default_factory=dict)

    def answer(self, asks: Sequence[Ask]) -> list[Reply]:
        """One reply per ask, in order. What cannot be shown, answered or read is a reply with an error."""
        replies: list[Reply | None] = [None] * len(asks)
        prompts: list[Prompt | None] = [None] * len(asks)
        waiting: dict[Asked, Ask] = {}
        key_of: dict[int, Asked] = {}
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
            key_of[place] = request = (ask.question.video_id, self.request_key(ask, prompt))
            waiting.setdefault(request, ask)
        errors: dict[Asked, str] = {}
        pending = list(waiting.items())
        for start in range(0, len(pending), self.params.batch):
            errors |= self._batch(dict(pending[start : start + self.params.batch]))
        for place, request in key_of.items():
            prompt_sha256 = prompts[place].sha256  # type: ignore[union-attr]
            if request in errors:
                # which picks would have been shown is not known
                kept = () if self._chooses else None
                replies[place] = Reply(error=errors[request], prompt_sha256=prompt_sha256, kept=kept)
            else:
                replies[place] = self._read(self._raw[request], asks[place].question, prompt_sha256)
        return [reply for reply in replies if reply is not None]

    @property
    def _chooses(self) -> bool:
        """Whether the model keeps only some of the picks."""
        return self.shown is not None and self.shown["pool"] > 1

    def request_key(self, ask: Ask, prompt: Prompt) -> str:
        """Key of everything that can change the answer to this ask."""
        p = self.params
        frames = None
        if ask.indices:
            frames = {
                "source": self.sources[ask.question.video_id],
                "indices": list(ask.indices),
                "timestamps_s": list(ask.timestamps_s),
                "size": list(p.size),
                "decoder": decoder(),
                **self.frames.made_by(ask.question.video_id),
            }
            if self.visual is not None:
                frames["stored"] = "float16"  # visual tokens are, and are then read a little otherwise
        trained: dict[str, Any] = {}
        if ask.context is not None:
            trained = {"shown": self.shown, "context": ask.context.digest}
        return keys.key(
            format=FORMAT,
            answerer=self.identity(),
            reader=reader(bool(trained)),
            libraries=versions("torch", "transformers", *(["peft"] if trained else [])),
            prompt=asdict(prompt),
            options=list(self._options(ask.question)),
            frames=frames,
            presentation=p.presentation,
            scoring=p.scoring,
            protocol=p.protocol,
            timestamps=p.timestamps,
            max_new_tokens=p.max_new_tokens if p.scoring == "generate" else None,
            device=p.device.split(":")[0],
            dtype=p.dtype,
            **trained,
        )

    def _options(self, question: Question) -> tuple[str, ...]:
        """What likelihood is taken of: option texts, or letters where the prompt itself shows the options."""
        if self.params.scoring == "generate":
            return ()
        if self.params.protocol == "open":
            return question.options
        return tuple(LETTERS[: len(question.options)])

    def _batch(self, batch: dict[Asked, Ask]) -> dict[Asked, str]:
        """Answer one batch or find it in the store; fills `_raw` and returns errors by request.

        A request that another arm made before is not asked again, but is part of the batch and of its key all the
        same: so an arm's batches do not depend on which arms came before it.
        """
        batch_key = keys.key(format=FORMAT, requests=[request for _, request in batch])
        found = self.store.get(ROOM, batch_key)
        if found is not None:
            known = json.loads((found / "answers.json").read_text())
            for place in batch:
                self._raw.setdefault(place, known[place[1]])
            self.reused += len(batch)
            return {}
        new = {request: ask for request, ask in batch.items() if request not in self._raw}
        if new:
            self.answerer()  # a model that does not load is no error of a question: nothing may be written then
            if self.visual is not None:
                self.visual()
        try:
            raw = self._ask(list(new.values())) if new else []
        except StoreError:
            raise  # nor is a full disk
        except NTLBGError as error:
            if len(batch) == 1:
                return {next(iter(batch)): error.sentence}
            errors: dict[Asked, str] = {}
            for request, ask in batch.items():  # one bad ask must not take its neighbours along
                errors |= self._batch({request: ask})
            return errors
        self._raw |= dict(zip(new, raw, strict=True))
        answers = {place[1]: self._raw[place] for place in batch}

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
                **self._given(ask),
            )
            for ask, frames in zip(asks, self._frames(asks), strict=True)
        ]
        model = self.answerer()
        raw = self._said(model, asks, requests)
        if not self._chooses:
            return raw
        kept = cast("RichAnswerer", model).choose(requests)
        return [keys.canonical({"raw": one, "kept": list(own)}) for one, own in zip(raw, kept, strict=True)]

    def _said(self, model: Answerer | RichAnswerer, asks: list[Ask], requests: list[Request]) -> list[str]:
        """Words, or log-likelihoods of the options as JSON."""
        if self.params.scoring == "generate":
            return model.generate(requests, self.params.max_new_tokens)
        raw = []
        for ask, scores in zip(asks, model.score_options(requests), strict=True):
            if not np.isfinite(scores).all():
                raise NTLBGError(f"{ask.question.question_id}: a log-likelihood is not a finite number")
            raw.append(json.dumps([round(float(score), DECIMALS) for score in scores], separators=(",", ":")))
        return raw

    def _given(self, ask: Ask) -> dict[str, Any]:
        """What a request carries for a trained model, by its fields."""
        if ask.context is None:
            return {}
        given = {"index": ask.context.index, "query": ask.context.query, "indices": ask.indices}
        if self.visual is not None:
            tokens = self.visual().of(ask.question.video_id)
            given["visual"] = np.asarray(tokens[list(ask.indices)], dtype=np.float32)
        return given

    def _frames(self, asks: list[Ask]) -> list[Any]:
        """Pixels of each ask, uint8 [k, h, w, 3]; none where visual tokens take their place.

        Each video is opened once for all asks of the batch.
        """
        height, width = self.params.size
        none = np.zeros((0, height, width, 3), dtype=np.uint8)
        if self.visual is not None:
            return [none] * len(asks)
        wanted: dict[str, set[float]] = {}
        for ask in asks:
            if ask.indices:
                wanted.setdefault(ask.question.video_id, set()).update(ask.timestamps_s)
        pixels: dict[str, dict[float, Any]] = {}
        for video, times in wanted.items():
            ordered = sorted(times)
            got = self.frames.get(video, np.asarray(ordered), (height, width))
            pixels[video] = dict(zip(ordered, got, strict=True))
        return [
            np.stack([pixels[ask.question.video_id][t] for t in ask.timestamps_s]) if ask.indices else none
            for ask in asks
        ]

    def _read(self, raw: str, question: Question, prompt_sha256: str) -> Reply:
        """The letter that a raw answer gives; of equal log-likelihoods the first."""
        kept = None
        if self._chooses:
            stored = json.loads(raw)
            raw, kept = stored["raw"], tuple(stored["kept"])
        if self.params.scoring == "likelihood":
            scores = json.loads(raw)
            return Reply(raw, letter(int(np.argmax(scores))), "", prompt_sha256, kept)
        place = self.protocol.parse(raw, len(question.options))
        if place is None or not 0 <= place < len(question.options):
            return Reply(raw, "", "answer: no option can be read from the reply", prompt_sha256, kept)
        return Reply(raw, letter(place), "", prompt_sha256, kept)
