"""Which backend gives the right frames of which footage.

Every clip of tests/video/footage.py carries its frame number; each backend samples each clip at 2 frames per second and
at 2.3. `decord_alone` is decord as it is mostly used, without the guard: all frames asked for at once, found by its own
timestamps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.backends import registry
from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.decord_reader import Decord
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from tests.video.clips import numbers
from tests.video.footage import FOOTAGE, Footage

ALONE = "decord_alone"
BACKENDS = ("auto", "pyav_gated", "pyav_sequential", "ffmpeg", "decord", ALONE)
RATES = (2.0, 2.3)
SIZE = (32, 64)  # a width that decord can scale to
STUCK_S = 20  # CPU-seconds; the clips last 5 s

INSTEAD = " instead of "
RIGHT, WRONG, REFUSED, FAILED, STUCK = "right", "wrong", "refused", "fails", "hangs"


@dataclass(frozen=True)
class Found:
    """What one backend made of one clip. said: the numbers that came and the right ones, or the sentence."""

    verdict: str
    said: str = ""


def measure(clip: Footage, path: Path, backend: str) -> Found:
    """The worst of what the rates gave."""
    if backend == ALONE:
        registry.BACKENDS[ALONE] = Decord(guarded=False, limit_s=STUCK_S)
        try:
            return _read(clip, path, ALONE)
        finally:
            del registry.BACKENDS[ALONE]
    for candidate in registry.chain(backend) if backend != registry.AUTO else ():
        refusal = candidate.refuses(Clip.open(path))
        if refusal is not None:
            return Found(REFUSED, refusal)
    return _read(clip, path, backend)


def _read(clip: Footage, path: Path, backend: str) -> Found:
    try:
        for rate in RATES:
            want = clip.numbers_at(plan.target_times(clip.times_s[-1], rate, 1000))
            read = decode_frames(path, Sampling(rate, 1000, SIZE), backend=backend)
            if read.reading.outcome is not DecodeOutcome.OK:  # no clip is damaged; of damage, PyAV's frames are kept
                return Found(FAILED, read.reading.detail.removeprefix(f"{path}: "))
            got = numbers(read.frames)
            if got != want:
                return Found(WRONG, brief(got) + INSTEAD + brief(want))
    except VideoError as error:
        stuck = error.outcome is DecodeOutcome.TIMEOUT
        return Found(STUCK if stuck else FAILED, error.sentence.removeprefix(f"{path}: "))
    return Found(RIGHT)


def brief(found: Sequence[int]) -> str:
    """The first numbers of a list; `?` where a picture carries none."""
    shown = " ".join("?" if number < 0 else str(number) for number in found[:8])
    return shown + (" …" if len(found) > 8 else "")


def measured(folder: Path, names: Iterable[str], backends: Sequence[str]) -> dict[str, dict[str, Found]]:
    """clip → backend → what was found; clips are made in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        name: {backend: measure(FOOTAGE[name], FOOTAGE[name].at(folder), backend) for backend in backends}
        for name in names
    }


def table(found: dict[str, dict[str, Found]]) -> str:
    """Markdown: a row for each trait, and one for all; then what is wrong, clip by clip."""
    backends = list(next(iter(found.values())))
    by_trait: dict[str, list[str]] = {}
    for name in found:
        by_trait.setdefault(FOOTAGE[name].trait, []).append(name)
    lines = [f"| | {' | '.join(f'`{b}`' for b in backends)} |", "|---" * (len(backends) + 1) + "|"]
    for trait, names in [*by_trait.items(), ("**all**", list(found))]:
        cells = [cell([found[name][backend] for name in names]) for backend in backends]
        lines.append(f"| {trait} | {' | '.join(cells)} |")
    for backend in backends:
        lines += _told(backend, {name: row[backend] for name, row in found.items()})
    return "\n".join(lines)


def _told(backend: str, found: dict[str, Found]) -> list[str]:
    """What one backend refuses, fails on and gets wrong, clip by clip."""
    lines = []
    for verdict, word in ((REFUSED, "refuses"), (FAILED, "fails"), (STUCK, "hangs")):
        by_reason: dict[str, list[str]] = {}
        for name, one in found.items():
            if one.verdict == verdict:
                by_reason.setdefault(one.said if verdict == REFUSED else "", []).append(f"`{name}`")
        for reason, names in by_reason.items():
            about = f", as {reason}" if reason else ""
            lines += ["", f"`{backend}` {word}{about}: {', '.join(names)}."]
    wrong = {name: one.said for name, one in found.items() if one.verdict == WRONG}
    if wrong:
        lines += ["", f"`{backend}` gives wrong frames without a word; numbers that came, numbers that were right:", ""]
        lines += ["| clip | came | right |", "|---|---|---|"]
        lines += [f"| `{name}` | {' | '.join(said.split(INSTEAD))} |" for name, said in wrong.items()]
    return lines


def cell(found: Sequence[Found]) -> str:
    """`3` where all of three are right; else how many of which kind."""
    counts = Counter(f.verdict for f in found)
    if counts[RIGHT] == len(found):
        return f"{len(found)} right"
    return ", ".join(f"{counts[kind]} {kind}" for kind in (RIGHT, REFUSED, WRONG, FAILED, STUCK) if counts[kind])
