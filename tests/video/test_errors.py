"""VideoError."""

from __future__ import annotations

import pickle

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import VideoError


def test_it_crosses_process_borders_whole() -> None:
    """Sentence, hint and outcome survive pickling; the exit code is its own."""
    error = pickle.loads(pickle.dumps(VideoError("a.mp4: is cut", DecodeOutcome.TRUNCATED, hint="again")))
    assert (str(error), error.hint, error.outcome) == ("a.mp4: is cut", "again", DecodeOutcome.TRUNCATED)
    assert VideoError.exit_code == 3
