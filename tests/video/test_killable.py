"""Jobs in processes that can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.killable import run_killable
from tests.processes import alive_after
from tests.video.jobs import job


def run(kinds: list[str], folder: Path, limit_s: float = 60) -> dict[int, object]:
    return dict(run_killable(job, [(k, str(folder)) for k in kinds], workers=2, limit_s=limit_s))


def test_a_job_stuck_in_native_code_is_killed_and_the_rest_finish(tmp_path: Path) -> None:
    """It holds the interpreter's lock and ignores SIGTERM; its limit still holds, and no process stays."""
    begun = time.monotonic()
    results = run(["stuck", "a", "b", "c", "d"], tmp_path, limit_s=4)
    assert results[0] is DecodeOutcome.TIMEOUT
    assert [results[i][0] for i in range(1, 5)] == ["a", "b", "c", "d"]  # type: ignore[index]
    assert time.monotonic() - begun < 45
    left = [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
    assert not left


def test_a_deadly_job_is_tried_twice_then_given_up(tmp_path: Path) -> None:
    """CRASHED for what kills every worker; a worker that died once by accident costs nothing."""
    results = run(["deadly", "once", "a", "b"], tmp_path)
    assert results[0] is DecodeOutcome.CRASHED
    assert [results[i][0] for i in (1, 2, 3)] == ["once", "a", "b"]  # type: ignore[index]


def test_a_fault_of_the_code_is_raised(tmp_path: Path) -> None:
    """Bugs are not outcomes of videos."""
    with pytest.raises(ValueError, match="a fault of the code"):
        run(["a", "raises", "b"], tmp_path)


def test_a_worker_takes_no_more_memory_than_it_may(tmp_path: Path) -> None:
    """What asks for more gets MemoryError, not the machine's memory; less is given."""
    assert run(["modest"], tmp_path)[0] == 1 << 20
    with pytest.raises(MemoryError):
        run(["greedy"], tmp_path)


def test_another_job_can_take_the_place_of_one_that_hung_or_died(tmp_path: Path) -> None:
    """Asked once for each, with how it ended; none where there is none."""
    asked = []

    def again(given: tuple[object, ...], ended: DecodeOutcome) -> tuple[object, ...] | None:
        asked.append((given[0], ended))
        return ("a", given[1]) if ended is DecodeOutcome.CRASHED else None

    jobs = [(k, str(tmp_path)) for k in ("deadly", "stuck", "b")]
    results = dict(run_killable(job, jobs, workers=3, limit_s=5, again=again))
    assert sorted(asked) == [("deadly", DecodeOutcome.CRASHED), ("stuck", DecodeOutcome.TIMEOUT)]
    assert (results[0][0], results[1], results[2][0]) == ("a", DecodeOutcome.TIMEOUT, "b")


def test_workers_are_light_and_never_the_caller(tmp_path: Path) -> None:
    """No torch, pandas or caller's modules in a worker, nor where it writes JPEG; it is another process."""
    assert run(["modules"], tmp_path)[0] == []
    assert run(["a"], tmp_path)[0][1] != os.getpid()  # type: ignore[index]


def test_a_script_without_a_main_guard_works(tmp_path: Path) -> None:
    """Spawned workers do not run the caller's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nprint('begun')\nfrom ntlbg.video.killable import run_killable\n"
        "print(dict(run_killable(os.path.basename, [('a/b',)], workers=1, limit_s=60)))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["begun", "{0:", "'b'}"]


def test_no_jobs_need_no_pool() -> None:
    """Nothing to do starts no process."""
    assert list(run_killable(job, [], workers=2, limit_s=1)) == []


def test_no_worker_outlives_a_killed_caller(tmp_path: Path) -> None:
    """kill -9 reaches only the process that is named; its workers notice and end in the middle of their jobs."""
    script = tmp_path / "script.py"
    script.write_text(
        "import time\nfrom ntlbg.video.killable import run_killable\n"
        "print(list(run_killable(time.sleep, [(600,), (600,)], workers=2, limit_s=900)))\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as parent:
        workers: list[psutil.Process] = []
        deadline = time.monotonic() + 60
        while len(workers) < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
            workers = [p for p in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(p.cmdline())]
        time.sleep(2)  # until they have begun
        parent.kill()
    assert len(workers) == 2
    assert not alive_after(workers)
