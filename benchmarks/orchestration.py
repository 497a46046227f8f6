"""What the orchestration costs: seconds per stage of DVC and of the Prefect flow, and of a run with nothing to do.

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m benchmarks.orchestration [--stages 6] [--rounds 3]

In a temporary project of stages that each copy one small file and need the one before, so that all that is measured is
orchestration. The same changes are brought up to date by one `dvc repro` and by the flow, in turns, one stage at a
time. Wall seconds, and CPU seconds of all processes below; medians over the rounds. A busy machine stretches the
wall seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ntlbg.errors import NTLBGError
from pipelines import say
from pipelines.server import need_server

ROOT = Path(__file__).parents[1]
DVC = [sys.executable, "-m", "dvc"]
FLOW = [sys.executable, "-m", "pipelines.flow", "--side-by-side", "1"]
IMPORT = [sys.executable, "-c", "import prefect"]


def project(folder: Path, stages: int) -> None:
    """A chain of `stages` stages in `folder`."""
    for name in ("params.yaml", "sources.lock"):
        shutil.copy(ROOT / name, folder)
    lines = [f"  s{n}: {{cmd: cp f{n} f{n + 1}, deps: [f{n}], outs: [f{n + 1}]}}" for n in range(stages)]
    (folder / "dvc.yaml").write_text("stages:\n" + "\n".join(lines) + "\n")
    subprocess.run([*DVC, "init", "-q", "--no-scm"], cwd=folder, check=True)


def cost(command: list[str], folder: Path) -> tuple[float, float]:
    """(wall, CPU) seconds of a command with all that it starts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, rounds: int) -> dict[str, tuple[float, float]]:
    """Medians of (wall, CPU) seconds of each kind of run."""
    fresh = iter(range(10**6))

    def change() -> None:
        (folder / "f0").write_text(str(next(fresh)))

    kinds: dict[str, tuple[list[str], Callable[[], None]]] = {
        "dvc repro, all stages changed": ([*DVC, "repro"], change),
        "dvc repro, nothing to do": ([*DVC, "repro"], lambda: None),
        "flow, all stages changed": (FLOW, change),
        "flow, nothing to do": (FLOW, lambda: None),
        "import prefect": (IMPORT, lambda: None),
    }
    change()
    cost([*DVC, "repro"], folder)  # first imports are compiled, first folders made
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, (command, prepare) in kinds.items():
            prepare()
            costs[name].append(cost(command, folder))
    return {name: tuple(map(statistics.median, zip(*both, strict=True))) for name, both in costs.items()}  # type: ignore[misc]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orchestration")
    parser.add_argument("--stages", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        need_server()
    except NTLBGError as error:
        sys.exit(say.failure(error))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, options.stages)
        found = measure(folder, options.rounds)
    say.note(f"{options.stages} stages, medians of {options.rounds} rounds, load {os.getloadavg()[0]:.1f}")
    for what, (wall, cpu) in found.items():
        print(f"{what:32} {wall:6.1f} s wall {cpu:6.1f} s CPU")
    for tool in ("dvc repro", "flow"):
        (wall, cpu), (idle, idle_cpu) = found[f"{tool}, all stages changed"], found[f"{tool}, nothing to do"]
        per, per_cpu = (wall - idle) / options.stages, (cpu - idle_cpu) / options.stages
        print(f"{tool + ', per stage':32} {per:6.1f} s wall {per_cpu:6.1f} s CPU")


if __name__ == "__main__":
    main()
