"""64 questions about one video: `ntlbg` in torch, together, against `ntlbg` one question after another.

    python -m benchmarks.selection_batch [--device cuda] [--frames 8192] [--width 1152] [--k 64] [--questions 64]

Both sides start from a prepared video and are run in turns; medians of wall-clock seconds. It also says how many
questions get the same frames, and on a GPU the peak memory.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.ntlbg_torch import select_batch


def made_up(frames: int, width: int, questions: int) -> tuple[VideoIndex, list[Query]]:
    """Shots of recurring scenes with noise; noisy curves with a moment of eight frames."""
    rng = np.random.default_rng(2026)
    scenes = rng.normal(size=(64, width))
    features = scenes[rng.integers(64, size=frames // 8 + 1)[np.arange(frames) // 8]]
    features = features + 0.5 * rng.normal(size=(frames, width))
    times = np.arange(frames, dtype=np.float64)
    curves = rng.normal(size=(questions, frames))
    for curve in curves:
        start = int(rng.integers(frames - 8))
        curve[start : start + 8] += 4
    video = VideoIndex("made up", features, times, 25.0, 25 * frames, float(frames))
    return video, [Query(f"Where is thing {i}?", curve) for i, curve in enumerate(curves)]


def main() -> int:
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    for name, value in (("frames", 8192), ("width", 1152), ("k", 64), ("questions", 64), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    video, queries = made_up(options.frames, options.width, options.questions)
    rule = NTLBG()
    on_gpu = options.device.startswith("cuda")
    together, one_by_one = [], []
    rule.select(video, queries[0], options.k)  # prepares the video
    select_batch(rule, video, queries[:2], options.k, device=options.device)  # and the device
    same = 0
    for _ in range(options.rounds):
        started = time.perf_counter()
        alone = [rule.select(video, query, options.k) for query in queries]
        one_by_one.append(time.perf_counter() - started)
        started = time.perf_counter()
        batch = select_batch(rule, video, queries, options.k, device=options.device)
        together.append(time.perf_counter() - started)
        same = sum(a.sha256 == b.sha256 for a, b in zip(alone, batch, strict=True))
    name = torch.cuda.get_device_name() if on_gpu else platform.machine()
    print(f"{options.questions} questions, T = {options.frames}, d = {options.width}, k = {options.k}; {name}")
    slow, fast = statistics.median(one_by_one), statistics.median(together)
    print(f"one by one {slow:.3f} s, together {fast:.3f} s: {slow / fast:.1f} times as fast")
    print(f"the same frames for {same} of {options.questions} questions")
    if on_gpu:
        print(f"peak memory of the device {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
