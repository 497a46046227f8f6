"""Numbers of a run over its steps: a training loop tells them often, the store hears of them in batches.

A batch is written when it is full or when some seconds have passed, so that a page open on the run follows it and a
loop of a thousand steps a second is not slowed by a database. A store that fails costs the curve, never the run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from pipelines import say
from pipelines.tracking import Point, Tracker, TrackingError

FULL = 1000  # points that MLflow takes at once
EVERY_S = 5.0


@dataclass
class Series:
    """Collects points of one run. `flush` writes what is left; the stage's wrapper calls it at the end."""

    tracker: Tracker
    run: str
    every_s: float = EVERY_S
    _points: list[Point] = field(default_factory=list)
    _written: float = field(default_factory=time.monotonic)
    _failed: bool = False

    def add(self, step: int, numbers: dict[str, float]) -> None:
        """Take the numbers of one step; what is not finite was not measured, and is left out by the tracker."""
        now = int(time.time() * 1000)
        self._points += [Point(name, float(value), step, now) for name, value in numbers.items()]
        if len(self._points) >= FULL or time.monotonic() - self._written >= self.every_s:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        points, self._points = self._points, []
        self._written = time.monotonic()
        if not points or self._failed:
            return
        try:
            self.tracker.points(self.run, points)
        except TrackingError as error:
            self._failed = True  # told once: a loop would repeat it for hours
            say.note(f"warning: the curves of this run are not in MLflow: {error.sentence}")
