"""Candidate frames to feature files, each video encoded once.

The store keeps what was encoded under the content of the frames, their times and the encoder, so a second question,
another tier with the same frames, or a video under another name encodes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.batches import encoded as encoded_in_parts
from ntlbg.features.encoders import Encoder
from ntlbg.features.index import Features, save_features, serialise
from ntlbg.features.params import BATCH, Batch, FeaturesParams
from ntlbg.processes import cores, side_by_side
from ntlbg.progress import meter
from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.statistics.principal import principal_basis
from ntlbg.store import Store, file_digest, file_stem, key
from ntlbg.video.storage import Frames, made_by, open_shard, shard_of, storage_of

ROOM = "features"
VERSION = 1  # raise it when the same frames would get other features here
RANK = 64  # principal directions kept
VIDEOS = 8  # a process takes some seconds to begin: with fewer videos than this there is none more
SMALL = 100_000_000  # bytes of weights, of which every process holds its own
LATEST = 2  # videos whose features stay in memory: questions come one after the other

_latest: OrderedDict[tuple[object, ...], Features] = OrderedDict()
_turn = Lock()

Told = Callable[[int], None]  # called with how many frames were just encoded


@dataclass(frozen=True)
class Shown:
    """A video as the decoder reported it: what a feature file says of it beside the numbers."""

    video_id: str
    timestamps_s: Array
    native_fps: float
    frame_count: int
    duration_s: float


@dataclass(frozen=True)
class Extracted:
    """counts: videos `encoded` and `reused` (from the store), `skipped` (no frames), and `frames` encoded."""

    counts: dict[str, int] = field(default_factory=dict)


def features_of(
    shard: Path, shown: Shown, encoder: Encoder, *, store: Store, batch: Batch = BATCH, told: Told | None = None
) -> tuple[Features, bool]:
    """Features of one video, and whether they had to be encoded now.

    shard: file of uint8 [T, h, w, 3]. batch: frames given to the encoder at once, or `auto`.
    Raises InputError naming the shard when it does not hold T such frames.
    Of the latest videos the same object is returned again: what is worked out for a video is kept by it.
    """
    frames = open_shard(shard, len(shown.timestamps_s))
    times = np.asarray(shown.timestamps_s, np.float64)
    named = key(
        frames=file_digest(shard),
        timestamps=times.tolist(),
        encoder=encoder.identity,
        dtype=encoder.dtype,
        version=VERSION,
        **made_by(storage_of(shard)),
    )
    place = (str(store.root), named, shown.video_id, shown.native_fps, shown.frame_count, shown.duration_s)
    with _turn:
        if place in _latest:
            _latest.move_to_end(place)
            return _latest[place], False
    before = store.made.get(ROOM, 0)

    def make(folder: Path) -> None:
        features, vectors = _encode(frames, encoder, batch, told)
        basis = principal_basis(features, times, RANK)
        tensors = {"features": features, "vectors": vectors, "basis": np.asarray(basis, np.float64)}
        (folder / "features.safetensors").write_bytes(serialise(tensors, {}))

    folder = store.fetch(ROOM, named, make)
    encoded = store.made.get(ROOM, 0) > before
    from safetensors.numpy import load_file

    tensors = load_file(folder / "features.safetensors")
    index = VideoIndex(
        shown.video_id,
        tensors["features"],
        times,
        shown.native_fps,
        shown.frame_count,
        shown.duration_s,
        tensors["basis"],
    )
    found = Features(index, tensors["vectors"], encoder.name)
    with _turn:
        _latest[place] = found
        while len(_latest) > LATEST:
            _latest.popitem(last=False)
    return found, encoded


def _encode(frames: Frames, encoder: Encoder, batch: Batch, told: Told | None) -> tuple[Array, Array]:
    parts = []
    for count, part in encoded_in_parts(frames, encoder, batch):
        parts.append(part)
        if told is not None:
            told(count)
    features, vectors = (np.concatenate(p).astype(np.float32) for p in zip(*parts, strict=True))
    return features, vectors


@dataclass(frozen=True)
class Work:
    """What is encoded from where to where. frames: the folder that `decode` wrote: `outcomes.parquet` and a shard per
    video. into: gets one feature file for every video that has frames.
    """

    frames: Path
    params: FeaturesParams
    store: Store
    into: Path

    def rows(self) -> list[dict[str, Any]]:
        """Raises InputError when the table of the videos cannot be read."""
        return read_rows(self.frames / "outcomes.parquet")

    def encode(self, rows: list[dict[str, Any]], encoder: Encoder, advance: Callable[[int, str], None]) -> Extracted:
        """Encode these videos. advance: told of frames that are done, and of which video."""
        encoder.compute_in(self.params.dtype)
        counts = {"encoded": 0, "reused": 0, "skipped": 0, "frames": 0}
        for row in rows:
            if not row["timestamps_s"]:
                counts["skipped"] += 1
                continue
            shown = Shown(
                row["video_id"],
                np.asarray(row["timestamps_s"], np.float64),
                row["native_fps"],
                row["frame_count"],
                row["duration_s"],
            )
            stem = file_stem(shown.video_id)

            def told(n: int, now: str = shown.video_id) -> None:
                advance(n, now)

            shard = shard_of(self.frames, shown.video_id)
            made, encoded = features_of(shard, shown, encoder, store=self.store, batch=self.params.batch, told=told)
            save_features(self.into / f"{stem}.safetensors", made.index, made.vectors, encoder.name)
            if not encoded:
                advance(len(made.index), shown.video_id)
            counts["encoded" if encoded else "reused"] += 1
            counts["frames"] += len(made.index) if encoded else 0
        return Extracted(counts)

    def tidy(self, rows: list[dict[str, Any]]) -> None:
        """Remove the files of other videos."""
        wanted = {f"{file_stem(row['video_id'])}.safetensors" for row in rows if row["timestamps_s"]}
        for file in self.into.glob("*.safetensors"):
            if file.name not in wanted:
                file.unlink()


def extract_all(
    frames: Path,
    encoder: Encoder | Callable[[], Encoder],
    params: FeaturesParams,
    *,
    store: Store,
    into: Path,
    at_once: int = 1,
) -> Extracted:
    """One feature file in `into` for every video of `frames` that has frames; files of other videos are removed.

    frames: as in `Work`. encoder: or a function that loads it, which can be pickled where processes share the work.
    at_once: so many processes, where there are videos enough for them.
    Raises InputError naming the file when the table or a shard is missing or does not fit.
    """
    work = Work(frames, params, store, into)
    rows = work.rows()
    into.mkdir(parents=True, exist_ok=True)
    count = max(1, min(at_once, len(rows) // VIDEOS))
    jobs = [(work, rows[n::count], encoder) for n in range(count)]
    with meter("features", total=sum(len(r["timestamps_s"]) for r in rows), unit="frames") as bar:
        parts = side_by_side(_encode_part, jobs, at_once=count, told=lambda _, told: bar.advance(*told))
    work.tidy(rows)
    return Extracted({name: sum(part.counts[name] for part in parts) for name in parts[0].counts})


def _encode_part(
    job: tuple[Work, list[dict[str, Any]], Encoder | Callable[[], Encoder]], tell: Callable[[tuple[int, str]], None]
) -> Extracted:
    work, rows, encoder = job
    loaded = encoder if isinstance(encoder, Encoder) else encoder()
    return work.encode(rows, loaded, lambda frames, video: tell((frames, video)))


def encoding_processes(device: str, encoder: Path) -> int:
    """Processes that may encode side by side: one per core for a small checkpoint on a CPU, where each computes on one
    thread; one alone for a large one, a pointer to one, and on a GPU.
    """
    weights = [file.stat().st_size for file in encoder.glob("*.safetensors")]
    return cores() if device == "cpu" and weights and sum(weights) <= SMALL else 1


def read_rows(table: Path) -> list[dict[str, Any]]:
    """What a feature file needs of each row of `outcomes.parquet`. Raises InputError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["video_id", "native_fps", "frame_count", "duration_s", "timestamps_s"]
    try:
        return pq.read_table(table, columns=columns).to_pylist()
    except FileNotFoundError:
        raise InputError(f"{table}: there is no such file", hint="run the stage `decode`") from None
    except (pa.ArrowException, ValueError, OSError) as error:
        raise InputError(f"{table}: cannot be read ({error})", hint="run the stage `decode` again") from None
