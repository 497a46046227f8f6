"""What a Python user calls: `select_frames(video, query, k)` and `ask(video, question, options, …)`.

    chosen = select_frames("film.mp4", "a dog on a skateboard", 8)
    chosen.selection.timestamps_s, chosen.pictures()
    select_frames("film.mp4", "a dog on a skateboard", "auto", explained=0.9)  # as few frames as explain so much

    answered = ask("film.mp4", "What does the dog ride?", ["a bus", "a skateboard"], answerer="models/answerer")
    answered.letter, answered.text, answered.chosen.selection.timestamps_s

Decoding, encoding and answers are remembered by content in the store, so the second question on a video costs neither
of the first two, and the same question nothing.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ntlbg.errors import InputError, NTLBGError
from ntlbg.features.encoders import EMBEDDED, Encoder, load_encoder
from ntlbg.features.extract import Shown, features_of
from ntlbg.features.index import Features
from ntlbg.features.relevance import Peak, is_flat, make_query, peak
from ntlbg.progress import meter
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.records.query import Query
from ntlbg.records.question import Question
from ntlbg.records.selection import Selection
from ntlbg.store import Store, file_digest

if TYPE_CHECKING:
    from ntlbg.evaluation.answering import Reply
    from ntlbg.evaluation.params import EvaluationParams
    from ntlbg.modeling.answerer import Answerer
    from ntlbg.modeling.rich_answerer import RichAnswerer
    from ntlbg.video.outcomes import Outcomes

MAX_FRAMES = 2048
LIMIT_S = 3600.0  # wall clock for decoding one video
COVERED = "the question asks about the video as a whole: its frames are spread evenly, and relevance is not used"


@dataclass(frozen=True, eq=False)
class Chosen:
    """The frames of one video for one question.

    decoded, encoded: how many videos were decoded and encoded for it now (0 when the store had them).
    compared: the text that pictures were compared with. notes: what a user should know, in sentences.
    """

    video: Path
    selection: Selection
    query: Query
    features: Features
    encoder: str
    sees: str
    compared: str
    peak: Peak
    decoded: int
    encoded: int
    notes: tuple[str, ...] = ()
    _pixels: Array = field(repr=False, default_factory=lambda: np.zeros((0, 1, 1, 3), np.uint8))
    source_blake3: str = ""  # of the file that the frames were chosen from

    def pictures(self) -> Array:
        """The chosen frames as the encoder saw them, in time order: uint8 [k, h, w, 3]."""
        return self._pixels

    def as_json(self) -> dict[str, Any]:
        """The command line's JSON object; timestamps in seconds."""
        s = self.selection
        return {
            "video": str(self.video),
            "query": self.query.text,
            "selector": s.selector,
            "encoder": self.encoder,
            "k": len(s),
            "indices": s.indices.tolist(),
            "timestamps": s.timestamps_s.tolist(),
            "masses": s.masses.tolist(),
            "explained": s.explained,
            "trust": s.trust,
            "sha256": s.sha256,
        }


