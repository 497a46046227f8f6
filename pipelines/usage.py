"""What a stage cost and where it ran: wall time, CPU time, peak memory, machine."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

# getrusage counts in KiB on Linux and in bytes on macOS
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass
class Usage:
    """Started on construction; each reading is up to now."""

    started: float = field(default_factory=time.time)
    _clock: float = field(default_factory=time.monotonic)

    def reading(self) -> dict[str, float]:
        """wall_s; cpu_s of this process and its ended children; peak_memory_mb of the largest process among them."""
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        return {
            "wall_s": round(time.monotonic() - self._clock, 3),
            "cpu_s": round(cpu, 3),
            "peak_memory_mb": round(max(own.ru_maxrss, children.ru_maxrss) * _RSS_UNIT / 1e6, 1),
        }


@cache
def machine() -> dict[str, str | int]:
    """Name, system, processor, cores, memory in GB."""
    return {
        "host": platform.node(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
