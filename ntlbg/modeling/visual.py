"""Visual tokens of candidate frames, computed once per video and kept: the vision tower is frozen in every stage.

Room `visual` of the store, one value per video: `tokens.npy`, float16 [T, n, D]. The key holds the file's hash, the
frames' times and size, the decoder, the answerer and how many tokens are kept. A frame's tokens are pooled to the few
that a point carries before they are stored, unless whole frames are shown too: an hour of whole frames of a large
model would take gigabytes.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.store import Store, file_digest, key
from ntlbg.video.source import FrameSource

ROOM = "visual"
FORMAT = 1  # of the stored tokens
READ = 512  # frames read from disk at a time
SEE = 64  # frames shown to the vision tower at a time
OPEN = 256  # videos whose tokens stay mapped: each holds a file open
MAKES_TOKENS = ("images.py", "pooling.py", "qwen.py", "vision.py")  # of room `modeling`


@cache
def versions(*packages: str) -> dict[str, str]:
    """Installed versions: with another one the same weights may see otherwise."""
    return {name: version(name) for name in packages}


@dataclass
class VisualTokens:
    """adapter: the answerer's vision. outcomes: rows of `outcomes.parquet` by video. splits: video_id → split.

    size: (h, w) of the frames. keep: tokens per frame, None for all of them.
    """

    adapter: Any
    source: FrameSource
    outcomes: Mapping[str, Mapping[str, Any]]
    splits: Mapping[str, str]
    size: tuple[int, int]
    keep: int | None
    store: Store
    identity: dict[str, Any]
    _open: OrderedDict[str, Array] = field(default_factory=OrderedDict, repr=False)

    @classmethod
    def open(
        cls,
        adapter: Any,
        *,
        accepted: Path,
        frames: Path,
        size: tuple[int, int],
        keep: int | None,
        store: Store,
    ) -> VisualTokens:
        """adapter: has `embed_frames(frames, see)` and `identity`. accepted, frames: folders of the stages' tables.

        Raises InputError when a table cannot be read.
        """
        import pandas as pd

        from ntlbg.video.outcomes import read_outcomes

        path = accepted / "videos.parquet"
        try:
            videos = pd.read_parquet(path)
        except Exception as error:
            raise InputError(f"{path}: cannot be read as a table", hint="run the stages before this one") from error
        splits = dict(zip(videos["video_id"].astype(str), videos["split"].astype(str), strict=True))
        return cls(
            adapter, FrameSource(frames, videos), read_outcomes(frames), splits, size, keep, store, adapter.identity
        )

    def videos(self, split: str) -> list[str]:
        """Videos of a split that have frames, sorted."""
        found = [v for v, own in self.splits.items() if own == split and v in self.outcomes]
        return sorted(v for v in found if self.outcomes[v]["frames"])

    def prepare(self, videos: list[str]) -> None:
        """Compute what the store does not hold yet; processes that do so together mostly find each other's."""
        missing = [v for v in videos if self.store.get(ROOM, self.key_of(v)) is None]
        Random(os.getpid()).shuffle(missing)
        for video in track(missing, "visual tokens", unit="videos"):
            self.of(video)

    def of(self, video_id: str) -> Array:
        """float16 [T, n, D], memory-mapped.

        Raises InputError when the video has no frames.
        """
        if video_id not in self._open:
            folder = self.store.fetch(ROOM, self.key_of(video_id), lambda into: self._write(video_id, into))
            self._open[video_id] = np.load(folder / "tokens.npy", mmap_mode="r")
            if len(self._open) > OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(video_id)
        return self._open[video_id]

    def tokens_of(self, video_id: str, per_frame: int) -> Array:
        """All tokens of a video, pooled to `per_frame` of each frame: [T * per_frame, D]."""
        import torch

        from ntlbg.modeling.pooling import pooled

        tokens = pooled(torch.from_numpy(np.array(self.of(video_id), dtype=np.float32)), per_frame)
        return np.asarray(tokens.reshape(-1, tokens.shape[-1])[:, : self.adapter.width])

    def _row(self, video_id: str) -> Mapping[str, Any]:
        row = self.outcomes.get(video_id)
        if row is None or not row["frames"]:
            raise InputError(f"video `{video_id}` has no frames", hint="run the decode stage first")
        return row

    def key_of(self, video_id: str) -> str:
        """Key of everything that can change a video's tokens."""
        from ntlbg.video import pool

        row = self._row(video_id)
        return key(
            format=FORMAT,
            source=str(row["source_blake3"] or ""),
            timestamps_s=[float(t) for t in row["timestamps_s"]],
            size=list(self.size),
            decoder={"version": pool.VERSION, **versions("av")},
            answerer=self.identity,
            code=_code(),
            device=str(self.adapter.device.type),
            libraries=versions("torch", "transformers"),
            keep=self.keep,
            **self.source.made_by(video_id),
        )

    def _write(self, video_id: str, into: Path) -> None:
        import torch

        from ntlbg.modeling.pooling import pooled
        from ntlbg.modeling.threads import threads_for

        times = np.asarray(self._row(video_id)["timestamps_s"], dtype=np.float64)
        parts = []
        for start in range(0, len(times), READ):
            frames = self.source.get(video_id, times[start : start + READ], self.size)
            for first in range(0, len(frames), SEE):
                with torch.no_grad(), threads_for(self.adapter.model):
                    tokens = self.adapter.embed_frames(frames[first : first + SEE], see=False)
                    tokens = tokens if self.keep is None else pooled(tokens.float(), self.keep)
                parts.append(tokens.to("cpu", torch.float16).numpy())
        whole = np.concatenate(parts)
        if not np.isfinite(whole).all():
            raise InputError(f"video `{video_id}`: a visual token does not fit into float16 or is not finite")
        np.save(into / "tokens.npy", whole)


@cache
def _code() -> dict[str, str]:
    """Digests of the code that turns frames into tokens."""
    import ntlbg.modeling as room

    return {name: file_digest(Path(room.__path__[0]) / name) for name in MAKES_TOKENS}
