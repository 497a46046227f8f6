"""What FFmpeg says while it reads: the only trace of most damage.

FFmpeg hides damage: readers skip over it, decoders paint over it, and both tell only their log. PyAV keeps the log
off; here it is listened to, and what a decoder says is read as a sign that the pictures are not those that were
coded. Lines about things that change no picture are left out by name; an unknown line counts.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from av import logging

_CONCEALED = "concealing"  # said at the level of information, and yet a picture was painted over
_HARMLESS = re.compile(
    "time_scale/num_units_in_tick|Overread VUI|VUI|^SEI|^VPS \\d+ does not exist|deprecated pixel format"
    "|^mmco: unref short failure"  # a joined stream; lost pictures show in their counter, see `damage`
)
# Readers that skip over damage and go on. Others complain about harmless things and are not asked; nor is a file that
# merely ends early, which shows in its length.
_READERS = {"matroska,webm": "ended prematurely", "flv": "\0"}


class Listener:
    """Lines of FFmpeg's log as they come. last: the latest error in this block, "" when there was none."""

    def __init__(self, lines: list[tuple[int, str, str]]) -> None:
        self._lines = lines
        self.last = ""

    def heard(self) -> list[tuple[int, str, str]]:
        """(level, who, what) since the last call. Nothing is kept: a hostile file may talk without end."""
        new = [(level, who, what.strip()) for level, who, what in self._lines]
        self._lines.clear()
        errors = [f"{who}: {what}" for level, who, what in new if who and level <= logging.ERROR]
        if errors:
            self.last = errors[-1]
        return new

    def decoder(self) -> str | None:
        """What a decoder said of pictures since the last call, if anything."""
        for level, who, what in self.heard():
            if who in _READERS or not who or who == "swscaler" or _HARMLESS.search(what):
                continue
            if level <= logging.ERROR or what.startswith(_CONCEALED):
                return f"{who}: {what}"
        return None

    def reader(self) -> str | None:
        """What a container's reader said about skipped damage since the last call, if anything."""
        for level, who, what in self.heard():
            if who in _READERS and level <= logging.ERROR and _READERS[who] not in what:
                return f"{who}: {what}"
        return None


_mine = threading.local()


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen to FFmpeg in this thread; a block inside such a block shares its listener."""
    current: Listener | None = getattr(_mine, "listener", None)
    if current is not None:
        yield current
        return
    level, skips = logging.get_level(), logging.get_skip_repeated()
    logging.set_level(logging.INFO)
    logging.set_skip_repeated(False)  # else the same complaint about the next file is swallowed
    try:
        with logging.Capture() as lines:
            _mine.listener = Listener(lines)
            yield _mine.listener
            _mine.listener.heard()
    finally:
        _mine.listener = None
        logging.set_level(level)
        logging.set_skip_repeated(skips)
