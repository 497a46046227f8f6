"""Curves of a run."""

from __future__ import annotations

import pytest

from pipelines.series import Series
from pipelines.tracking import Tracker, TrackingError


@pytest.fixture
def tracker(project):
    return Tracker()


def history(tracker: Tracker, run: str, name: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in tracker.client.get_metric_history(run, name)]


def test_every_number_is_kept_at_its_step(tracker):
    """2,500 steps in a handful of writes; what is not finite was not measured."""
    run = tracker.start("train@select", tags={})
    writes = []
    write = tracker.points
    tracker.points = lambda *arguments: (writes.append(1), write(*arguments))
    curves = Series(tracker, run, every_s=3600)
    for step in range(2500):
        curves.add(step, {"loss": 1 / (step + 1), "grad/norm": float("nan") if step == 7 else 1.0})
    curves.flush()
    curves.flush()  # nothing is left
    assert len(writes) == 5
    assert history(tracker, run, "loss") == [(step, 1 / (step + 1)) for step in range(2500)]
    assert [step for step, _ in history(tracker, run, "grad/norm")] == [s for s in range(2500) if s != 7]


def test_a_page_that_is_open_follows_the_run(tracker):
    """Numbers are written when some time has passed, not only when a batch is full."""
    run = tracker.start("train@select", tags={})
    curves = Series(tracker, run, every_s=0)
    curves.add(3, {"loss": 0.5})
    assert history(tracker, run, "loss") == [(3, 0.5)]


def test_a_store_that_fails_costs_the_curve_and_not_the_run(tracker, capsys):
    """And it is told once, not at each of a thousand steps."""

    def refuse(*arguments):
        raise TrackingError("the MLflow store cannot be used")

    tracker.points = refuse
    curves = Series(tracker, "x", every_s=0)
    for step in range(100):
        curves.add(step, {"loss": 1.0})
    assert capsys.readouterr().err.count("warning: the curves of this run are not in MLflow") == 1
