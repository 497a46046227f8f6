"""CPU-seconds and memory of every backend, each measurement in a process of its own.

`full` is the ffmpeg program decoding every frame to nowhere: the limit of everything that decodes all. `decord_alone`
is decord inside the measuring process (num_threads=1, width and height given, get_batch in chunks), without the guard
and its process. Imports are not counted; the start of a program that a backend needs is.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array

FULL, ALONE, KEYS = "full", "decord_alone", "keyframe"
ARMS = (FULL, "auto", "pyav_sequential", "ffmpeg", "decord", ALONE)  # `pyav_gated` is what `auto` does where it may
SIZE = (224, 224)
CHUNK = 32
WATCH_S = 0.1
NOT_READ = "refused"


class Counting:
    """A sink that keeps nothing."""

    frames = 0

    def add(self, pixels: Array, time_s: float) -> None:
        self.frames += 1

    def restart(self) -> None:
        self.frames = 0

    def keep(self, kept: Array) -> None:
        self.frames = int(kept.sum())


def work(arm: str, path: Path, fps: float) -> Callable[[], int]:
    """What an arm does with a video; returns how many frames came. Imports are done here."""
    if arm == FULL:
        from imageio_ffmpeg import get_ffmpeg_exe

        quiet = (get_ffmpeg_exe(), "-nostdin", "-v", "error", "-threads", "1", "-i", str(path), "-map", "0:v:0")
        return lambda: 0 * subprocess.run([*quiet, "-f", "null", "-"], check=True).returncode
    if arm == ALONE:
        import decord

        return lambda: _decord(decord, path, fps)
    from ntlbg.video import worker  # noqa: F401 (everything that a decoding process loads)
    from ntlbg.video.decode import Sampling, read_into

    sink = Counting()
    sampling = Sampling(fps, 1 << 20, SIZE, keyframes=arm == KEYS)
    return lambda: read_into(sink, path, sampling, backend="auto" if arm == KEYS else arm).frames


def _decord(decord: object, path: Path, fps: float) -> int:
    height, width = SIZE
    reader = decord.VideoReader(  # type: ignore[attr-defined]
        str(path),
        ctx=decord.cpu(0),
        width=width,
        height=height,
        num_threads=1,  # type: ignore[attr-defined]
    )
    begins = reader.get_frame_timestamp(list(range(len(reader))))[:, 0]
    if np.all(np.isfinite(begins)) and np.all(np.diff(begins) > 0):
        targets = np.arange(0, begins[-1] - begins[0] + 1e-3, 1 / fps)
        wanted = np.unique(np.searchsorted(begins - begins[0], targets + 5e-4, side="right") - 1)
    else:
        wanted = np.arange(0, len(reader), reader.get_avg_fps() / fps).astype(int)
    for first in range(0, wanted.size, CHUNK):
        reader.get_batch(wanted[first : first + CHUNK].tolist()).asnumpy()
    return int(wanted.size)


def measure_here(arm: str, path: Path, fps: float) -> dict[str, float]:
    """In this process: CPU-seconds, frames, and how far memory rose, in MB, own and that of programs started."""
    from ntlbg.video.errors import VideoError

    act = work(arm, path, fps)
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    before, started = psutil.Process().memory_info().rss, cpu_s()
    with _programs() as highest:
        try:
            frames = act()
        except VideoError as error:
            print(error.sentence, file=sys.stderr)
            return {"refused": 1}
    return {
        "cpu_s": cpu_s() - started,
        "frames": frames,
        "own_mb": (_high_water() - before) / 2**20,
        "child_mb": max(highest.values(), default=0) / 2**20,
    }


@contextmanager
def _programs() -> Iterator[dict[int, int]]:
    """While the block runs: process id → most memory of each program that this process started, in bytes.

    The kernel's own sum (ru_maxrss) counts the parent's memory at the start of a child as the child's.
    """
    highest: dict[int, int] = {}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(WATCH_S):
            for task in Path("/proc/self/task").iterdir():
                with suppress(OSError):
                    for child in map(int, (task / "children").read_text().split()):
                        highest[child] = max(highest.get(child, 0), _high_water(child))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield highest
    finally:
        ended.set()
        watcher.join()


def cpu_s() -> float:
    """User and system time of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def _high_water(process: int | str = "self") -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    if process != "self":
        return 0  # it has just ended
    raise InputError("this system does not tell how much memory a process used", hint="run it on Linux")