def select_frames(
    video: str | Path,
    query: str,
    k: int | Literal["auto"],
    *,
    explained: float | None = None,
    max_k: int | None = None,
    selector: str = "ntlbg",
    encoder: str | Path | Encoder = EMBEDDED,
    fps: float = 1.0,
    max_frames: int = MAX_FRAMES,
    size: tuple[int, int] | None = None,
    settings: dict[str, Any] | None = None,
    device: str = "cpu",
    store: Store | None = None,
) -> Chosen:
    """Choose the k frames of `video` that represent it best, given the question.

    k: how many; with `auto` the least number that explains the share `explained` (0.9 where none is given) of the
    question's law, at most `max_k` (64). The number is then the length of the selection, and a note says where the cap
    was met.
    fps: candidate frames per second; if that makes more than `max_frames`, so many are spread over the whole video.
    size: height and width at which they are decoded; what the encoder asks for where none is given.
    encoder: `embedded`, a checkpoint folder, `HUB_ID@COMMIT`, or a loaded Encoder. settings: of the selector.
    Raises InputError for a wrong argument, VideoError (with its outcome) for a video that cannot be read.
    """
    from ntlbg.selection import budget, registry
    from ntlbg.selection.ntlbg import NTLBG
    from ntlbg.video.storage import open_shard

    rule = registry.make(selector, **(settings or {}))  # wrong names fail before any work
    if not query.strip():
        raise InputError("the question is empty", hint="say what to look for, for example `a red car`")
    share = budget.EXPLAINED if explained is None else explained
    most = budget.MAX_K if max_k is None else max_k
    if k == budget.AUTO:
        budget.check(rule, share, most)
    elif isinstance(k, str):
        raise InputError(f"k is `{k}`; it must be a number of frames or `{budget.AUTO}`")
    elif k < 1:
        raise InputError(f"k is {k}; at least one frame must be chosen")
    elif explained is not None or max_k is not None:
        given = "max_k" if explained is None else "explained"
        raise InputError(f"{given} is given and k is {k}; it belongs to k `{budget.AUTO}`")
    if not 0 < fps <= 1000:
        raise InputError(f"fps is {fps:g}; it must be positive, and at most 1000")
    if max_frames < 1:
        raise InputError(f"max_frames is {max_frames}; at least one candidate frame is needed")
    path, store = Path(video), store or Store.default()
    loaded = encoder if isinstance(encoder, Encoder) else _encoder(encoder, device)
    shard, facts, decoded, digest = _frames(path, loaded, fps, max_frames, size, store)
    times = np.asarray(facts["timestamps_s"], np.float64)
    shown = Shown(str(path), times, facts["native_fps"], facts["frame_count"], facts["duration_s"])
    with meter("encode", total=len(times), unit="frames") as bar:
        features, encoded = features_of(shard, shown, loaded, store=store, told=bar.advance)
    asked = make_query(query, features, loaded)
    if isinstance(k, str):
        selection = budget.smallest_budget(rule, features.index, asked, share, most)
    else:
        selection = rule.select(features.index, asked, k)
    pixels = open_shard(shard, len(times))[selection.indices]
    top = peak(asked, features, loaded)
    covered = isinstance(rule, NTLBG) and rule.covers(asked)
    flat = rule.uses_relevance and not covered and is_flat(top, loaded)
    return Chosen(
        path,
        selection,
        asked,
        features,
        loaded.name,
        loaded.sees,
        loaded.phrase(query),
        top,
        decoded,
        int(encoded),
        (
            *_notes(facts, flat, len(times), fps, len(selection) if isinstance(k, str) else k),
            *(_capped(selection, share) if isinstance(k, str) else ()),
            *((COVERED,) if covered else ()),
        ),
        pixels,
        digest,
    )


@dataclass(frozen=True, eq=False)
class Answered:
    """letter, text: of the option that was answered. scores: log-likelihood of each option, in nats; empty where the
    answer was written in words. raw: what the model gave. picks_s: times in seconds of the frames that it read, which
    are those of `chosen`, or the part of them that a trained model kept.
    """

    letter: str
    text: str
    scores: tuple[float, ...]
    raw: str
    picks_s: tuple[float, ...]
    chosen: Chosen


# how a question is answered, given what was chosen of the video for it
Answers = Callable[[Chosen, Question], "Reply"]


def ask(
    video: str | Path,
    question: str,
    options: Sequence[str],
    *,
    answerer: str | Path | Answerer | Answers,
    encoder: str | Path | Encoder = EMBEDDED,
    selector: str = "ntlbg",
    k: int = 8,
    params: EvaluationParams | None = None,
    fps: float = 1.0,
    max_frames: int = MAX_FRAMES,
    size: tuple[int, int] | None = None,
    settings: dict[str, Any] | None = None,
    device: str = "cpu",
    store: Store | None = None,
) -> Answered:
    """Answer a question with options about `video` from the k frames that represent it best, as an evaluation does.

    answerer: a checkpoint folder, a loaded Answerer, or a function (what was chosen, question) → reply.
    params: how the language model is asked, and at which size it sees the frames. The rest is as in `select_frames`.
    Raises InputError for a wrong argument, VideoError for a video that cannot be read, NTLBGError when the model's
    words name no option: an answer is never guessed.
    """
    given = tuple(str(option) for option in options)
    if len(given) < 2:
        raise InputError(f"the question has {len(given)} options; at least two are needed")
    store = store or Store.default()
    answers = answerer if callable(answerer) else answers_from_frames(answerer, params, device=device, store=store)
    chosen = select_frames(
        video,
        question,
        k,
        selector=selector,
        encoder=encoder,
        fps=fps,
        max_frames=max_frames,
        size=size,
        settings=settings,
        device=device,
        store=store,
    )
    reply = answers(chosen, Question("asked", str(chosen.video), "own", question, given))
    if reply.error:
        raise NTLBGError(f"{chosen.video}: {reply.error}")
    place = ord(reply.parsed) - ord("A")
    s = chosen.selection
    at = dict(zip(s.indices.tolist(), s.timestamps_s.tolist(), strict=True))
    picks = tuple(at.values()) if reply.kept is None else tuple(at[index] for index in reply.kept)
    return Answered(reply.parsed, given[place], _scores(reply.raw, len(given)), reply.raw, picks, chosen)


