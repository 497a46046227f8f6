"""VideoError: one video could not be read."""

from __future__ import annotations

from ntlbg.errors import NTLBGError
from ntlbg.records.outcome import DecodeOutcome


class VideoError(NTLBGError):
    """One sentence that names the file; `outcome` says in which way reading it ended."""

    exit_code = 3

    def __init__(self, sentence: str, outcome: DecodeOutcome, *, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.outcome = outcome
