"""How well the tiny models do on videos they never saw, really encoded as H.264 and decoded again.

Checking videos come from a series of their own. `composed=True` plans them as test videos are planned, so that
held-out combinations occur.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from ntlbg.backbone.practice import SPLIT, Scene, events_at, places_at
from ntlbg.corpus.planted import PlannedQuestion, VideoPlan, plan_video, rng_for
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.records.arrays import Array
from ntlbg.records.prompt import Prompt


def checking_plans(seed: int, n: int, *, composed: bool = False) -> list[VideoPlan]:
    """n plans of videos that no training sees, as full as the corpus's."""
    return [plan_video(seed, "test" if composed else SPLIT, "practice-check", i) for i in range(n)]


def filmed(plan: VideoPlan, size: tuple[int, int], *, crf: int = 26) -> Scene:
    """Encode the whole plan as H.264, decode it, keep a frame a second at `size` (height, width)."""
    import av

    from ntlbg.corpus.scenes import Renderer

    renderer = Renderer(plan)
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as out:
        stream = out.add_stream(
            "libx264", rate=plan.fps, options={"crf": str(crf), "preset": "veryfast", "threads": "1"}
        )
        first = renderer.frame(0)
        stream.height, stream.width, stream.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        for picture in renderer.frames():
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    film.seek(0)
    frames, times = [], []
    wanted = int(rng_for("check", plan.look).integers(plan.fps))
    height, width = size
    with av.open(film, "r") as back:
        for n, frame in enumerate(back.decode(video=0)):
            if n % plan.fps == wanted:
                small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
                frames.append(small.to_ndarray())
                times.append(n / plan.fps)
    at = np.array(times)
    return Scene(plan, np.stack(frames), at, places_at(plan, at), events_at(plan, at))


def shown(question: PlannedQuestion, times: Array) -> dict[int, Array]:
    """Per evidence item, the candidate frames inside its intervals."""
    items: dict[int, list[int]] = {}
    for item, start, end in question.evidence:
        items.setdefault(item, []).extend(np.flatnonzero((times >= start) & (times < end)).tolist())
    return {item: np.array(frames, dtype=np.int64) for item, frames in items.items()}


def oracle(question: PlannedQuestion, times: Array, k: int) -> Array:
    """k frames: every item's middle frame first, then evenly more evidence, then even spacing over the rest."""
    queues = [
        list(f[np.argsort(abs(np.arange(f.size) - f.size / 2), kind="stable")]) for f in shown(question, times).values()
    ]
    chosen: list[int] = []
    while any(queues) and len(chosen) < k:
        for queue in queues:
            if queue and len(chosen) < k:
                frame = int(queue.pop(0))
                if frame not in chosen:
                    chosen.append(frame)
    rest = np.setdiff1d(np.arange(len(times)), chosen)
    missing = k - len(chosen)
    fill = rest[((np.arange(missing) + 0.5) * len(rest) / max(missing, 1)).astype(np.int64)]
    return np.sort(np.concatenate([np.array(chosen, np.int64), fill]))


def even(times: Array, k: int) -> Array:
    """k evenly spaced candidate frames."""
    return ((np.arange(k) + 0.5) * len(times) / k).astype(np.int64)


def accuracy(answerer: Answerer, scenes: Sequence[Scene], frames: str, *, k: int = 8) -> dict[str, tuple[float, int]]:
    """Accuracy and number of questions per form and per kind. frames: `oracle`, `even` or `blind`."""
    requests, truth = [], []
    for scene in scenes:
        times = scene.timestamps_s
        for question in scene.plan.questions:
            if frames == "oracle":
                picks = oracle(question, times, k)
            else:
                picks = even(times, k) if frames == "even" else np.zeros(0, np.int64)
            requests.append(Request(scene.frames[picks], times[picks], Prompt(question.text), question.options))
            truth.append(question)
    scores = answerer.score_options(requests)
    hits: dict[str, list[bool]] = {}
    for question, score in zip(truth, scores, strict=True):
        for name in (question.form, question.kind.value):
            hits.setdefault(name, []).append(int(np.argmax(score)) == question.answer)
    return {name: (float(np.mean(found)), len(found)) for name, found in sorted(hits.items())}


def relevance_auc(scores: Array, evidence: Array) -> float:
    """Area under the ROC curve of `scores` [T]: telling evidence frames (bool [T]) from the rest. Ties count half."""
    from scipy.stats import rankdata

    positive = int(evidence.sum())
    ranks = rankdata(scores)
    return float((ranks[evidence].sum() - positive * (positive + 1) / 2) / (positive * (len(scores) - positive)))


def line(result: dict[str, tuple[float, int]]) -> str:
    """One readable line of an accuracy table."""
    return "  ".join(f"{name} {value:.3f}" for name, (value, _) in result.items())


def encoder_auc(encode_frames: Any, encode_texts: Any, scenes: Sequence[Scene]) -> dict[str, float]:
    """Mean AUC per kind of the encoder's relevance. encode_frames: frames -> unit [T, e]; encode_texts likewise."""
    found: dict[str, list[float]] = {}
    for scene in scenes:
        vectors = encode_frames(scene.frames)
        texts = encode_texts([q.text for q in scene.plan.questions])
        for question, text in zip(scene.plan.questions, texts, strict=True):
            evidence = np.zeros(len(scene.timestamps_s), bool)
            for frames in shown(question, scene.timestamps_s).values():
                evidence[frames] = True
            if 0 < evidence.sum() < len(evidence):
                found.setdefault(question.kind.value, []).append(relevance_auc(vectors @ text, evidence))
    return {kind: float(np.mean(values)) for kind, values in sorted(found.items())}