def _scores(raw: str, options: int) -> tuple[float, ...]:
    """The options' log-likelihoods out of a raw answer that is made of them."""
    try:
        found = json.loads(raw)
    except ValueError:
        return ()
    return tuple(map(float, found)) if isinstance(found, list) and len(found) == options else ()


def answers_from_frames(
    answerer: str | Path | Answerer,
    params: EvaluationParams | None = None,
    *,
    device: str = "cpu",
    store: Store | None = None,
) -> Answers:
    """Presentation `frames`: the language model sees the chosen frames as pictures, at `params.size`.

    The lines that answer are those of the evaluation. With protocol `official` the prompt is Video-MME's.
    """
    from ntlbg.evaluation.params import EvaluationParams
    from ntlbg.modeling.answerer import Answerer

    asked = params or EvaluationParams(device=device)
    model = (
        Answerer.load(answerer, device=asked.device, dtype=asked.dtype, timestamps=asked.timestamps, batch=asked.batch)
        if isinstance(answerer, (str, Path))
        else answerer
    )
    # a model that came loaded answers as it was loaded, and is remembered so
    told = {"dtype": model.identity["dtype"], "timestamps": model.timestamps, "device": str(model.device)}
    return _answers(model, model.identity["answerer"], None, asked.model_copy(update=told), store)


def answers_from_points(
    model: RichAnswerer, shown: dict[str, Any], params: EvaluationParams, *, store: Store | None = None
) -> Answers:
    """Presentations `rich` and `hybrid`: a trained model reads points made of the picks and of the video around them.

    shown: presentation, points, full_frames and pool, as the evaluation tells them apart. Ask for pool × points picks:
    the model keeps so many points of them.
    """
    return _answers(model, model.identity, shown, params, store)


def _answers(
    model: Answerer | RichAnswerer,
    identity: dict[str, Any],
    shown: dict[str, Any] | None,
    params: EvaluationParams,
    store: Store | None,
) -> Answers:
    from ntlbg.evaluation.answering import Answering, Ask, Context
    from ntlbg.questions import protocols
    from ntlbg.video.decode import frames_at
    from ntlbg.video.errors import VideoError
    from ntlbg.video.source import FrameSource

    class Frames(FrameSource):
        """The video itself as the source of pixels: its name is its path."""

        def __init__(self) -> None:
            """There is no folder of decoded frames to look into."""

        def get(self, video_id: str, timestamps_s: Array | list[float], size: tuple[int, int]) -> Array:
            return frames_at(video_id, timestamps_s, size)

        def made_by(self, video_id: str) -> dict[str, Any]:
            return {}  # exact

    def answer(chosen: Chosen, question: Question) -> Reply:
        digest = file_digest(chosen.video)
        if digest != chosen.source_blake3:
            raise VideoError(
                f"{chosen.video}: has changed since its frames were chosen; choose them again",
                DecodeOutcome.OPEN_FAILED,
            )
        answering = Answering(
            answerer=lambda: model,
            identity=lambda: identity,
            frames=Frames(),
            sources={question.video_id: digest},
            protocol=protocols.get("open" if params.protocol == "open" else "videomme"),
            params=params,
            store=store or Store.default(),
            shown=shown,
        )
        s = chosen.selection
        context = None if shown is None else Context(chosen.features.index, chosen.query)
        times = tuple(float(t) for t in s.timestamps_s)
        (reply,) = answering.answer([Ask(question, tuple(int(i) for i in s.indices), times, context)])
        return reply

    return answer


