"""Subtitles: LongVideoBench's two JSON shapes, and SRT.

Times come out relative to the distributed video: the clip's offset in its source is subtracted, and cues that lie
outside the video are dropped.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.questions.reading import Row, RowError, checked_text, load_rows, load_text
from ntlbg.store import write_atomic

_CLOCK = re.compile(r"(\d{1,4}):([0-5]?\d):([0-5]?\d(?:[.,]\d{1,9})?)")
_WIDEN_S = 1.0  # shorter cues are widened to this before frames are matched with them


@dataclass(frozen=True)
class Cue:
    """One subtitle; times in seconds of the video, `end_s` exclusive."""

    start_s: float
    end_s: float
    text: str


def read(path: Path, *, duration_s: float = math.inf, offset_s: float = 0.0) -> list[Cue]:
    """The cues of a .json or .srt file within [0, duration_s), in order of time.

    offset_s: where the video begins in its source, in seconds. Raises InputError naming the file and the cue.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        cues = _read_json(path, duration_s, offset_s)
    elif suffix == ".srt":
        cues = [Cue(c.start_s - offset_s, c.end_s - offset_s, c.text) for c in _read_srt(path)]
    else:
        raise InputError(f"{path}: subtitles end in .json or .srt, not `{path.suffix}`")
    within = [
        Cue(max(c.start_s, 0.0), min(c.end_s, duration_s), c.text)
        for c in cues
        if c.text and c.end_s > max(c.start_s, 0.0) and c.start_s < duration_s
    ]
    return sorted(within, key=lambda c: (c.start_s, c.end_s))


def _read_json(path: Path, duration_s: float, offset_s: float) -> list[Cue]:
    cues = []
    for number, value in enumerate(load_rows(path), start=1):
        try:
            row = Row(value)
            if row.has("timestamp"):
                times = row.get("timestamp")
                if not isinstance(times, list) or len(times) != 2:
                    raise RowError("`timestamp` is not a pair")
                start = Row({"start": times[0]}).number("start") - offset_s
                # an end that is no number stands for the end of the video
                end = float(times[1]) - offset_s if _is_number(times[1]) else duration_s
                text = row.text("text", empty=True)
            else:
                start, end = (_clock(row.text(name)) - offset_s for name in ("start", "end"))
                text = row.text("line", empty=True)
        except RowError as error:
            raise InputError(f"{path}, cue {number}: {error}") from error
        cues.append(Cue(start, end, text.strip()))
    return cues


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _clock(text: str) -> float:
    """`HH:MM:SS.mmm` in seconds."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise RowError(f"`{text[:40]}` is not a time like 00:01:02.345")
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))


def _read_srt(path: Path) -> list[Cue]:
    import pysubs2

    try:
        events = pysubs2.SSAFile.from_string(load_text(path), format_="srt").events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, IndexError) as error:
        raise InputError(f"{path}: not SRT ({error})") from error
    # pysubs2 drops <font …> but leaves entities as they are
    return [Cue(e.start / 1000, e.end / 1000, html.unescape(e.plaintext).strip()) for e in events]


def write_json(path: Path, cues: Iterable[Cue], *, offset_s: float = 0.0) -> None:
    """LongVideoBench's newer shape; times are of the source, so `offset_s` is added."""
    rows = [{"timestamp": [c.start_s + offset_s, c.end_s + offset_s], "text": c.text} for c in cues]
    write_atomic(path, json.dumps(rows, ensure_ascii=False, allow_nan=False))


def write_srt(path: Path, cues: Iterable[Cue]) -> None:
    """Video-MME's SRT: every line in a font tag, milliseconds after a comma."""
    blocks = []
    for number, cue in enumerate(cues, start=1):
        text = html.escape(checked_text(cue.text, "a cue"), quote=False)
        times = f"{_srt_time(cue.start_s)} --> {_srt_time(cue.end_s)}"
        blocks.append(f'{number}\n{times}\n<font color="white" size=".72c">{text}</font>\n')
    write_atomic(path, "\n".join(blocks))


def _srt_time(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"


def shown_at(cues: Sequence[Cue], timestamps_s: Sequence[float]) -> list[Cue]:
    """The cues that some of these frames fall strictly inside, cues shorter than a second widened to one.

    So the subtitles that a model reads depend on the frames that were selected. Source: LongVideoBench's loader.
    """
    shown = []
    for cue in cues:
        middle, half = (cue.start_s + cue.end_s) / 2, max(cue.end_s - cue.start_s, _WIDEN_S) / 2
        if any(middle - half < t < middle + half for t in timestamps_s):
            shown.append(cue)
    return shown
