"""Every broken and hostile input through the real pool: each ends in its class, and nothing else happens."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ntlbg.store import Store, file_digest, file_stem
from ntlbg.video.outcomes import QUARANTINE, read_outcomes
from ntlbg.video.params import VideoParams
from ntlbg.video.pool import decode_all
from tests.video.torture import Healthy, Torment, World, catalogue, judge

FPS = 4.0
PARAMS = VideoParams(fps=FPS, max_frames=1000, size=(32, 48), limit_s=60, workers=2)
CASES = catalogue()


@contextmanager
def opened(folder: Path) -> Iterator[list[str]]:
    """Names of the files of a folder that any process opens during the block (inotify); filled at its end."""
    names: list[str] = []
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(folder), 0x20) >= 0  # IN_OPEN
    try:
        yield names
        with open(watch, "rb", closefd=False, buffering=0) as events:
            data = events.read(1 << 20) or b""
        at = 0
        while at < len(data):
            _, _, _, length = struct.unpack_from("iIII", data, at)
            names.append(data[at + 16 : at + 16 + length].rstrip(b"\0").decode())
            at += 16 + length
    finally:
        os.close(watch)


@contextmanager
def requests() -> Iterator[tuple[int, list[str]]]:
    """A port that listens, and who connected to it."""
    seen: list[str] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        port = server.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        server.settimeout(0.2)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    connection, peer = server.accept()
                except TimeoutError:
                    continue
                seen.append(str(peer))
                connection.close()

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield port, seen
        finally:
            done.set()
            listener.join()


class Run:
    """All inputs decoded once."""

    def __init__(self, folder: Path) -> None:
        inputs, canaries = folder / "inputs", folder / "canaries"
        for made in (inputs, canaries, folder / "healthy"):
            made.mkdir()
        healthy = Healthy(folder / "healthy")
        canary = canaries / "canary.ts"
        canary.write_bytes(healthy["h264.ts"].read_bytes())
        with requests() as (port, self.requests):
            world = World(healthy, inputs, canary, port)
            names = {name: str(case.make(world)) for name, case in CASES.items()}
            videos = pd.DataFrame(
                [
                    {
                        "video_id": name,
                        "path": path,
                        "size": 0,
                        "blake3": file_digest(Path(path)) if os.path.isfile(path) else "",  # noqa: PTH113 (Path raises on odd names)
                    }
                    for name, path in names.items()
                ]
            )
            before = {p.name for p in inputs.iterdir()}
            with opened(canaries) as self.opened:
                self.out = folder / "frames"
                self.outcomes = decode_all(videos, PARAMS, store=Store(folder / "store"), into=self.out)
            self.written = {p.name for p in inputs.iterdir()} - before
        self.memory_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.rows = read_outcomes(self.out)
        self.left = list((folder / "store" / ".partial").iterdir())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("torture"))


def test_there_are_enough_of_them() -> None:
    """At least sixty inputs."""
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_each_ends_in_its_class(run: Run, case: Torment) -> None:
    """The outcome is one of those that are right; what is not whole says why; frames are there or not, as it says."""
    row = run.rows[case.name]
    assert row["outcome"] in case.ends, row["detail"]
    assert bool(row["detail"]) == (row["outcome"] != "ok")
    shard = run.out / f"{file_stem(case.name)}.npy"
    assert shard.exists() == bool(row["frames"])
    if row["outcome"] in ("ok", "truncated"):
        assert row["frames"]


@pytest.mark.parametrize("case", [c for c in CASES.values() if not c.other], ids=lambda case: case.name)
def test_what_is_kept_is_right_and_what_is_missing_is_stated(run: Run, case: Torment) -> None:
    """Every kept frame carries the number of its time, and every moment has its frame or lies in a stated hole; what
    can be kept is."""
    row = run.rows[case.name]
    assert row["frames"] >= case.keeps
    if not row["frames"]:
        return
    frames = np.load(run.out / f"{file_stem(case.name)}.npy")
    judged = judge(frames, row["timestamps_s"], row["missing_s"], FPS, late=case.beheaded)
    assert judged.wrong == []
    # a piece of a container that declares no length is a shorter video
    assert [t for t in judged.silent if not case.cut or t < row["covered_s"]] == []


def test_nothing_else_was_opened_asked_for_or_written(run: Run) -> None:
    """No file but the named ones, no connection, no file beside the inputs, nothing left in the workshop."""
    assert run.opened == []
    assert run.requests == []
    assert run.written == set()
    assert run.left == []


def test_memory_stays_bounded(run: Run) -> None:
    """No worker ever held 2 GB, whatever the headers claimed."""
    assert run.memory_kb < 2_000_000


def test_the_quarantine_names_every_one(run: Run) -> None:
    """Each input that is not whole, once, with its file, cause and the last line that FFmpeg said of it."""
    table = pd.read_parquet(run.out / QUARANTINE)
    assert sorted(table["video_id"]) == sorted(name for name, row in run.rows.items() if row["outcome"] != "ok")
    assert (table["cause"] != "").all()
    told = table.set_index("video_id")["log"]
    assert "moov atom not found" in told["cut_50_late_index.mp4"]
    assert told["fifo"] == ""


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    """An open file is noticed, in another process too; a connection as well."""
    (tmp_path / "canary").touch()
    with opened(tmp_path) as names, requests() as (port, seen):
        os.system(f"cat {tmp_path / 'canary'}")
        socket.create_connection(("127.0.0.1", port)).close()
        threading.Event().wait(0.5)
    assert names == ["canary"]
    assert len(seen) == 1