def _encoder(source: str | Path, device: str) -> Encoder:
    """`ID@COMMIT` names a Hub id at a commit; a folder may hold an @ in its name."""
    revision = None
    if isinstance(source, str) and "@" in source and not Path(source).exists():
        source, revision = source.rsplit("@", 1)
    return load_encoder(source, revision=revision, device=device)


def _frames(
    path: Path, encoder: Encoder, fps: float, max_frames: int, size: tuple[int, int] | None, store: Store
) -> tuple[Path, dict[str, Any], int, str]:
    """The shard of the candidate frames, what the decoder says of the video, how many videos it read now, and the
    file's blake3.
    """
    from ntlbg.video.decode import Sampling
    from ntlbg.video.pool import ROOM, frames_key
    from ntlbg.video.probe import probe
    from ntlbg.video.storage import RAW
    from ntlbg.video.worker import FACTS, frames_file

    seen = probe(path)
    digest = file_digest(path)
    height, width = seen.shape  # at square pixels: an encoder must not see a stretched world
    size = size or encoder.size_for(width, height)
    name = frames_key(digest, Sampling(fps, max_frames, size))
    folder, decoded = store.get(ROOM, name), 0
    if folder is None:
        outcomes = _decode(path, digest, fps, max_frames, size, store)
        row: dict[str, Any] = outcomes.table.iloc[0].to_dict()
        folder, decoded = store.get(ROOM, name), outcomes.decoded
        if folder is None:  # a time-out or a crash, which is not remembered
            raise _refused(path, row)
    facts = json.loads((folder / FACTS).read_text())
    if not facts["frames"]:
        raise _refused(path, facts)
    return folder / frames_file(RAW), facts, decoded, digest


def _decode(path: Path, digest: str, fps: float, max_frames: int, size: tuple[int, int], store: Store) -> Outcomes:
    import pandas as pd

    from ntlbg.video.params import VideoParams
    from ntlbg.video.pool import decode_all

    params = VideoParams(fps=fps, max_frames=max_frames, size=size, limit_s=LIMIT_S, workers=1)
    videos = pd.DataFrame([{"video_id": path.name, "path": str(path), "size": path.stat().st_size, "blake3": digest}])
    scratch = (store.root / ".partial" / f"select-{token_hex(8)}").absolute()
    try:
        return decode_all(videos, params, store=store, into=scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _refused(path: Path, facts: dict[str, Any]) -> NTLBGError:
    from ntlbg.video.errors import VideoError

    outcome = DecodeOutcome(facts["outcome"])
    return VideoError(f"{path}: {facts['detail']}", outcome, hint=_hint(outcome))


def _hint(outcome: DecodeOutcome) -> str:
    if outcome in (DecodeOutcome.TIMEOUT, DecodeOutcome.CRASHED):
        return "try a lower --fps, or convert the video to H.264 in mp4 first"
    return "play it to see whether it is whole; converting it to H.264 in mp4 may help"


def _notes(facts: dict[str, Any], flat: bool, frames: int, fps: float, k: int) -> Iterator[str]:
    if DecodeOutcome(facts["outcome"]) is DecodeOutcome.TRUNCATED:
        yield f"the file is cut off: only its first {float(facts['covered_s']):.1f} s could be read"
    if DecodeOutcome(facts["outcome"]) is DecodeOutcome.CORRUPT:
        lost = sum(float(ends) - float(begins) for begins, ends in facts["missing_s"])
        yield f"the file is damaged: {lost:.1f} s of it could not be read, and nothing was chosen from there"
    if frames < k:
        yield f"the video has only {frames} candidate frames at {fps:g} fps: all of them are returned"
    elif flat:
        yield (
            "relevance is flat: no frame looks like what the question asks for, and the encoder may not be able to "
            "see it; do not trust the choice"
        )


def _capped(selection: Selection, share: float) -> Iterator[str]:
    if selection.explained is not None and selection.explained < share:
        yield (
            f"the cap of {len(selection)} frames was met: they explain {selection.explained:.2f} of the question's "
            f"law, and {share:g} was asked for"
        )
