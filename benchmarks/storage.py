"""What keeping decoded frames as JPEG saves, costs and changes: bytes, milliseconds, features, relevance, picks.

    python -m benchmarks.storage

Reads footage/big_buck_bunny.mp4 (`make footage`) at a frame every two seconds, and the questions for developing of
benchmarks/film_development.json. Prints the table of docs/video.md, "Storage". Each row is compared with raw frames
through the embedded encoder; `noise` is raw frames with a grey level more or less at random, for scale. Milliseconds
are CPU time of one thread, the least of three rounds.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.command import command
from benchmarks.film_relevance import QUESTIONS, difference, items, table
from ntlbg.evaluation.evidence import shown
from ntlbg.evaluation.relevance_auc import auc
from ntlbg.features.encoders import Encoder, load_encoder
from ntlbg.features.extract import RANK
from ntlbg.features.index import Features
from ntlbg.features.relevance import make_query
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry
from ntlbg.statistics.principal import principal_basis
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.packed import QUALITY, SUBSAMPLING

SIZES = ((224, 224), (32, 48))  # the first is what the encoder sees
FPS, K, SEED, ROUNDS, BATCH = 0.5, 8, 2026, 3, 64
KEPT = (QUALITY, SUBSAMPLING)
JPEG = ((90, "4:2:0"), (90, "4:4:4"), (95, "4:2:0"), (95, "4:4:4"))


def write(frame: Array, quality: int, subsampling: str) -> bytes:
    packed = io.BytesIO()
    Image.fromarray(frame).save(packed, "JPEG", quality=quality, subsampling=subsampling)
    return packed.getvalue()


def read(packed: bytes) -> Array:
    return np.asarray(Image.open(io.BytesIO(packed)))


def timed(function: Callable[[Any], Any], values: Any) -> tuple[list[Any], float]:
    """What it gives of each value, and milliseconds a value."""
    best, out = np.inf, []
    for _ in range(ROUNDS):
        begun = time.process_time()
        out = [function(value) for value in values]
        best = min(best, time.process_time() - begun)
    return out, 1000 * best / len(values)


def seen(frames: Array, times_s: Array, encoder: Encoder) -> Features:
    parts = [encoder.encode_frames(frames[i : i + BATCH]) for i in range(0, len(frames), BATCH)]
    features, vectors = (np.concatenate(p).astype(np.float32) for p in zip(*parts, strict=True))
    length = float(times_s[-1])
    index = VideoIndex("film", features, times_s, 24.0, len(times_s), length, principal_basis(features, times_s, RANK))
    return Features(index, vectors, encoder.name)


def asked(features: Features, questions: list[dict[str, Any]], encoder: Encoder) -> tuple[Array, list[set[int]]]:
    """AUC of relevance of each question [n], and the frames that ntlbg picks for it."""
    rule, areas, picks = registry.make("ntlbg"), [], []
    for question in questions:
        query = make_query(question["question"], features, encoder)
        area = auc(query.relevance, shown(items(question), features.index.timestamps_s))
        areas.append(np.nan if area is None else area)
        picks.append(set(rule.select(features.index, query, K).indices.tolist()))
    return np.array(areas), picks


def main() -> int:
    told = json.loads(QUESTIONS.read_text())
    encoder = load_encoder("embedded")
    films = [decode_frames(told["film"], Sampling(FPS, 1 << 20, size)) for size in SIZES]
    frames, times_s = films[0].frames, films[0].timestamps_s
    noise = np.random.default_rng(SEED).integers(-1, 2, frames.shape)
    pixels = {"raw": frames, "noise": np.clip(frames.astype(np.int16) + noise, 0, 255).astype(np.uint8)}
    sizes = {name: [str(frame[0].nbytes) for frame in (films[0].frames, films[1].frames)] for name in pixels}
    spent = {name: ["", ""] for name in pixels}
    for how in JPEG:
        name = f"JPEG {how[0]}, {how[1]}" + (" (`jpeg`)" if how == KEPT else "")
        packed, writing = timed(lambda frame, how=how: write(frame, *how), frames)
        unpacked, reading = timed(read, packed)
        small = [write(frame, *how) for frame in films[1].frames]
        pixels[name] = np.stack(unpacked)
        sizes[name] = [f"{np.mean([len(one) for one in part]):.0f}" for part in (packed, small)]
        spent[name] = [f"{writing:.2f}", f"{reading:.2f}"]
    rows, exact, before = [], None, None
    for name in track(pixels, "encode", total=len(pixels), unit="storages"):
        features = seen(pixels[name], times_s, encoder)
        areas, picks = asked(features, told["questions"], encoder)
        if exact is None or before is None:
            exact, before = features.index.features, (areas, picks)
            cells = ["", f"{np.nanmean(areas):.3f}", ""]
        else:
            own = features.index.features
            cosine = (own * exact).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(exact, axis=1)
            both = np.isfinite(areas)
            same = np.mean([len(a & b) for a, b in zip(picks, before[1], strict=True)])
            cells = [
                f"{cosine.mean():.3f} ({cosine.min():.3f})",
                f"{np.nanmean(areas):.3f} ({difference(areas[both], before[0][both])})",
                f"{same:.1f}",
            ]
        rows.append([name, *sizes[name], *spent[name], *cells])
    head = ["frames", *(f"bytes, {h} × {w}" for h, w in SIZES), "write, ms", "read, ms"]
    print(table([*head, "cosine of features (least)", "AUC (minus raw)", f"picks of {K} that raw has too"], rows))
    return 0


if __name__ == "__main__":
    command(main)
