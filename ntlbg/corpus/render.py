"""Planned videos to files: drawn and encoded in one process per core, each remembered by the store.

A video's key holds what is drawn (the plan without its questions), how it is drawn (the source of the renderer and of
its palette) and how it is encoded; so an interrupted or changed build draws only what is new.
"""

from __future__ import annotations

import inspect
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from blake3 import blake3

from ntlbg.corpus import scenes, world
from ntlbg.corpus.encode import codec, encode, settings
from ntlbg.corpus.planted import VideoPlan
from ntlbg.corpus.splits import moments, signature
from ntlbg.errors import NTLBGError
from ntlbg.processes import cores, end_with_parent
from ntlbg.progress import meter
from ntlbg.records.arrays import Array
from ntlbg.store import ENTRY, Store, key

ROOM = "rendered"
EFFORT = {"hevc-mkv": 3.3, "vp9-webm": 1.8}  # processor time of a frame, where that of H.264 is 1; roughly
FORMAT = 1  # of what lies beside the video: raise it when signature.json would hold something else


@dataclass(frozen=True)
class Job:
    """One video to make."""

    plan: VideoPlan
    codec: str

    @property
    def name(self) -> str:
        return self.plan.video_id + codec(self.codec).suffix


@dataclass(frozen=True)
class Rendered:
    """A made video. file: in the store, not to be changed. size and blake3: of its bytes."""

    file: Path
    size: int
    blake3: str
    signature: Array


@dataclass(frozen=True)
class Made:
    """All videos by video id, and how many were drawn now and how many the store still had."""

    videos: dict[str, Rendered]
    rendered: int
    reused: int
    video_seconds: float  # of those drawn now
    wall_s: float


@cache
def _renderer() -> str:
    """Digest of the code that draws."""
    return blake3(b"".join(inspect.getsource(m).encode() for m in (scenes, world))).hexdigest()


def job_key(job: Job) -> str:
    """The store's key of a video."""
    plan = asdict(job.plan)
    for name in ("questions", "video_id", "split"):  # they change nothing that is seen
        del plan[name]
    return key(plan=plan, renderer=_renderer(), format=FORMAT, **settings(job.codec))


def _effort(job: Job) -> float:
    """About how long the job takes, in a unit of its own."""
    return job.plan.duration_s * job.plan.fps * EFFORT.get(job.codec, 1.0)


def render_all(jobs: Sequence[Job], *, store: Store, workers: int | None = None) -> Made:
    """Make every video that the store does not hold, and return all of them, in the order of `jobs`.

    workers: processes; None: one per core.
    """
    started = time.monotonic()
    keys = [job_key(job) for job in jobs]
    folders = {i: f for i, k in enumerate(keys) if (f := store.get(ROOM, k)) is not None}
    missing = [i for i in range(len(jobs)) if i not in folders]
    missing.sort(key=lambda i: -_effort(jobs[i]))  # the longest first: then all processes end at about the same time
    drawn_s = 0.0
    with meter("render", total=len(jobs), unit="videos") as progress:
        progress.advance(len(folders), "from the store")
        for i in _draw([(jobs[i], keys[i]) for i in missing], missing, store, workers):
            drawn_s += jobs[i].plan.duration_s
            folders[i] = store.folder(ROOM, keys[i])
            rate = drawn_s / max(time.monotonic() - started, 1e-9)
            progress.advance(1, f"{rate:.0f} video-s/s  {jobs[i].name}")
    videos = {job.plan.video_id: _load(folders[i], job) for i, job in enumerate(jobs)}
    return Made(videos, len(missing), len(jobs) - len(missing), drawn_s, time.monotonic() - started)


def _draw(work: Sequence[tuple[Job, str]], numbers: Sequence[int], store: Store, workers: int | None) -> Iterator[int]:
    """Do the work in processes; yield the number of each job when it is done."""
    count = min(workers or cores(), len(work))
    if count <= 1:
        for number, (job, k) in zip(numbers, work, strict=True):
            _make(job, k, store.root)
            yield number
        return
    # a fresh interpreter each: the caller may run threads, which a fork would copy in any state
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=spawn, initializer=end_with_parent) as pool:
        futures = {pool.submit(_make, job, k, store.root): n for n, (job, k) in zip(numbers, work, strict=True)}
        try:
            for future in as_completed(futures):
                future.result()
                yield futures[future]
        except BrokenProcessPool:
            raise NTLBGError(
                "a process that draws videos was killed", hint="was there memory left? what is drawn by now is kept"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _make(job: Job, store_key: str, root: Path) -> None:
    """Draw, encode and store one video; runs in a worker."""

    def write(folder: Path) -> None:
        renderer = scenes.Renderer(job.plan)
        wanted = set(moments(len(renderer)))
        seen: dict[int, Array] = {}

        def frames() -> Iterator[Array]:
            for n, frame in enumerate(renderer.frames()):
                if n in wanted:
                    seen[n] = frame
                yield frame

        encode(frames(), folder / f"video{codec(job.codec).suffix}", name=job.codec, fps=job.plan.fps)
        look = signature([seen[n] for n in moments(len(renderer))])
        (folder / "signature.json").write_text(json.dumps(look.tolist()))

    Store(root).put(ROOM, store_key, write)


def _load(folder: Path, job: Job) -> Rendered:
    name = f"video{codec(job.codec).suffix}"
    size, digest = json.loads((folder / ENTRY).read_text())["files"][name]
    look = np.array(json.loads((folder / "signature.json").read_text()), dtype=np.uint8)
    return Rendered(folder / name, size, digest, look)
