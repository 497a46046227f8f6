"""Telling a person what went wrong: `error: …`, `hint: …`, never a traceback."""

from __future__ import annotations

import sys

from ntlbg.errors import NTLBGError


def failure(error: NTLBGError) -> int:
    """Print the error, one line per sentence, and its hint; return its exit code."""
    for sentence in error.sentence.splitlines():
        print(f"error: {sentence}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)
    sys.stderr.flush()
    return error.exit_code


def note(text: str) -> None:
    """A line about what is happening."""
    print(text, file=sys.stderr, flush=True)
