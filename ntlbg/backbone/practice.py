"""Practice videos: planned and drawn like the corpus, from a split of their own, so they share no video with it.

Only the candidate frames are drawn (one a second, each video with its own phase) and kept in memory at the size
the models read. A frame takes the way a decoded one takes: 4:2:0 chroma, a lossy codec (JPEG stands for H.264), then
the swscale area filter. Held-out combinations do not occur: the split is not `test`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ntlbg.corpus.planted import Event, PlannedQuestion, VideoPlan, plan_video, rng_for
from ntlbg.corpus.world import PLACES
from ntlbg.records.arrays import Array

SPLIT = "backbone"
CLEAR_S = 0.2  # nearer than this to its start or end an event is fading: whether it is seen is moot


@dataclass(frozen=True)
class Scene:
    """A practice video. frames: uint8 [T, h, w, 3]. timestamps_s: [T].

    place: [T] index in PLACES. event: [T] index in plan.events, -1 for none, -2 where one is fading.
    """

    plan: VideoPlan
    frames: Array
    timestamps_s: Array
    place: Array
    event: Array


def plans(
    seed: int, series: str, n: int, *, split: str = SPLIT, minutes: float = 5.0, fill: float = 0.0
) -> list[VideoPlan]:
    """n plans. series keeps the encoder's, the answerer's and the checking videos apart.

    Practice videos show no more than is asked about (fill = 0), so that a lesson's frames differ more.
    """
    return [plan_video(seed, split, f"practice-{series}", i, minutes=minutes, fill=fill) for i in range(n)]


def draw(plan: VideoPlan, size: tuple[int, int]) -> Scene:
    """Draw the candidate frames of a plan at 1 fps and `size` (height, width)."""
    from ntlbg.corpus.scenes import Renderer

    rng = rng_for("practice", plan.look)
    renderer = Renderer(plan)
    numbers = np.arange(int(rng.integers(plan.fps)), len(renderer), plan.fps)
    frames = np.stack([through_codec(renderer.frame(int(n)), int(rng.integers(45, 85)), size) for n in numbers])
    times = numbers / plan.fps
    return Scene(plan, frames, times, places_at(plan, times), events_at(plan, times))


def through_codec(picture: Array, quality: int, size: tuple[int, int]) -> Array:
    """A drawn picture as a decoder would hand it on: lossy, 4:2:0, scaled by area averaging to `size`."""
    import av
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "JPEG", quality=quality, subsampling=2)
    lossy = np.asarray(Image.open(packed))
    frame = av.VideoFrame.from_ndarray(lossy, format="rgb24").reformat(format="yuv420p")
    height, width = size
    return frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA").to_ndarray()


def places_at(plan: VideoPlan, times: Array) -> Array:
    """[T] index in PLACES of what each time shows."""
    names = list(PLACES)
    ends = [c.end_s for c in plan.chapters]
    chapter = np.minimum(np.searchsorted(ends, times, side="right"), len(ends) - 1)
    return np.array([names.index(c.place) for c in plan.chapters], dtype=np.int64)[chapter]


def events_at(plan: VideoPlan, times: Array) -> Array:
    """[T] index of the event at each time, -1 for none, -2 while one fades in or out."""
    out = np.full(len(times), -1, dtype=np.int64)
    for i, event in enumerate(plan.events):
        out[(times >= event.start_s) & (times < event.end_s)] = -2
        out[(times >= event.start_s + CLEAR_S) & (times < event.end_s - CLEAR_S)] = i
    return out


def draw_all(
    several: Sequence[VideoPlan], size: tuple[int, int], *, workers: int = 1, what: str = "draw"
) -> list[Scene]:
    """Draw many plans, with progress. workers: processes."""
    from concurrent.futures import ProcessPoolExecutor
    from functools import partial
    from multiprocessing import get_context

    from ntlbg.progress import track

    one = partial(draw, size=size)
    if workers <= 1:
        return [one(plan) for plan in track(several, what, unit="videos")]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(track(pool.map(one, several, chunksize=4), what, total=len(several), unit="videos"))


def pairs(plan: VideoPlan) -> dict[tuple[str, str], list[int]]:
    """(shape, place) -> its events' indices in time order. The colours of a pair's events differ."""
    found: dict[tuple[str, str], list[int]] = {}
    for i, event in enumerate(plan.events):
        found.setdefault((event.shape, event.place), []).append(i)
    return found


def asked_pair(plan: VideoPlan, question: PlannedQuestion) -> list[Event]:
    """The events that a planned colour, order or count question is about."""
    spans = {(start, end) for _, start, end in question.evidence}
    return [e for e in plan.events if (e.start_s, e.end_s) in spans]


def shaken(rng: np.random.Generator, frames: Array) -> Array:
    """Frames with a small change of light and contrast each: a new video's light is never quite a practised one's."""
    gain = rng.uniform(0.93, 1.07, (len(frames), 1, 1, 1)).astype(np.float32)
    shift = rng.uniform(-8, 8, (len(frames), 1, 1, 1)).astype(np.float32)
    return np.clip(frames * gain + shift, 0, 255).astype(np.uint8)
