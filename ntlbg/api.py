"""What a Python user calls: `select_frames(video, query, k)`.

    chosen = select_frames("film.mp4", "a dog on a skateboard", 8)
    chosen.selection.timestamps_s, chosen.pictures()

Decoding and encoding are remembered by content in the store, so the second question on a video costs neither.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.encoders import EMBEDDED, Encoder, load_encoder
from ntlbg.features.extract import Shown, features_of
from ntlbg.features.index import Features
from ntlbg.features.params import FeaturesParams
from ntlbg.features.relevance import Peak, make_query, peak
from ntlbg.progress import meter
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.store import Store, file_digest, file_stem

MAX_FRAMES = 2048


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
    k: int,
    *,
    selector: str = "ntlbg",
    encoder: str | Path | Encoder = EMBEDDED,
    fps: float = 1.0,
    max_frames: int = MAX_FRAMES,
    settings: dict[str, Any] | None = None,
    device: str = "cpu",
    store: Store | None = None,
) -> Chosen:
    """Choose the k frames of `video` that represent it best, given the question.

    fps: candidate frames per second; if that makes more than `max_frames`, so many are spread over the whole video.
    encoder: `embedded`, a checkpoint folder, `HUB_ID@COMMIT`, or a loaded Encoder. settings: of the selector.
    Raises InputError for a wrong argument, VideoError (with its outcome) for a video that cannot be read.
    """
    from ntlbg.selection import registry

    rule = registry.make(selector, **(settings or {}))  # wrong names fail before any work
    if not query.strip():
        raise InputError("the question is empty", hint="say what to look for, for example `a red car`")
    if k < 1:
        raise InputError(f"k is {k}; at least one frame must be chosen")
    if not 0 < fps <= 1000:
        raise InputError(f"fps is {fps:g}; it must be positive, and at most 1000")
    if max_frames < 1:
        raise InputError(f"max_frames is {max_frames}; at least one candidate frame is needed")
    path, store = Path(video), store or Store.default()
    loaded = encoder if isinstance(encoder, Encoder) else _encoder(encoder, device)
    with _frames(path, loaded, fps, max_frames, store) as (shard, shown, row, decoded):
        with meter("encode", total=len(shown.timestamps_s), unit="frames") as bar:
            features, encoded = features_of(shard, shown, loaded, FeaturesParams(), store=store, told=bar.advance)
        asked = make_query(query, features, loaded)
        selection = rule.select(features.index, asked, k)
        pixels = np.array(np.load(shard, mmap_mode="r", allow_pickle=False)[selection.indices])
    top = peak(asked, features.index.timestamps_s)
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
        tuple(_notes(row, top, len(shown.timestamps_s), fps, k, rule.uses_relevance)),
        pixels,
    )


def _encoder(source: str | Path, device: str) -> Encoder:
    """`ID@COMMIT` names a Hub id at a commit; a folder may hold an @ in its name."""
    revision = None
    if isinstance(source, str) and "@" in source and not Path(source).exists():
        source, revision = source.rsplit("@", 1)
    return load_encoder(source, revision=revision, device=device)


@contextmanager
def _frames(
    path: Path, encoder: Encoder, fps: float, max_frames: int, store: Store
) -> Iterator[tuple[Path, Shown, dict[str, Any], int]]:
    """The shard of the candidate frames, what the decoder says of the video, and whether it was decoded now."""
    import pandas as pd

    from ntlbg.video.errors import VideoError
    from ntlbg.video.params import VideoParams
    from ntlbg.video.pool import decode_all
    from ntlbg.video.probe import probe

    facts = probe(path)
    digest = file_digest(path)
    params = VideoParams(
        fps=fps, max_frames=max_frames, size=encoder.size_for(facts.width, facts.height), limit_s=3600, workers=1
    )
    # the id is the content: one video under two names is one video
    videos = pd.DataFrame([{"video_id": digest, "path": str(path), "size": path.stat().st_size, "blake3": digest}])
    scratch = (store.root / ".partial" / f"select-{token_hex(8)}").absolute()
    try:
        outcomes = decode_all(videos, params, store=store, into=scratch)
        row: dict[str, Any] = outcomes.table.iloc[0].to_dict()
        outcome = DecodeOutcome(row["outcome"])
        if not outcome.has_frames:
            raise VideoError(f"{path}: {row['detail']}", outcome, hint=_hint(outcome))
        shown = Shown(
            str(path),
            np.asarray(row["timestamps_s"], np.float64),
            float(row["native_fps"]),
            int(row["frame_count"]),
            float(row["duration_s"]),
        )
        yield scratch / f"{file_stem(digest)}.npy", shown, row, outcomes.decoded
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _hint(outcome: DecodeOutcome) -> str:
    if outcome in (DecodeOutcome.TIMEOUT, DecodeOutcome.CRASHED):
        return "try a lower --fps, or convert the video to H.264 in mp4 first"
    return "play it to see whether it is whole; converting it to H.264 in mp4 may help"


def _notes(row: dict[str, Any], top: Peak, frames: int, fps: float, k: int, heeds: bool) -> Iterator[str]:
    if DecodeOutcome(row["outcome"]) is DecodeOutcome.TRUNCATED:
        yield f"the file is cut off: only its first {float(row['covered_s']):.1f} s could be read"
    if frames < k:
        yield f"the video has only {frames} candidate frames at {fps:g} fps: all of them are returned"
    elif heeds and top.flat:
        yield (
            "no moment stands out for this question: the encoder may not see what it asks for, and the frames rather "
            "cover the video"
        )
