"""Every video of a table to candidate frames: parallel over videos, remembered in the store, never half-done.

Store entries (room `frames`) are keyed by the file's blake3, the sampling, the storage, the version of this room's
code and a backend whose pixels are its own; they hold `frames.npy` or `frames.jpegs`, and `facts.json`. The output
folder is then filled from the store, whole or not at all.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.errors import InputError
from ntlbg.processes import cores
from ntlbg.progress import Meter, meter
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.store import PARTIAL, Store, file_digest, file_stem, folder_atomic, key
from ntlbg.video.backends import registry
from ntlbg.video.decode import Sampling
from ntlbg.video.errors import VideoError
from ntlbg.video.killable import Job, run_killable
from ntlbg.video.outcomes import OUTCOMES, Outcomes, write_outcomes
from ntlbg.video.params import VideoParams
from ntlbg.video.storage import RAW, SUFFIXES, Storage, made_by
from ntlbg.video.worker import CHANGED, FACTS, decode_to_folder, failure, frames_file, lasting, named_less, stamp

if TYPE_CHECKING:
    import pandas as pd

ROOM = "frames"
VERSION = "3"  # raise it whenever a change of this room's code may change frames, times or outcomes


@dataclass
class _Video:
    """One row on its way to an outcome."""

    video_id: str
    path: str
    size: int
    declared: str  # blake3 in the table, "" when it was not there to hash
    digest: str = ""
    before: tuple[int, int] = (0, 0)
    facts: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None  # of the store, where there are frames


def frames_key(digest: str, sampling: Sampling, storage: Storage = RAW, *, backend: str = registry.AUTO) -> str:
    """The store key of one video's frames. FFmpeg's version is in it: scalers and decoders change with it."""
    import av

    return key(
        room="video",
        version=VERSION,
        av=av.__version__,
        source=digest,
        fps=sampling.fps,
        max_frames=sampling.max_frames,
        size=list(sampling.size),
        **({"keyframes": True} if sampling.keyframes else {}),
        **made_by(storage),
        **registry.made_by(backend),
    )


def decode_all(videos: pd.DataFrame, params: VideoParams, *, store: Store, into: Path) -> Outcomes:
    """Decode every video of the table into the folder `into`: a file of frames each, as `storage.shard_of`
    names it, and outcomes.parquet.

    videos: columns video_id, path, size, blake3. A video that is missing, changed, broken, stuck or deadly
    gets a row with its outcome and stops nothing. Raises InputError for a video_id that is there twice.
    """
    rows = _rows(videos)
    sampling = Sampling(params.fps, params.max_frames, params.size, params.sampling == "keyframe")
    counts = {"decoded": 0, "reused": 0}
    with meter("decode", total=len(rows), unit="videos") as bar:
        pending: dict[str, list[_Video]] = {}
        # the biggest file first: a long video that starts last would keep one core busy alone
        order = sorted(rows, key=lambda v: (-v.size, v.video_id))
        with ThreadPoolExecutor(params.workers or cores()) as hashing:
            for video, sound in zip(order, hashing.map(_checked, order), strict=True):
                bar.advance(0 if sound else 1, now=f"reading {video.video_id}")
                if sound:
                    name = frames_key(video.digest, sampling, params.storage, backend=params.backend)
                    pending.setdefault(name, []).append(video)
        for name, sharing in list(pending.items()):
            if _remembered(store, name, sharing):
                counts["reused"] += len(sharing)
                bar.advance(len(sharing), now=sharing[0].video_id)
                del pending[name]
        _decode(pending, sampling, params, store, bar, counts)
    table = _publish(rows, params.storage, into)
    by_outcome = Counter(video.facts["outcome"] for video in rows)
    return Outcomes(table, dict(sorted(by_outcome.items())), counts["decoded"], counts["reused"])


def _rows(videos: pd.DataFrame) -> list[_Video]:
    rows = [
        _Video(str(r["video_id"]), str(r["path"]), int(r["size"]), str(r["blake3"]))
        for r in videos[["video_id", "path", "size", "blake3"]].to_dict("records")
    ]
    twice = [name for name, n in Counter(video.video_id for video in rows).items() if n > 1]
    if twice:
        raise InputError(f"videos: the video_id `{twice[0]}` is there twice", hint="give every video its own id")
    return rows


def _checked(video: _Video) -> bool:
    """Whether the file is there and is the one that was recorded; otherwise its outcome is set."""
    try:
        video.before = stamp(video.path)
        video.digest = file_digest(Path(video.path))
    except VideoError as error:
        video.facts = failure(error.outcome, named_less(error.sentence, video.path))
    except OSError as error:
        video.facts = failure(DecodeOutcome.OPEN_FAILED, f"cannot be read ({(error.strerror or '').lower()})")
    else:
        if not video.declared or video.declared == video.digest:
            return True
        video.facts = failure(DecodeOutcome.OPEN_FAILED, CHANGED)
    return False


def _remembered(store: Store, name: str, sharing: list[_Video]) -> bool:
    folder = store.get(ROOM, name)
    if folder is None:
        return False
    facts = json.loads((folder / FACTS).read_text())
    for video in sharing:
        video.facts, video.folder = facts, folder
    return True


def _decode(
    pending: dict[str, list[_Video]],
    sampling: Sampling,
    params: VideoParams,
    store: Store,
    bar: Meter,
    counts: dict[str, int],
) -> None:
    names = list(pending)
    started, frames = time.monotonic(), 0

    def rate(now: str) -> str:
        return f"{frames / max(time.monotonic() - started, 1e-9):.0f} frames/s  {now}"

    def tick(running: list[int]) -> None:
        bar.advance(0, now=rate(", ".join(pending[names[i]][0].video_id for i in running[:2])))

    with _scratch(store) as scratch:
        jobs = []
        for i, name in enumerate(names):
            (scratch / str(i)).mkdir()
            first = pending[name][0]
            # torch maps more than any video may take
            memory_mb = None if params.backend == "torchcodec" else params.memory_mb
            jobs.append(
                (first.path, str(scratch / str(i)), sampling, params.backend, first.before, memory_mb, params.storage)
            )
        results = run_killable(
            decode_to_folder,
            jobs,
            workers=params.workers or cores(),
            limit_s=params.limit_s,
            again=_again,
            tick=tick,
        )
        for i, result in results:
            sharing, made = pending[names[i]], scratch / str(i)
            facts = _ended(result, params.limit_s) if isinstance(result, DecodeOutcome) else result
            folder = _kept(store, names[i], made, params.storage) if lasting(facts) else None
            shutil.rmtree(made, ignore_errors=True)
            for video in sharing:
                video.facts, video.folder = facts, folder
            frames += facts["frames"]
            counts["decoded"] += 1
            counts["reused"] += len(sharing) - 1
            bar.advance(len(sharing), now=rate(sharing[0].video_id))


def _again(job: Job, ended: DecodeOutcome) -> Job | None:
    """The job to try after one that was killed or died: another backend where there is one; an accident, once more."""
    path, folder, sampling, backend, *rest = job
    other = registry.after(backend)
    if other is not None:
        return path, folder, sampling, other, *rest
    return job if ended is DecodeOutcome.CRASHED else None


def _ended(outcome: DecodeOutcome, limit_s: float) -> dict[str, Any]:
    if outcome is DecodeOutcome.TIMEOUT:
        return failure(outcome, f"took longer than {limit_s:g} s; its worker was killed")
    return failure(outcome, "killed its worker twice")


def _kept(store: Store, name: str, made: Path, storage: Storage) -> Path:
    def write(folder: Path) -> None:
        for file in (frames_file(storage), FACTS):
            if (made / file).exists():
                (made / file).rename(folder / file)

    return store.put(ROOM, name, write)


@contextmanager
def _scratch(store: Store) -> Iterator[Path]:
    """Where workers write. It is beside the store's values, so they are moved, not copied, and it is cleared even
    when a worker was killed in the middle of a file."""
    folder = (store.root / PARTIAL / f"decode-{secrets.token_hex(8)}").absolute()
    try:
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:  # a full disk in a worker ends up here too
        raise store.refused(error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _publish(rows: list[_Video], storage: Storage, into: Path) -> pd.DataFrame:
    with folder_atomic(into) as partial:
        for video in rows:
            if video.folder is not None and (video.folder / frames_file(storage)).exists():
                name = f"{file_stem(video.video_id)}{SUFFIXES[storage]}"
                _link(video.folder / frames_file(storage), partial / name)
        return write_outcomes(
            partial / OUTCOMES,
            [{**v.facts, "video_id": v.video_id, "file": v.path, "source_blake3": v.digest} for v in rows],
        )


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(source, target)
