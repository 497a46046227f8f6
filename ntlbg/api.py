"""What a Python user calls: `select_frames(video, query, k)`.

    chosen = select_frames("film.mp4", "a dog on a skateboard", 8)
    chosen.selection.timestamps_s, chosen.pictures()

Decoding and encoding are remembered by content in the store, so the second question on a video costs neither.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.errors import InputError, NTLBGError
from ntlbg.features.encoders import EMBEDDED, Encoder, load_encoder
from ntlbg.features.extract import Shown, features_of
from ntlbg.features.index import Features
from ntlbg.features.params import FeaturesParams
from ntlbg.features.relevance import Peak, is_flat, make_query, peak
from ntlbg.progress import meter
from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.store import Store, file_digest

if TYPE_CHECKING:
    from ntlbg.video.outcomes import Outcomes

MAX_FRAMES = 2048
LIMIT_S = 3600.0  # wall clock for decoding one video


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
    shard, facts, decoded = _frames(path, loaded, fps, max_frames, store)
    times = np.asarray(facts["timestamps_s"], np.float64)
    shown = Shown(str(path), times, facts["native_fps"], facts["frame_count"], facts["duration_s"])
    with meter("encode", total=len(times), unit="frames") as bar:
        features, encoded = features_of(shard, shown, loaded, FeaturesParams(), store=store, told=bar.advance)
    asked = make_query(query, features, loaded)
    selection = rule.select(features.index, asked, k)
    pixels = np.array(np.load(shard, mmap_mode="r", allow_pickle=False)[selection.indices])
    top = peak(asked, features)
    flat = rule.uses_relevance and is_flat(top, loaded)
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
        tuple(_notes(facts, flat, len(times), fps, k)),
        pixels,
    )


def _encoder(source: str | Path, device: str) -> Encoder:
    """`ID@COMMIT` names a Hub id at a commit; a folder may hold an @ in its name."""
    revision = None
    if isinstance(source, str) and "@" in source and not Path(source).exists():
        source, revision = source.rsplit("@", 1)
    return load_encoder(source, revision=revision, device=device)


def _frames(
    path: Path, encoder: Encoder, fps: float, max_frames: int, store: Store
) -> tuple[Path, dict[str, Any], int]:
    """The shard of the candidate frames, what the decoder says of the video, and how many videos it read now."""
    from ntlbg.video.decode import Sampling
    from ntlbg.video.pool import ROOM, frames_key
    from ntlbg.video.probe import probe
    from ntlbg.video.worker import FACTS, FRAMES

    seen = probe(path)
    digest = file_digest(path)
    size = encoder.size_for(seen.width, seen.height)
    name = frames_key(digest, Sampling(fps, max_frames, size))
    folder, decoded = store.get(ROOM, name), 0
    if folder is None:
        outcomes = _decode(path, digest, fps, max_frames, size, store)
        row: dict[str, Any] = outcomes.table.iloc[0].to_dict()
        folder, decoded = store.get(ROOM, name), outcomes.decoded
        if folder is None:  # a time-out or a crash, which is not remembered
            raise _refused(path, row)
    facts = json.loads((folder / FACTS).read_text())
    if not DecodeOutcome(facts["outcome"]).has_frames:
        raise _refused(path, facts)
    return folder / FRAMES, facts, decoded


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
    if frames < k:
        yield f"the video has only {frames} candidate frames at {fps:g} fps: all of them are returned"
    elif flat:
        yield (
            "relevance is flat: no frame looks like what the question asks for, and the encoder may not be able to "
            "see it; do not trust the choice"
        )
