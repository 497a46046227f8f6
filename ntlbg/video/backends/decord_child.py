"""What the decord process does: one job from its input; pictures to its output, a time for each to its errors.

It is run as a file and imports nothing of the project. decord and its FFmpeg write to the output as they like, so the
real output is moved aside first.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from typing import Any, BinaryIO

import numpy as np

MARK = "frame at "
BATCH, BATCH_BYTES = 16, 64 << 20  # pictures in memory at once, and what they take
# decord may decode ahead when its reader is slow; what a worker may take holds here too where it is less
MEMORY_BYTES = 2_000_000_000


def indices_of(begins_s: Any, rate: float, times_s: list[float]) -> list[int]:
    """Which of decord's frames is on screen at each time. begins_s: [n] as decord tells them; rate: its average.

    Where decord tells no usable times (AVI) only counting is left.
    """
    begins = np.asarray(begins_s, dtype=np.float64) - begins_s[0]
    times = np.asarray(times_s)
    if np.all(np.isfinite(begins)) and np.all(np.diff(begins) > 0):
        found = np.searchsorted(begins, times + 0.001, side="right") - 1
    else:
        found = np.floor((times + 0.001) * rate).astype(np.int64)
    return np.clip(found, 0, len(begins) - 1).tolist()


def batch_of(height: int, width: int) -> int:
    """How many pictures of a size are asked for at once."""
    return max(1, min(BATCH, BATCH_BYTES // (height * width * 3)))


def main(job: dict[str, Any], out: BinaryIO, errors: BinaryIO) -> None:
    """job: path, size (h, w) that decord shall scale to, times_s since the first frame."""
    from decord import VideoReader, cpu

    height, width = job["size"]
    reader = VideoReader(job["path"], ctx=cpu(0), width=width, height=height, num_threads=1)
    begins = reader.get_frame_timestamp(list(range(len(reader))))[:, 0].astype(np.float64)
    wanted = indices_of(begins, reader.get_avg_fps(), job["times_s"])
    batch = batch_of(height, width)
    for first in range(0, len(wanted), batch):
        chosen = wanted[first : first + batch]
        for i, picture in zip(chosen, reader.get_batch(chosen).asnumpy(), strict=True):
            out.write(picture.tobytes())
            out.flush()
            errors.write(f"{MARK}{float(begins[i] - begins[0])!r}\n".encode())
            errors.flush()


def _guard() -> None:
    """End with the parent, and never fill the machine."""
    import resource

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    granted, _ = resource.getrlimit(resource.RLIMIT_AS)
    most = MEMORY_BYTES if granted == resource.RLIM_INFINITY else min(granted, MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _guard()
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        main(json.load(sys.stdin), output, sys.stderr.buffer)
    except MemoryError:
        os.abort()  # as decord's own code ends where there is too little
    except Exception as error:  # whatever it is, the parent reads the last line
        print(str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__, file=sys.stderr)
        sys.exit(1)
