"""Which code is running: the git commit and whether files differ from it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

# a run changes these itself, so they do not make the code another one
OUTPUTS = ("dvc.lock", "reports")


@dataclass(frozen=True)
class Revision:
    """commit: hex, or "" outside a repository or before its first commit. dirty: tracked or new files differ."""

    commit: str
    dirty: bool


def revision() -> Revision:
    """The revision of the working folder."""
    # without --verify git answers `HEAD` in a repository that has no commit
    commit = _git("rev-parse", "--verify", "HEAD")
    if commit is None:
        return Revision("", True)
    changes = _git("status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in OUTPUTS))
    return Revision(commit, changes != "")


def _git(*arguments: str) -> str | None:
    """What git prints, or None where it fails or is not installed."""
    try:
        done = subprocess.run(("git", *arguments), capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
