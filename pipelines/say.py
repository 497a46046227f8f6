"""Telling a person what went wrong: `error: …`, `hint: …`, never a traceback."""

from __future__ import annotations

import sys

from ntlbg.errors import NTLBGError


def failure(error: NTLBGError) -> int:
    """Print the error, one line per sentence, and its hint; return its exit code."""
    for sentence in error.sentence.splitlines():
        print(f"error: {_plain(sentence)}", file=sys.stderr)
    if error.hint:
        print(f"hint: {_plain(error.hint)}", file=sys.stderr)
    sys.stderr.flush()
    return error.exit_code


def refusal(error: OSError, who: str) -> int:
    """What the system refused (a full disk, a folder that may not be written), as `failure` tells an error of ours."""
    place = f"{error.filename}: " if error.filename else ""
    return failure(NTLBGError(f"{who}: {place}{(error.strerror or str(error)).lower()}"))


def note(text: str) -> None:
    """A line about what is happening."""
    print(_plain(text), file=sys.stderr, flush=True)


def _plain(text: str) -> str:
    """Without control characters: a video's name must not drive the terminal it is printed on."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
