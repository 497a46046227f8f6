"""Text on its way to a terminal or into a file name."""

from __future__ import annotations

import re
import unicodedata

from blake3 import blake3


def plain(text: str) -> str:
    """`text` without control characters: a file's name must not drive the terminal it is printed on."""
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)


def slug(text: str, limit: int = 48) -> str:
    """A short file name that reminds of `text`: lower-case letters, digits and dashes.

    Where letters had to be left out, a few digits of a digest keep it apart from other texts.
    """
    letters = "".join(c for c in unicodedata.normalize("NFKD", text).lower() if c.isalnum() or c.isascii())
    whole = re.sub(r"[^a-z0-9]+", "-", letters.encode("ascii", "ignore").decode()).strip("-")
    if letters.isascii() and whole and len(whole) <= limit:
        return whole
    digest = blake3(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{whole[: limit - 7].strip('-') or 'question'}-{digest}"


def clock(seconds: float) -> str:
    """`7:24.0`, or `1:02:07.0` from an hour on."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
