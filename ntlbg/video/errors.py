"""VideoError: one video could not be read. BackendError: not by the backend that was asked for by name."""

from __future__ import annotations

from ntlbg.errors import NTLBGError
from ntlbg.records.outcome import DecodeOutcome


class VideoError(NTLBGError):
    """One sentence that names the file; `outcome` says in which way reading it ended."""

    exit_code = 3

    def __init__(self, sentence: str, outcome: DecodeOutcome, *, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.outcome = outcome


class BackendError(VideoError):
    """What one backend alone says of a video: another one may read it, so it tells nothing of the file."""
