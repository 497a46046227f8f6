"""Milliseconds per question of every selector, at three lengths of video.

    python benchmarks/selection_speed.py [--repeats 15] [--frames 300 1200 3600] [--cpu] [--json]
    python benchmarks/selection_speed.py --ratios [--repeats 15] [--long-repeats 3] [--cpu] [--json]

One BLAS thread, made-up videos of 512 features with shots and recurring scenes. `prepare` is paid once per video, the
other rows once per question. Selectors take turns within each round, so that a busy moment of the machine meets all
of them; a row is the median over rounds, each with a question of its own. `--cpu` counts processor time instead of wall
time: on a busy machine it is the nearer to what a quiet one would need.

`--ratios` prints what `ntlbg` takes on a video it knows, in shares of what others take, and the memory it needs beyond
the video's: an hour (T = 3,600, d = 1152, k = 64) against MDP3 on the same pool, its gains evaluated lazily or all of
them (k columns of the kernel), and against `stable_mahalanobis_distance` as the project's first README printed it
(torch, float32, one distance for each frame, no choice yet); and T = 8,192, k = 1,024 against scikit-learn's KMeans
(one restart, same space). All take turns in one process. Scores are such as an encoder of pictures and text gives:
0.25 with a standard deviation of 0.03. How much laziness saves depends on them: under MDP3's published weight relevance
decides and few gains are computed; the row with weight 1, at which it finds more on planted videos, computes more.
ntlbg and MDP3 keep to one thread, the others use as many as they are given: OMP_NUM_THREADS=1 compares one with one.
With `--cpu` the threads of the others are added up.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np
import torch
from sklearn.cluster import KMeans

from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry, tilted
from ntlbg.selection.contract import Selector
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.statistics.threads import one_thread

Clock = Callable[[], float]

FEATURES = 512
BUDGETS = {300: 8, 1200: 16, 3600: 32}  # frames chosen of so many candidates


def video_of(frames: int, seed: int = 0, width: int = FEATURES) -> tuple[VideoIndex, np.random.Generator]:
    """A video of shots of about 8 s, each showing one of a few recurring scenes, with slow and white noise."""
    rng = np.random.default_rng([seed, frames])
    spectrum = 1 / np.sqrt(np.arange(width) + 6.0)

    def parts(n: int) -> np.ndarray:
        return rng.normal(size=(n, width)) * spectrum

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
    taken: dict[str, list[float]] = {name: [] for name in [*(s.name for s in selectors), "prepare"]}
    for repeat in range(repeats):
        query = question_of(video, rng, repeat)
        tilted.prepared.cache_clear()
        law_user = registry.make("ntlbg")
        first = milliseconds(law_user, video, query, k, clock)  # pays the preparation too
        for selector in selectors:
            taken[selector.name].append(milliseconds(selector, video, query, k, clock))
        taken["prepare"].append(first - taken["ntlbg"][-1])
    return {name: statistics.median(values) for name, values in taken.items()}


@dataclass(frozen=True)
class Ratios:
    """One interleaved run. taken: median milliseconds by row. peak_mb: of one `ntlbg` choice, beyond what was there.

    linear_mb: doubles for the r coordinates and k factors of every frame; square_mb: for every pair of frames.
    """

    frames: int
    k: int
    taken: dict[str, float]
    spread: dict[str, tuple[float, float]]
    peak_mb: float
    linear_mb: float
    square_mb: float

    def ratio(self, row: str) -> float:
        """What ntlbg takes, in shares of this row."""
        return self.taken["ntlbg"] / self.taken[row]


def stable_mahalanobis_distance(x: torch.Tensor, mu: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Squared distances, [T], as the first README has them. x: [T, d]. mu: [d]. sigma: [d, d], positive definite."""
    factor = torch.linalg.cholesky(sigma + 1e-6 * torch.eye(sigma.shape[-1]))
    z = torch.linalg.solve_triangular(factor, (x - mu).T, upper=False)
    return torch.sum(z**2, dim=0)


