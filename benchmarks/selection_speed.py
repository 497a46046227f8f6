"""Milliseconds per question of every selector, at three lengths of video.

    python benchmarks/selection_speed.py [--repeats 15] [--frames 300 1200 3600] [--cpu] [--json]

One BLAS thread, made-up videos of 512 features with shots and recurring scenes. `prepare` is paid once per video, the
other rows once per question. Selectors take turns within each round, so that a busy moment of the machine meets all
of them; a row is the median over rounds, each with a question of its own. `--cpu` counts processor time instead of wall
time: on a busy machine it is the nearer to what a quiet one would need.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry, tilted
from ntlbg.selection.contract import Selector
from ntlbg.statistics.threads import one_thread

Clock = Callable[[], float]

FEATURES = 512
BUDGETS = {300: 8, 1200: 16, 3600: 32}  # frames chosen of so many candidates


def video_of(frames: int, seed: int = 0) -> tuple[VideoIndex, np.random.Generator]:
    """A video of shots of about 8 s, each showing one of a few recurring scenes, with slow and white noise."""
    rng = np.random.default_rng([seed, frames])
    spectrum = 1 / np.sqrt(np.arange(FEATURES) + 6.0)

    def parts(n: int) -> np.ndarray:
        return rng.normal(size=(n, FEATURES)) * spectrum

    scenes, lengths = parts(max(4, frames // 60)), 1 + rng.poisson(7, size=frames)
    shot = np.repeat(np.arange(frames), lengths)[:frames]
    scene = rng.integers(len(scenes), size=frames)
    features = (1.2 * parts(1) + 0.45 * scenes[scene[shot]] + 0.25 * parts(frames)[shot] + 0.3 * parts(frames)).astype(
        np.float32
    )
    times = np.arange(frames, dtype=np.float64)
    return VideoIndex(f"made-up-{frames}", features, times, 25.0, 25 * frames, float(frames)), rng


def question_of(video: VideoIndex, rng: np.random.Generator, number: int) -> Query:
    """Relevance with noise and one moment of ten seconds."""
    relevance = rng.normal(size=len(video))
    start = int(rng.integers(len(video) - 10))
    relevance[start : start + 10] += 4
    return Query(f"question {number}", relevance)


def milliseconds(selector: Selector, video: VideoIndex, query: Query, k: int, clock: Clock) -> float:
    """What one selection takes by this clock."""
    started = clock()
    selector.select(video, query, k)
    return 1e3 * (clock() - started)


def rows(frames: int, repeats: int, clock: Clock) -> dict[str, float]:
    """Median milliseconds by row name, for videos of this many candidate frames."""
    video, rng = video_of(frames)
    k = BUDGETS.get(frames, 32)
    selectors = registry.every()
    taken: dict[str, list[float]] = {s.name: [] for s in selectors} | {"prepare": []}
    for repeat in range(repeats):
        query = question_of(video, rng, repeat)
        tilted.prepared.cache_clear()
        law_user = registry.make("ntlbg")
        first = milliseconds(law_user, video, query, k, clock)  # pays the preparation too
        for selector in selectors:
            taken[selector.name].append(milliseconds(selector, video, query, k, clock))
        taken["prepare"].append(first - taken["ntlbg"][-1])
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--frames", type=int, nargs="+", default=list(BUDGETS))
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    clock = time.thread_time if arguments.cpu else time.perf_counter
    with one_thread():
        table = {n: rows(n, arguments.repeats, clock) for n in arguments.frames}
    unit = "CPU ms, median" if arguments.cpu else "ms, median"
    if arguments.json:
        print(json.dumps({"unit": unit, "rows": table}, indent=2))
        return
    print(f"{unit:<25}" + "".join(f"{f'T={n} k={BUDGETS.get(n, 32)}':>16}" for n in table))
    for name in next(iter(table.values())):
        print(f"{name:<25}" + "".join(f"{table[n][name]:>16.2f}" for n in table))


if __name__ == "__main__":
    main()
