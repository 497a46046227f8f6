"""Decoding and features, killed at twenty seeded points and carried on: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ntlbg.store import Store, file_digest
from ntlbg.video.decode import Sampling
from ntlbg.video.pool import frames_key
from tests.processes import alive_after
from tests.video.test_pool import table
from tests.video.torture import Healthy

KILLS, VIDEOS = 20, 8
SAMPLING = Sampling(2.0, 100, (32, 48))

# `killed_at` counts what a run does to files below its folder: opened for writing, renamed, linked, made, removed
RUN = """
import os, signal, sys
from pathlib import Path

here, killed_at = Path(sys.argv[1]), int(sys.argv[2])
done = 0

def count(event, arguments):
    global done
    writes = event in ("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate") or (
        event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wxa+")
    )
    if writes and isinstance(arguments[0], (str, bytes, os.PathLike)) and str(here) in os.fsdecode(arguments[0]):
        done += 1
        if done == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

import pandas as pd
from ntlbg.features.extract import extract_all
from ntlbg.features.params import FeaturesParams
from ntlbg.store import Store
from ntlbg.video import pool
from ntlbg.video.params import VideoParams
from tests.features.conftest import Colours
from tests.video.jobs import noted

pool.decode_to_folder = noted
params = VideoParams(fps=2.0, max_frames=100, size=(32, 48), limit_s=100, workers=1)
sys.addaudithook(count)
store = Store(here / "store")
videos = pd.read_parquet(here / "table.parquet")
pool.decode_all(videos, params, store=store, into=here / "frames")
extract_all(here / "frames", Colours(), FeaturesParams(batch=4), store=store, into=here / "features")
print(done)
"""


def run(folder: Path, killed_at: int = 0) -> subprocess.CompletedProcess[str]:
    """One run; when it has ended, so have its workers."""
    child = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), str(killed_at)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    workers: list[psutil.Process] = []
    while child.poll() is None:
        try:
            workers = psutil.Process(child.pid).children(recursive=True) or workers
            child.wait(0.05)
        except (psutil.Error, subprocess.TimeoutExpired):
            continue
    assert not alive_after(workers)
    assert child.stdout is not None
    return subprocess.CompletedProcess([], child.returncode, child.stdout.read())


def prepare(folder: Path, paths: dict[str, Path]) -> Path:
    folder.mkdir()
    table(paths).to_parquet(folder / "table.parquet")
    return folder


def outputs(folder: Path) -> dict[str, str]:
    files = [p for part in ("frames", "features") for p in (folder / part).iterdir()]
    return {str(p.relative_to(folder)): file_digest(p) for p in files}


def begun(folder: Path) -> list[str]:
    """Videos that workers have begun, in order."""
    log = folder / "store" / "begun.txt"
    return log.read_text().split() if log.exists() else []


def finished(folder: Path, paths: dict[str, Path]) -> set[str]:
    """Videos whose frames are stored."""
    store = Store(folder / "store")
    keys = {path.name: frames_key(file_digest(path), SAMPLING) for path in paths.values()}
    return {name for name, key in keys.items() if (store.folder("frames", key) / "entry.json").exists()}


@pytest.mark.slow
def test_a_run_killed_at_twenty_points_ends_as_one_that_was_not(tmp_path: Path) -> None:
    """Each run is killed by SIGKILL at a seeded operation on files and followed by the next; the last one ends.
    Frames, tables and features equal those of an uninterrupted run to the byte, and no video whose frames were stored
    is decoded again."""
    healthy, names = Healthy(tmp_path), ("h264.mp4", "vp9.webm", "mpeg4.avi", "mpeg2.ts")
    paths = {}
    for n in range(VIDEOS):
        source = healthy[names[n % len(names)]]
        paths[f"v{n}"] = source.with_name(f"{n}_{source.name}")
        paths[f"v{n}"].write_bytes(source.read_bytes() + bytes(n))  # each its own content
    whole, broken = prepare(tmp_path / "whole", paths), prepare(tmp_path / "broken", paths)
    total = int(run(whole).stdout)
    assert sorted(begun(whole)) == sorted(path.name for path in paths.values())
    rng = random.Random(20)
    # so many operations for each that the points are spread over the whole of the work
    for step in [rng.randint(2, 2 * total // KILLS) for _ in range(KILLS)] + [0]:
        before, done = begun(broken), finished(broken, paths)
        ended = run(broken, step)
        assert ended.returncode == (-signal.SIGKILL if step else 0)
        assert not done & set(begun(broken)[len(before) :])
    assert finished(broken, paths) == {path.name for path in paths.values()}
    assert outputs(broken) == outputs(whole)