def against(
    others: dict[str, Callable[[Query], object]], video: VideoIndex, k: int, repeats: int, clock: Clock
) -> Ratios:
    """ntlbg and the others in turn, each round with a question of its own."""
    rng = np.random.default_rng(len(video))
    ntlbg = cast(NTLBG, registry.make("ntlbg"))
    runs: dict[str, Callable[[Query], object]] = {"ntlbg": lambda query: ntlbg.select(video, query, k)} | others
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        curve = question_of(video, rng, repeat)
        query = Query(curve.text, 0.25 + 0.03 * curve.relevance)
        for name, run in runs.items():
            started = clock()
            run(query)
            if repeat:  # the first round prepares the video
                taken[name].append(1e3 * (clock() - started))
    tracemalloc.start()
    ntlbg.select(video, query, k)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    median = {name: statistics.median(values) for name, values in taken.items()}
    frames, coordinates = ntlbg.law(video, query).space.points.shape
    spread = {name: (min(values), max(values)) for name, values in taken.items()}
    linear, square = 8e-6 * frames * (coordinates + k), 8e-6 * frames**2
    return Ratios(frames, k, median, spread, peak, linear, square)


def hour(repeats: int, clock: Clock, frames: int = 3600, k: int = 64, width: int = 1152) -> Ratios:
    """An hour at one frame a second, against MDP3 and the README's distance."""
    video, _ = video_of(frames, width=width)
    lazy, single = (registry.make("mdp3", variant=variant, pool=0) for variant in ("lazy", "single"))
    even = registry.make("mdp3", variant="lazy", pool=0, temperature=1.0)
    x = torch.from_numpy(np.array(video.features))
    mu, sigma = x.mean(dim=0), torch.cov(x.T)
    others: dict[str, Callable[[Query], object]] = {
        "mdp3, lazy gains": lambda query: lazy.select(video, query, k),
        "mdp3, lazy gains, weight 1": lambda query: even.select(video, query, k),
        "mdp3, k columns": lambda query: single.select(video, query, k),
        "stable_mahalanobis_distance": lambda query: stable_mahalanobis_distance(x, mu, sigma),
    }
    return against(others, video, k, repeats, clock)


def very_long(repeats: int, clock: Clock, frames: int = 8192, k: int = 1024, width: int = 1152) -> Ratios:
    """More than two hours and a budget of a thousand, against k-means."""
    video, rng = video_of(frames, width=width)
    points = cast(NTLBG, registry.make("ntlbg")).law(video, question_of(video, rng, 0)).space.points
    others: dict[str, Callable[[Query], object]] = {
        "KMeans": lambda query: KMeans(n_clusters=k, n_init=1, random_state=0).fit(points)
    }
    return against(others, video, k, repeats, clock)


def print_ratios(found: list[Ratios], unit: str) -> None:
    """A table of each run."""
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, torch on {torch.get_num_threads()} threads; {unit}"
    )
    for run in found:
        print(
            f"\nT={run.frames} k={run.k}: ntlbg needs {run.peak_mb:.1f} MB more at its peak; "
            f"T (r + k) doubles are {run.linear_mb:.1f} MB, T² {run.square_mb:.0f} MB"
        )
        for name, value in run.taken.items():
            low, high = run.spread[name]
            told = "" if name == "ntlbg" else f"   ntlbg / this = {run.ratio(name):.2f}"
            print(f"  {name:<28}{value:>10.1f}  ({low:.1f} to {high:.1f}){told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--frames", type=int, nargs="+", default=list(BUDGETS))
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--ratios", action="store_true", help="ntlbg against MDP3, the README's distance and KMeans")
    parser.add_argument("--long-repeats", type=int, default=3, help="rounds of the slow run at T = 8,192")
    arguments = parser.parse_args()
    if arguments.ratios:
        # processor time of all threads: torch and scikit-learn have several
        clock = time.process_time if arguments.cpu else time.perf_counter
        unit = "CPU ms, median (range)" if arguments.cpu else "ms, median (range)"
        found = [hour(arguments.repeats, clock)]
        if arguments.long_repeats:
            found.append(very_long(arguments.long_repeats, clock))
        if arguments.json:
            runs = [
                {"T": r.frames, **{name: value for name, value in asdict(r).items() if name != "frames"}} for r in found
            ]
            print(json.dumps({"unit": unit, "runs": runs}, indent=2))
        else:
            print_ratios(found, unit)
        return
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
