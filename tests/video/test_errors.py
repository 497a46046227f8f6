"""VideoError and BackendError."""

from __future__ import annotations

import pickle

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import BackendError, VideoError


def test_it_crosses_process_borders_whole() -> None:
    """Sentence, hint and outcome survive pickling; the exit code is its own."""
    for kind in (VideoError, BackendError):
        error = pickle.loads(pickle.dumps(kind("a.mp4: is cut", DecodeOutcome.TRUNCATED, hint="again")))
        assert type(error) is kind
        assert (str(error), error.hint, error.outcome) == ("a.mp4: is cut", "again", DecodeOutcome.TRUNCATED)
    assert VideoError.exit_code == 3
