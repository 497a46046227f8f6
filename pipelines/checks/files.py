"""What lies on disk where the video table says that a video lies."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from ntlbg.store import file_digest

FILE = "file"
MISSING = "missing"
OTHER = "not a regular file"
UNREADABLE = "not readable"


@dataclass(frozen=True)
class OnDisk:
    """found: one of the words above. size in bytes, and blake3 in hex, are None where they were not read."""

    found: str
    size: int | None = None
    blake3: str | None = None


def look(path: str, *, size: int | None, digest: bool) -> OnDisk:
    """What is at `path` (relative to the working folder, or absolute; links are followed, as downloads use them).

    The bytes are read only when `digest` is asked for and the size is the recorded one: a file of another size
    is wrong already. Devices and pipes are never opened.
    """
    if not path:
        return OnDisk(MISSING)
    place = Path(path)
    try:
        facts = place.stat()
        if not stat.S_ISREG(facts.st_mode):
            return OnDisk(OTHER)
        with place.open("rb") as file:
            file.read(1)
        read = digest and facts.st_size > 0 and facts.st_size == size
        return OnDisk(FILE, facts.st_size, file_digest(place) if read else None)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        return OnDisk(MISSING)
    except OSError:
        return OnDisk(UNREADABLE)
