"""Good files in six containers, damaged at random 2,000 times: nothing hangs, nothing dies, nothing is silent."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from ntlbg.store import Store, file_digest, file_stem
from ntlbg.video.outcomes import read_outcomes
from ntlbg.video.params import VideoParams
from ntlbg.video.pool import decode_all
from tests.video.torture import Healthy, judge

FPS = 4.0
PARAMS = VideoParams(fps=FPS, max_frames=1000, size=(32, 48), limit_s=60, workers=2)
EACH = 334

# Arithmetic decoders give any bytes a meaning, so a few overwritten ones inside a picture may leave no trace whatever.
# Where no checksum tells, so many of the 334 files may keep a wrong frame; the digest in the table of videos tells all.
TRACELESS = {
    "h264.mp4": 27,
    "h264.mkv": 0,
    "vp9.webm": 2,
    "mpeg4.avi": 0,
    "mpeg2.ts": 0,
    "h264.flv": 27,
}
SMALL = 1024  # bytes; what is larger leaves a trace


class Mutation(NamedTuple):
    kind: str
    size: int
    data: bytes


def mutated(data: bytes, rng: random.Random) -> Mutation:
    """One kind of damage at one place: a cut, a block of zeros or noise, a flipped bit, a block lost, doubled or
    exchanged with another."""
    kind = rng.choice(("cut", "zeros", "noise", "flip", "lost", "doubled", "exchanged"))
    size = min(int(2 ** rng.uniform(0, 13)), len(data) // 3)
    at, other = rng.randrange(len(data) - size), rng.randrange(len(data) - size)
    made = bytearray(data)
    if kind == "cut":
        del made[at:]
    elif kind == "zeros":
        made[at : at + size] = bytes(size)
    elif kind == "noise":
        made[at : at + size] = rng.randbytes(size)
    elif kind == "flip":
        size = 1
        made[at] ^= 1 << rng.randrange(8)
    elif kind == "lost":
        del made[at : at + size]
    elif kind == "doubled":
        made[at:at] = made[at : at + size]
    else:
        made[at : at + size], made[other : other + size] = made[other : other + size], made[at : at + size]
    return Mutation(kind, size, bytes(made))


class Result(NamedTuple):
    mutation: Mutation
    outcome: str
    wrong: list[tuple[float, int]]
    silent: list[float]


def decoded(folder: Path, source: Path) -> Iterator[Result]:
    """All mutations of one file, through the real pool."""
    rng, data = random.Random(source.name), source.read_bytes()
    folder.mkdir()
    mutations = {}
    rows = []
    for n in range(EACH):
        mutation = mutations[str(n)] = mutated(data, rng)
        path = folder / f"{n}_{source.name}"
        path.write_bytes(mutation.data)
        rows.append({"video_id": str(n), "path": str(path), "size": len(mutation.data), "blake3": file_digest(path)})
    decode_all(pd.DataFrame(rows), PARAMS, store=Store(folder / "store"), into=folder / "out")
    for name, row in read_outcomes(folder / "out").items():
        wrong, silent = [], []
        if row["frames"]:
            frames = np.load(folder / "out" / f"{file_stem(name)}.npy")
            # MPEG-TS does not say where it begins: without its first pictures it begins later
            late = source.suffix == ".ts" and bool(row["missing_s"]) and row["missing_s"][0][0] == 0
            wrong, silent = judge(frames, row["timestamps_s"], row["missing_s"], FPS, late=late)
            if source.suffix == ".ts":  # without its length, a piece is a shorter video
                silent = [t for t in silent if t < row["covered_s"] - 1e-6]
        yield Result(mutations[name], row["outcome"], wrong, silent)
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("source", TRACELESS)
def test_damage_is_never_silent(tmp_path: Path, source: str) -> None:
    """Every file ends in an outcome, no worker hangs or dies, every moment has its own frame or lies in a stated hole;
    wrong frames are kept of none, but for small changes inside arithmetic-coded pictures without a checksum."""
    results = list(decoded(tmp_path / "mutations", Healthy(tmp_path)[source]))
    assert len(results) == EACH
    outcomes = Counter(result.outcome for result in results)
    assert not {"timeout", "crashed"} & outcomes.keys()
    assert outcomes["corrupt"] + outcomes["truncated"] + outcomes["ok"] > EACH // 2
    # a moment whose frame is a wrong one is counted as wrong, not as silent
    assert [r.mutation[:2] for r in results if r.silent and not r.wrong] == []
    wrong = [r for r in results if r.wrong]
    assert len(wrong) <= TRACELESS[source], Counter(r.mutation.kind for r in wrong)
    assert [r.mutation[:2] for r in wrong if r.mutation.size >= SMALL] == []


def test_the_recorded_digest_refuses_every_mutation(tmp_path: Path) -> None:
    """Once a corpus is recorded, a changed byte anywhere is a changed file: no frame of it is kept."""
    source = Healthy(tmp_path)["mpeg4.avi"]
    rng, data, rows = random.Random(0), source.read_bytes(), []
    for n in range(60):
        mutation = mutated(data, rng)
        if mutation.data == data:
            continue
        path = tmp_path / f"{n}.avi"
        path.write_bytes(mutation.data)
        rows.append({"video_id": str(n), "path": str(path), "size": len(data), "blake3": file_digest(source)})
    out = decode_all(pd.DataFrame(rows), PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert out.counts == {"open_failed": len(rows)}
    assert out.refused == len(rows)