def measure(arm: str, path: Path, fps: float = 1.0) -> dict[str, float]:
    """The same in a process of its own. Raises InputError when that fails."""
    command = [sys.executable, "-m", "benchmarks.decoding", "one", arm, str(path), "--fps", str(fps)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    if done.returncode:
        raise InputError(f"{path}: {arm} fails: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def rounds(
    paths: Sequence[Path], arms: Sequence[str], count: int, kept: Path
) -> Iterator[tuple[Path, str, dict[str, float]]]:
    """Every arm on every video, `count` times, taking turns, so that a busy moment of the machine meets all.

    kept: a file of what was measured, a line each: a run that was stopped goes on.
    """
    known = {}
    if kept.exists():
        for line in kept.read_text().splitlines():
            clip, arm, turn, found = json.loads(line)
            known[clip, arm, turn] = found
    for turn in range(count):
        for path in paths:
            for i in range(len(arms)):
                arm = arms[(i + turn) % len(arms)]
                found = known.get((path.name, arm, turn))
                if found is None:
                    found = _or_failed(arm, path)
                    with kept.open("a") as out:
                        out.write(json.dumps([path.name, arm, turn, found]) + "\n")
                yield path, arm, found
    kept.unlink(missing_ok=True)


def _or_failed(arm: str, path: Path) -> dict[str, float]:
    try:
        return measure(arm, path)
    except InputError:
        if arm != ALONE:
            raise
        return {"failed": 1}  # decord does not open everything


Cells = dict[str, dict[str, list[dict[str, float]]]]


def middle(found: list[dict[str, float]], key: str) -> float | None:
    """The median over rounds; None where the arm refused or failed."""
    values = [one[key] for one in found if key in one]
    return statistics.median(values) if values else None


def table(cells: Cells, seconds: dict[str, float]) -> str:
    """Markdown: CPU-milliseconds for each 1-fps frame, and in shares of `full`; then memory."""
    arms = [arm for arm in ARMS if any(arm in row for row in cells.values())]
    head = [
        "",
        "full decode, CPU-s per minute",
        *(f"`{a}`" for a in arms if a != FULL),
        "`auto` / full",
        "`auto` / decord",
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, row in cells.items():
        full = middle(row[FULL], "cpu_s") or float("nan")
        times = {arm: middle(row[arm], "cpu_s") for arm in arms}
        told = [name, f"{full / seconds[name] * 60:.2f}"]
        told += [_cell(row[arm]) for arm in arms if arm != FULL]
        told += [_ratio(times.get("auto"), full), _ratio(times.get("auto"), times.get(ALONE))]
        lines.append("| " + " | ".join(told) + " |")
    return "\n".join(lines)


def _cell(found: list[dict[str, float]]) -> str:
    spent, frames = middle(found, "cpu_s"), middle(found, "frames")
    if spent is None or not frames:
        return "fails" if any("failed" in one for one in found) else NOT_READ
    memory = (middle(found, "own_mb") or 0) + (middle(found, "child_mb") or 0)
    low, high = (f(one["cpu_s"] for one in found if "cpu_s" in one) for f in (min, max))
    return f"{1e3 * spent / frames:.1f} ({1e3 * low / frames:.1f}–{1e3 * high / frames:.1f}), {memory:.0f} MB"


def _ratio(a: float | None, b: float | None) -> str:
    return "" if a is None or b is None else f"{a / b:.2f}"
