"""A stage as a flow run on a real Prefect server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.processes import end_group

ROOT = Path(__file__).parents[2]

BODY = """
import sys
from ntlbg.errors import InputError
from pipelines.stage import stage

@stage("backbone", argument="part")
def backbone(run, part):
    if part == "answerer":
        raise InputError("models/answerer: is broken", hint="fetch it again")
    run.metrics(parts=1)

backbone.main()
"""

pytestmark = pytest.mark.slow


def wait_for(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.5)
    raise AssertionError("the server did not start")


@pytest.fixture
def server(tmp_path_factory):
    """Its address; it keeps its database in a folder of its own."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        env=environment,
        stdout=(home / "log").open("w"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/api", child)
        yield f"http://127.0.0.1:{port}/api", home
    finally:
        end_group(child)


def states(url: str, kind: str) -> dict[str, str]:
    request = urllib.request.Request(
        f"{url}/{kind}/filter", data=b"{}", headers={"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return {run["name"]: run["state_type"] for run in json.load(answer)}


def test_a_stage_is_one_flow_run_with_one_task_run(project, server):
    """Named by its address; a failed one is told in its sentence, without Prefect's traceback."""
    url, home = server
    Path("body.py").write_text(BODY)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PREFECT_API_URL": url, "PREFECT_HOME": str(home / "client")}
    outcomes = {}
    for part in ("encoder", "answerer"):
        outcomes[part] = subprocess.run(
            [sys.executable, "body.py", part], env=environment, capture_output=True, text=True, check=False
        )
    assert outcomes["encoder"].returncode == 0, outcomes["encoder"].stderr
    assert outcomes["answerer"].returncode == 2
    assert "error: models/answerer: is broken\nhint: fetch it again\n" in outcomes["answerer"].stderr
    assert "Traceback" not in outcomes["answerer"].stderr + outcomes["answerer"].stdout
    assert states(url, "flow_runs") == {"backbone@encoder": "COMPLETED", "backbone@answerer": "FAILED"}
    assert sorted(states(url, "task_runs").values()) == ["COMPLETED", "FAILED"]
