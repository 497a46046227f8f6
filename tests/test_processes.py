"""Work side by side, in processes that end with the one that started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ntlbg.errors import InputError, NTLBGError
from ntlbg.processes import side_by_side
from tests.processes import alive_after
from tests.side_by_side_work import ends, tells


def run(jobs: list[object], at_once: int, work=tells) -> tuple[list[object], list[tuple[int, object]]]:
    told: list[tuple[int, object]] = []
    return side_by_side(work, jobs, at_once=at_once, told=lambda n, message: told.append((n, message))), told


@pytest.mark.parametrize("at_once", [1, 2])
def test_results_and_messages_come_in_order(at_once: int) -> None:
    """Results as the jobs stand; the messages of each job as it told them; here where one process is enough."""
    results, told = run([3, 1, 2], at_once)
    assert [value for value, _ in results] == [9, 1, 4]
    assert {pid == os.getpid() for _, pid in results} == {at_once == 1}
    for number, count in enumerate([3, 1, 2]):
        assert [message for n, message in told if n == number] == list(range(count))


def test_meters_of_workers_are_shown_here(capfd: pytest.CaptureFixture[str]) -> None:
    """Each once, by the parent: workers would write over each other."""
    run([3, 2], 2)
    lines = capfd.readouterr().err.splitlines()
    assert sorted(line.split(",")[0] for line in lines) == ["work 2: 2/2 steps", "work 3: 3/3 steps"]


def test_an_error_is_raised_here_and_ends_the_others() -> None:
    """With its sentence and hint; nobody works on."""
    with pytest.raises(InputError, match="bad job") as caught:
        run(["bad", "long"], 2, ends)
    assert caught.value.hint == "take another"
    with pytest.raises(ValueError, match="a fault of the code") as fault:
        run(["fault", "long"], 2, ends)
    assert "in ends" in str(fault.value.__cause__)
    with pytest.raises(RuntimeError, match="no pickle brings me back"):
        run(["odd", "long"], 2, ends)
    with pytest.raises(NTLBGError, match="a worker process was killed"):
        run(["killed", "long"], 2, ends)
    assert not [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]


def test_no_worker_outlives_a_killed_parent(tmp_path: Path) -> None:
    """kill -9 reaches only the process that is named; its workers notice and end. Its main module is not run again."""
    script = tmp_path / "script.py"
    script.write_text(
        "print('begun', flush=True)\nfrom ntlbg.processes import side_by_side\n"
        "from tests.side_by_side_work import ends\n"
        "side_by_side(ends, ['long', 'long'], at_once=2, told=lambda n, pid: print(pid, flush=True))\n"
    )
    here = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(here)}
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "begun\n"
        workers = [psutil.Process(int(parent.stdout.readline())) for _ in range(2)]
        parent.kill()
    assert not alive_after(workers)
