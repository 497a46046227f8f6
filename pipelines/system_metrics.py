"""What the machine does while a stage runs: processor, memory, disk, network and each GPU, every ten seconds.

MLflow's own monitors measure, under MLflow's own names (`system/cpu_utilization_percentage` …), so its page draws
them where it draws anybody's. Its own thread is not used: it writes beside our lock, asks the store for the run's
status after each sample, and logs an error where we want a stage never to notice. GPU figures need `nvidia-ml-py`
and a GPU; without either there are none.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any

from pipelines.tracking import Point, Tracker

EVERY_S = 10.0
LEAVE_S = 5.0  # how long the end of a stage waits for a sample that is being written


class SystemMetrics:
    """`with SystemMetrics(tracker, run): …` samples until the block ends; a stage shorter than an interval has none."""

    def __init__(self, tracker: Tracker, run: str, every_s: float = EVERY_S) -> None:
        self._tracker, self._run, self._every_s = tracker, run, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="system-metrics", daemon=True)

    def __enter__(self) -> SystemMetrics:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(LEAVE_S)

    def _sample(self) -> None:
        with suppress(Exception):  # a curve of the machine is not worth a stage
            found = monitors()
            readings(found, 0)  # thrown away: the first reading of a processor's load is always 0
            step = 0
            while not self._over.wait(self._every_s):
                self._tracker.points(self._run, readings(found, step))
                step += 1


def readings(found: list[Any], step: int) -> list[Point]:
    """One point per figure that the monitors give now."""
    now = int(time.time() * 1000)
    points = []
    for monitor in found:
        monitor.collect_metrics()
        points += [Point(f"system/{name}", float(v), step, now) for name, v in monitor.aggregate_metrics().items()]
        monitor.clear_metrics()
    return points


def monitors() -> list[Any]:
    """MLflow's monitors that work here; the one for GPUs raises where there is none."""
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor
    from mlflow.system_metrics.metrics.disk_monitor import DiskMonitor
    from mlflow.system_metrics.metrics.gpu_monitor import GPUMonitor
    from mlflow.system_metrics.metrics.network_monitor import NetworkMonitor

    found: list[Any] = [CPUMonitor(), DiskMonitor(), NetworkMonitor()]
    with suppress(Exception):
        found.append(GPUMonitor())
    return found
