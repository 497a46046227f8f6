"""Jobs for worker processes in tests: well-behaved, stuck, deadly."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from ntlbg.video.worker import decode_to_folder


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
    if kind == "raises":
        raise ValueError("a fault of the code")
    if kind == "modules":
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
