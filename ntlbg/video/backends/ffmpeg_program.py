"""The ffmpeg program, in a process of its own: the command is built by ffmpeg-python, the program is imageio-ffmpeg's.

It decodes every packet on one thread, hands on only the wanted pictures (found by their time; by their number where
packets carry no times) and tells the time of each. It opens with the same allow-lists as everybody else. Unlike PyAV it
conceals damage and ends well; a line of its log that is an error makes the video CORRUPT here.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.video.backends import child
from ntlbg.video.backends.contract import Clip, NotProvenError, Shown
from ntlbg.video.open import OPTIONS

SCALING = "area+accurate_rnd+bitexact"

HARMLESS = "mmco: unref short failure"  # said of whole streams too, where an open group starts

_ERROR = re.compile(r"\[(?:error|fatal|panic)\] (.+)")
_SHOWN = re.compile(r"showinfo.*\bn: *\d+ pts: *(-?\d+|NOPTS)\b")


class FFmpegProgram:
    """Refuses nothing; slower than PyAV on short videos, for its start."""

    name: ClassVar[str] = "ffmpeg"

    def refuses(self, clip: Clip) -> str | None:
        return None

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        index, turn = clip.index, clip.turn
        at = clip.wanted(moments_s)
        by_number = index.ordered or not index.timed
        ticks = index.shown[at]
        stored = size[::-1] if turn.transpose else size
        with tempfile.TemporaryDirectory(prefix="ntlbg-") as folder:
            graph = Path(folder) / "graph"
            graph.write_text(filters(at if by_number else ticks, "n" if by_number else "pts", stored))
            came = child.frames_of(
                command(clip, graph),
                stored,
                _stamp,
                path=clip.path,
                limit_s=child.cpu_limit_s(clip.index.end_s),
                complaint=_complaint,
            )
            count = 0
            for stamp, pixels in came:
                if count == ticks.size or not (by_number or stamp == ticks[count]):
                    deque(came, maxlen=0)  # damage is told at the end, and says more than this
                    raise NotProvenError
                yield Shown(int(ticks[count] - index.shown[0]), np.ascontiguousarray(turn.apply(pixels)))
                count += 1
        if count != ticks.size:
            raise NotProvenError


def filters(values: Sequence[int] | Array, variable: str, size: tuple[int, int]) -> str:
    """The filter graph that lets the wanted pictures through. values: increasing, of `pts` or `n`; size: (h, w)."""
    wanted = _one_of([int(v) for v in values], variable)
    height, width = size
    # the comma ends an option in a graph, so it is quoted
    return f"select='{wanted}',showinfo=checksum=0,scale={width}:{height}:flags={SCALING},format=rgb24"


def _one_of(values: list[int], variable: str) -> str:
    """Whether the variable is one of the values: a balanced tree, as it is asked for every picture."""
    if len(values) == 1:
        return f"eq({variable},{values[0]})"
    middle = len(values) // 2
    left, right = _one_of(values[:middle], variable), _one_of(values[middle:], variable)
    return f"if(lt({variable},{values[middle]}),{left},{right})"


def command(clip: Clip, graph: Path) -> list[str]:
    """The whole command line. graph: a file with the filter graph, which may be longer than an argument may be."""
    import ffmpeg
    from imageio_ffmpeg import get_ffmpeg_exe

    allowed: dict[str, Any] = dict(OPTIONS)
    source = ffmpeg.input(os.path.abspath(clip.path), threads=1, noautorotate=None, copyts=None, **allowed)  # noqa: PTH100
    sink = source[str(clip.track)].output(
        "pipe:", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough", **{"/filter:v": str(graph)}
    )
    quiet = sink.global_args("-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info", "-filter_threads", "1")
    argv: list[str] = quiet.compile(cmd=get_ffmpeg_exe())
    return argv


def _complaint(line: str) -> str | None:
    """What a line of the log says is damaged, without the addresses that differ from run to run."""
    found = _ERROR.search(line)
    return None if found is None or HARMLESS in line else found[1]


def _stamp(line: str) -> float | None:
    found = _SHOWN.search(line)
    if found is None:
        return None
    return float("nan") if found[1] == "NOPTS" else float(found[1])
