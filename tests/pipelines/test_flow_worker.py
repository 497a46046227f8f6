"""The deployed flow with a real server and a real worker: schedules fire, dead runs are noticed, the next one runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
import yaml

from tests.pipelines.prefect_world import ENDED, STAGES, Workspace, served, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
NOTICED_S = 120  # within which a dead worker's run is marked


@pytest.fixture
def deployed(make_workspace, tmp_path_factory):
    """A workspace whose deployment runs every minute, on a server of its own: no run of another test comes between."""
    with served(tmp_path_factory.mktemp("prefect")) as server:
        workspace = make_workspace(server)
        told = yaml.safe_load((workspace.root / "prefect.yaml").read_text())
        told["deployments"][0]["schedules"][0]["cron"] = "* * * * *"
        workspace.write("prefect.yaml", yaml.safe_dump(told))
        command = [sys.executable, "-m", "pipelines.deploy"]
        subprocess.run(command, cwd=workspace.root, env=workspace.environment(), check=True)
        yield workspace


@contextmanager
def at_work(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """A worker, as `make worker` starts it."""
    worker = workspace.start("-m", "prefect", "--no-prompt", "worker", "start", "--pool", "ntlbg", "--type", "process")
    try:
        yield worker
    finally:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
            try:
                worker.wait(60)
            except subprocess.TimeoutExpired:
                worker.kill()
                raise


def ended(workspace: Workspace) -> list[dict]:
    return [run for run in workspace.server.runs() if run["state_type"] in ENDED]


def test_a_scheduled_run_fires(deployed):
    """Nobody asks for it; its stages run in the folder of the deployment."""
    with at_work(deployed):
        (run, *_) = until(lambda: ended(deployed), "a scheduled run to end")
    assert run["state_type"] == "COMPLETED"
    assert run["auto_scheduled"]
    assert deployed.server.outcomes(run["id"]) == dict.fromkeys(STAGES, "ran")
    assert "up to date" in deployed.status()


@pytest.mark.parametrize("what", ["the worker", "the worker and the flow"])
def test_a_dead_workers_run_is_crashed_and_the_next_one_fires(deployed, what):
    """kill -9 of the worker: the flow sees it and ends. Of both, as when a machine dies: silence alone tells it."""
    deployed.write("hang-first")
    with at_work(deployed) as worker:
        until((deployed.root / "hung").exists, "the stage to hang")
        dead = deployed.server.runs()[0]["id"]
        flows = psutil.Process(worker.pid).children()
        killed = time.monotonic()
        worker.kill()
        if what != "the worker":
            for process in flows:
                process.kill()

        def crashed() -> bool:
            return any(run["id"] == dead and run["state_type"] == "CRASHED" for run in deployed.server.runs())

        until(crashed, "the run to be marked", NOTICED_S - (time.monotonic() - killed))
    until(lambda: not deployed.sleepers(), "the stage to go")
    deployed.remove("hang-first")
    with at_work(deployed):
        run = until(lambda: [r for r in ended(deployed) if r["id"] != dead], "the next run to end")[-1]
    assert run["state_type"] == "COMPLETED"
    assert "up to date" in deployed.status()
