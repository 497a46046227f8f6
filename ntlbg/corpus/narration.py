"""Subtitles of rendered videos: narration that tells nothing of what is shown, so no answer can be read from it."""

from __future__ import annotations

from ntlbg.corpus.planted import rng_for
from ntlbg.questions.subtitles import Cue

LINES = (
    "Let us keep watching for a while.",
    "The journey goes on from here.",
    "Some things come and go quickly.",
    "Look closely, or you may miss it.",
    "We will not stay here for long.",
    "It is quiet at this time of day.",
    "The wind has turned a little.",
    "Take your time and look around.",
    "There is more to come.",
    "Nobody else is here today.",
)
PAUSE_S = (6.0, 24.0)
LENGTH_S = (1.5, 4.0)


def narrate(look: int, duration_s: float) -> list[Cue]:
    """Cues of one video, drawn from its `look` alone: not from its chapters, events or questions."""
    rng = rng_for("narration", look)
    cues: list[Cue] = []
    at = float(rng.uniform(0, PAUSE_S[0]))
    while True:
        start, end = round(at, 3), round(at + float(rng.uniform(*LENGTH_S)), 3)
        if end >= duration_s:
            return cues
        cues.append(Cue(start, end, LINES[int(rng.integers(len(LINES)))]))
        at = end + float(rng.uniform(*PAUSE_S))
