"""What the machine does while a stage runs."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from pipelines.system_metrics import SystemMetrics, monitors, readings
from pipelines.tracking import Tracker, TrackingError


@pytest.fixture
def tracker(project):
    return Tracker()


def test_a_long_stage_has_curves_of_processor_and_memory(tracker):
    """Under MLflow's own names, so that its page draws them as system metrics; their steps count the samples."""
    run = tracker.start("features", tags={})
    deadline = time.monotonic() + 60
    with SystemMetrics(tracker, run, every_s=0.05):
        while time.monotonic() < deadline:
            points = tracker.client.get_metric_history(run, "system/cpu_utilization_percentage")
            if len(points) >= 3:
                break
            time.sleep(0.05)
    assert [point.step for point in points[:3]] == [0, 1, 2]
    assert all(0 <= point.value <= 100 for point in points)
    names = set(tracker.client.get_run(run).data.metrics)
    assert {"system/system_memory_usage_megabytes", "system/disk_usage_percentage"} <= names


def test_a_short_stage_has_none(tracker):
    """A figure of one second would say nothing about the stage."""
    run = tracker.start("validate", tags={})
    with SystemMetrics(tracker, run, every_s=600):
        pass
    assert tracker.client.get_run(run).data.metrics == {}


def test_a_store_that_fails_is_not_noticed(tracker, monkeypatch, capsys):
    """The stage goes on and ends well."""
    called = []

    def refuse(*arguments):
        called.append(1)
        raise TrackingError("no")

    monkeypatch.setattr(tracker, "points", refuse)
    with SystemMetrics(tracker, "x", every_s=0.01):
        deadline = time.monotonic() + 60
        while not called and time.monotonic() < deadline:
            time.sleep(0.01)
    assert called == [1], "it gives up after the first"
    assert capsys.readouterr().err == ""


def test_each_reading_stands_for_its_own_interval():
    """What was read before is not in the next average."""

    class Counting:
        def __init__(self) -> None:
            self.seen: list[float] = []
            self.next = 0.0

        def collect_metrics(self) -> None:
            self.seen.append(self.next)

        def aggregate_metrics(self) -> dict[str, float]:
            return {"load": sum(self.seen) / len(self.seen)}

        def clear_metrics(self) -> None:
            self.seen.clear()

    one = Counting()
    assert [(p.name, p.value, p.step) for p in readings([one], 0)] == [("system/load", 0.0, 0)]
    one.next = 8.0
    assert [(p.name, p.value, p.step) for p in readings([one], 1)] == [("system/load", 8.0, 1)]


def test_there_are_monitors_on_a_machine_without_a_gpu():
    """The one for GPUs raises where there is none, and the others are kept."""
    assert len(monitors()) >= 3


def test_nothing_but_a_gpu_is_missing_for_its_curves():
    """The package that reads GPUs is installed: without it a machine that has one would have no curves, unseen."""
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor

    with suppress(RuntimeError):  # no driver
        GPUMonitor()
