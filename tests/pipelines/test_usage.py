"""What a stage cost."""

from __future__ import annotations

import time

from pipelines.usage import Usage, machine


def test_time_and_memory_are_counted():
    """In seconds and megabytes; a process of Python with its libraries is neither empty nor endless."""
    usage = Usage()
    time.sleep(0.05)
    first = usage.reading()
    assert 0.05 <= first["wall_s"] < 30
    assert first["cpu_s"] > 0
    assert 10 < first["peak_memory_mb"] < 1e6
    assert usage.reading()["wall_s"] >= first["wall_s"]


def test_the_machine_is_described():
    """So that two figures of time can be compared, or not."""
    facts = machine()
    assert facts["cores"] >= 1
    assert facts["memory_gb"] >= 1
    assert facts["python"].startswith("3.")
