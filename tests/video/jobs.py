"""Jobs for worker processes in tests: well-behaved, stuck, deadly."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ntlbg.video import index
from ntlbg.video.decode import Sampling
from ntlbg.video.shard import ShardWriter
from ntlbg.video.storage import shard_writer
from ntlbg.video.worker import decode_to_folder, limit_memory


def job(kind: str, folder: str) -> Any:
    if kind == "stuck":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        ctypes.PyDLL(None).sleep(600)  # native code that keeps the interpreter's lock
    if kind == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "once":
        mark = Path(folder) / "mark"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "greedy":
        limit_memory(200)
        return len(bytearray(1 << 30))
    if kind == "modest":
        limit_memory(200)
        return len(bytearray(1 << 20))
    if kind == "raises":
        raise ValueError("a fault of the code")
    if kind == "modules":
        with shard_writer(Path(folder) / "f.jpegs", (8, 8)) as out:
            out.add(np.zeros((8, 8, 3), np.uint8), 0.0)
        return sorted(set(sys.modules) & {"torch", "pandas", "pytest", "transformers", "pydantic"})
    return kind, os.getpid()


def stuck_on_some(path: str, folder: str, *rest: Any) -> dict[str, Any]:
    """Decodes, but never ends on a video whose name says so, and dies on another."""
    if "stuck" in Path(path).name:
        Path(folder, "frames.npy").write_bytes(b"half")
        time.sleep(600)
    if "deadly" in Path(path).name:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode_to_folder(path, folder, *rest)


def noted(path: str, folder: str, *rest: Any) -> dict[str, Any]:
    """Decodes, and first writes down beside the store's rooms what it decodes."""
    with (Path(folder).parents[2] / "begun.txt").open("a") as log:
        log.write(f"{Path(path).name}\n")
    return decode_to_folder(path, folder, *rest)


def changed_while_read(path: str, folder: str, *rest: Any) -> dict[str, Any]:
    """Decodes a file that vanishes or grows, as its name says, after its first frame."""
    add = ShardWriter.add

    def change(shard: ShardWriter, *frame: Any) -> None:
        if "vanishing" in Path(path).name:
            Path(path).unlink(missing_ok=True)
        if "growing" in Path(path).name:
            with Path(path).open("ab") as file:
                file.write(b"more")
        add(shard, *frame)

    ShardWriter.add = change  # type: ignore[method-assign]
    try:
        return decode_to_folder(path, folder, *rest)
    finally:
        ShardWriter.add = add  # type: ignore[method-assign]


def unreadable_half_way(path: str, folder: str, *rest: Any) -> dict[str, Any]:
    """Decodes a file that vanishes, or whose disk fails, as its name says, once its packets were read."""
    walk = index.broken_stretches

    def late(name: str, *how: Any) -> Any:
        if "vanishing" in name:
            Path(name).unlink()
        if "failing" in name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return walk(name, *how)

    index.broken_stretches = late  # type: ignore[assignment]
    try:
        return decode_to_folder(path, folder, *rest)
    finally:
        index.broken_stretches = walk


def deadly_to_auto(path: str, folder: str, sampling: Sampling, backend: str, *rest: Any) -> dict[str, Any]:
    """Dies where `auto` is asked; every other backend reads."""
    if backend == "auto":
        os.kill(os.getpid(), signal.SIGSEGV)
    return decode_to_folder(path, folder, sampling, backend, *rest)
