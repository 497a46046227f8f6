"""A real Prefect server on loopback, and a small workspace of trivial stages for its flows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.processes import end_group, marked

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240  # nothing here takes so long; a busy machine may
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

# Each stage of the small workspace: notes that it began, does what the files beside it say, writes its output.
BODY = """
import subprocess, sys, time
from pathlib import Path

name = sys.argv[1]
with Path("begun").open("a") as log:
    log.write(name + "\\n")
left = Path(f"fail-{name}")
if left.exists() and int(left.read_text()):
    left.write_text(str(int(left.read_text()) - 1))
    sys.exit(f"error: {name} is out of luck")
if Path(f"refuse-{name}").exists():
    print("error: videos/a.mp4: is broken", file=sys.stderr)
    sys.exit(2)
if Path(f"hang-{name}").exists():
    Path(f".out-{name}.half.partial").touch()
    subprocess.Popen(["sleep", "987"])
    subprocess.Popen(["setsid", "sleep", "987"])
    Path("hung").touch()
    time.sleep(987)
Path(f"out-{name}").write_text(name + Path("salt").read_text())
"""

DVC = """
stages:
  first: {cmd: python body.py first, deps: [salt], outs: [out-first]}
  each:
    foreach: [a, b]
    do: {cmd: "python body.py ${item}", deps: [out-first], outs: ["out-${item}"]}
  last: {cmd: python body.py last, deps: [out-a, out-b], outs: [out-last]}
"""

STAGES = ("first", "each@a", "each@b", "last")


def until(done: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait for something to become true; what it returned."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := done():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited in vain for {what}")


def clean_environment() -> dict[str, str]:
    """Of the person who runs the tests: no setting of the tools that are tested."""
    foreign = ("NTLBG_", "DVC_", "MLFLOW_", "PREFECT_")
    keep = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return keep | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


@dataclass(frozen=True)
class Server:
    """url: of its API. home: the folder of its own files."""

    url: str
    home: Path

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST to the API."""
        request = urllib.request.Request(
            f"{self.url}/{path}", json.dumps(body or {}).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        """Flow runs that have begun, the oldest first."""
        found = self.ask("flow_runs/filter", {"sort": "START_TIME_ASC", "flow_runs": filters})
        return [run for run in found if run["state_type"] not in ("SCHEDULED", "PENDING")]

    def artifacts(self, run: str) -> dict[str, Any]:
        found = self.ask("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})
        return {one["key"]: json.loads(one["data"]) if one["type"] == "table" else one["data"] for one in found}

    def outcomes(self, run: str) -> dict[str, str]:
        return {row["stage"]: row["outcome"] for row in self.artifacts(run)["stages"]}


@contextmanager
def served(home: Path) -> Iterator[Server]:
    """A server with its database in `home`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "prefect", "--no-prompt", "server", "start", "--host", "127.0.0.1"]
    with (home / "log").open("w") as log:
        child = subprocess.Popen(
            [*command, "--port", str(port)],
            # schedules are looked at every minute by default
            env=clean_environment()
            | {"PREFECT_HOME": str(home), "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}/api"

    def answers() -> bool:
        assert child.poll() is None, (home / "log").read_text()
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except (OSError, urllib.error.URLError):
            return False
        return True

    try:
        until(answers, "the server")
        yield Server(url, home)
    finally:
        end_group(child)


@dataclass(frozen=True)
class Workspace:
    """A DVC project of four stages: `first`, two that need it, and `last`."""

    root: Path
    server: Server | None = None

    @property
    def begun(self) -> list[str]:
        """Stages whose command began, in that order."""
        path = self.root / "begun"
        return path.read_text().split() if path.exists() else []

    def forget(self) -> None:
        (self.root / "begun").unlink(missing_ok=True)

    def write(self, name: str, text: str = "") -> None:
        (self.root / name).write_text(text)

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def environment(self) -> dict[str, str]:
        url = {"PREFECT_API_URL": self.server.url, "PREFECT_HOME": str(self.root / "prefect")} if self.server else {}
        return clean_environment() | url | marked(self.root)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A Python command in the workspace, in a session of its own; what it says goes to `said`."""
        with (self.root / "said").open("a") as said:
            return subprocess.Popen(
                [sys.executable, *words],
                cwd=self.root,
                env=self.environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                # a shell's background job ignores Ctrl-C, and so would all that it starts
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def flow(self, *options: str) -> tuple[int, str]:
        """The flow, started by hand, to its end: exit code and the id of its run."""
        code = self.start("-m", "pipelines.flow", *options).wait(PATIENCE_S)
        assert self.server
        return code, self.server.runs()[-1]["id"]

    @property
    def said(self) -> str:
        return (self.root / "said").read_text()

    def status(self) -> str:
        """What `dvc status` says."""
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "status"],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def sleepers(self) -> list[psutil.Process]:
        """Processes of this workspace that a hung stage left."""
        found = []
        for process in psutil.process_iter():
            try:
                if "987" in process.cmdline() and Path(process.cwd()) == self.root:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def dvc_lock(self) -> dict[str, Any]:
        return yaml.safe_load((self.root / "dvc.lock").read_text())["stages"]


def make_workspace(root: Path, empty: Path, server: Server | None = None, *, dvc: str = DVC) -> Workspace:
    """With the project's own params.yaml, prefect.yaml and code, and trivial stages.

    empty: a folder after `dvc init`.
    """
    shutil.copytree(empty, root)
    for name in ("params.yaml", "sources.lock", "prefect.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / "pipelines").symlink_to(ROOT / "pipelines")  # where the entrypoint of prefect.yaml looks
    workspace = Workspace(root, server)
    workspace.write("body.py", BODY)
    workspace.write("dvc.yaml", dvc)
    workspace.write("salt", "1")
    return workspace
