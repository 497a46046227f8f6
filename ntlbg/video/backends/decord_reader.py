"""decord, guarded: in a process of its own that can be killed, on one thread, by true timestamps, and only on files
that it is known to read right.

decord 0.6.0 returns wrong frames without a word on many files (docs/video.md has the table), hangs on some, aborts on
others and decodes ahead without limit while its reader waits. It is here because it is widely used: to compare with.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.video.backends import child, decord_child
from ntlbg.video.backends.contract import Clip, NotProvenError, Shown
from ntlbg.video.backends.decord_child import MARK
from ntlbg.video.render import resized

CODECS = ("h264", "hevc", "vp8", "vp9", "mpeg4", "mjpeg")
WIDTH_STEP = 32  # decord cannot copy rows that its FFmpeg pads


class Decord:
    """guarded: False lets it read what it is known to read wrongly, to measure that. limit_s: CPU-seconds; None: by the
    video's length.
    """

    name: ClassVar[str] = "decord"

    def __init__(self, *, guarded: bool = True, limit_s: int | None = None) -> None:
        self.guarded, self.limit_s = guarded, limit_s

    def refuses(self, clip: Clip) -> str | None:
        return known_fault(clip) if self.guarded else None

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        shown, tick_s = clip.index.shown, clip.index.tick_s
        ticks = shown[clip.wanted(moments_s)] - shown[0]
        scaled = _size_for(size, clip)
        job = {
            "path": os.path.abspath(clip.path),  # noqa: PTH100
            "size": scaled,
            "times_s": (ticks * tick_s).tolist(),
        }
        came = child.frames_of(
            [sys.executable, "-P", decord_child.__file__],
            scaled,
            _stamp,
            path=clip.path,
            limit_s=self.limit_s or child.cpu_limit_s(clip.index.end_s),
            feed=json.dumps(job).encode(),
        )
        count = 0
        for stamp, pixels in came:
            if count == ticks.size or (self.guarded and abs(stamp - ticks[count] * tick_s) > tick_s):
                raise NotProvenError
            yield Shown(int(ticks[count]), resized(pixels, size))
            count += 1
        if count != ticks.size:
            raise NotProvenError


def known_fault(clip: Clip) -> str | None:
    """What of a clip decord 0.6.0 is known to get wrong; None where it read all footage of the kind right."""
    index, facts = clip.index, clip.stored
    names = set(facts.container.split(","))
    if not names & {"mp4", "matroska"}:
        return f"decord is trusted with mp4, mov, mkv and webm alone, not with {facts.container}"
    if facts.codec not in CODECS:
        return f"decord does not read {facts.codec} right"
    if index.untimed or not index.timed:
        return "decord shows the wrong frame where packets do not carry a time each"
    if index.hidden.any():
        return "decord does not obey edit lists"
    if index.shown.size < 2:
        return "decord does not open a video of one frame"
    if facts.codec not in ("h264", "hevc"):
        if np.any(np.diff(index.pts) < 0):
            return f"decord shows the wrong frame of {facts.codec} with B-frames"
    elif index.starts is None or not np.array_equal(index.starts, np.flatnonzero(index.keys)):
        return "decord shows the wrong frame where groups of pictures are not proven closed"
    if not clip.turn.plain and (clip.turn.mirrored or "mp4" not in names):
        return "decord does not turn it upright"
    return None


def _size_for(size: tuple[int, int], clip: Clip) -> tuple[int, int]:
    """What decord shall scale to: the wanted size where it can, else about the video's own."""
    if size[1] % WIDTH_STEP == 0:
        return size
    upright = clip.stored.turned(clip.turn)
    return upright.height, -(-upright.width // WIDTH_STEP) * WIDTH_STEP


def _stamp(line: str) -> float | None:
    return float(line[len(MARK) :]) if line.startswith(MARK) else None
