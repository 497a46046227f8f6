"""`make ui`: MLflow's page, open on the arms of the latest comparison.

    python -m pipelines.ui [--port 5000] [--no-browser]

MLflow's page takes its filter and its order from the address, and its columns, their order and widths from a view
that an experiment's tag holds (`?viewStateShareKey=…`). The view is written anew at each start, so it is always about
the latest comparison. The server listens on this machine alone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from contextlib import suppress
from typing import Any, NoReturn

import psutil

from ntlbg.errors import InputError, NTLBGError
from pipelines import say
from pipelines.arms import COMPARISON, PLACE
from pipelines.tracking import Tracker, without_secrets

HOST = "127.0.0.1"
VIEW = "arms"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"
KIND_TAG = "mlflow.experimentKind"  # without it the page asks what kind of experiment this is, over the table
NOTE_TAG = "mlflow.note.content"
START_S = 120.0

RUN_NAME = "attributes.`Run Name`"
# column → width in pixels. The figures come before the parameters: a run's name says those, and MLflow opens a panel
# of its own over the right of the page when a browser comes for the first time
COLUMNS = {
    "metrics.`accuracy`": 84,
    "metrics.`accuracy_over_uniform`": 165,
    "metrics.`p_permutation`": 115,
    "metrics.`evidence_recall`": 122,
    "metrics.`one_moment.accuracy`": 155,
    "metrics.`several_moments.accuracy`": 185,
    "metrics.`whole_video.accuracy`": 155,
    "params.`benchmark`": 120,
    "params.`selector`": 90,
    "params.`presentation`": 105,
    "params.`k`": 45,
}
NOTE = """\
Each run named `benchmark · selector · k=…` is one arm: the same questions, answered from the frames that one selector
chose. `accuracy_over_uniform` and `p_permutation` compare it with uniform sampling at the same k, over videos;
`evidence_recall` is the share of the annotated moments that it shows. `blind` sees no frame, `oracle` the evidence.
"""


def latest_comparison(tracker: Tracker) -> str:
    """Id of the run of the last `compare` stage that has arms in the store. Raises InputError when there is none."""
    experiment = tracker.experiment
    with tracker.access():
        found = tracker.client.search_runs(
            [experiment],
            filter_string="tags.stage = 'compare' and attributes.status = 'FINISHED' and metrics.arms > 0",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
    if not found:
        raise InputError(
            f"{without_secrets(tracker.uri)}: holds no comparison yet", hint="`make run` makes one; then look again"
        )
    return str(found[0].info.run_id)


def view(comparison: str) -> dict[str, Any]:
    """What the page is told: which runs, in which order, and which columns."""
    return {
        "searchFilter": f"tags.{COMPARISON} = '{comparison}'",
        "orderByKey": f"tags.`{PLACE}`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": list(COLUMNS),
        "columnOrder": [RUN_NAME, *COLUMNS],
        "columnWidths": {RUN_NAME: 270, **COLUMNS},
        "runListHidden": False,
        "viewMaximized": True,
        "groupBy": None,
    }


def prepare(tracker: Tracker, comparison: str) -> str:
    """Write the view into the store; returns the part of the page's address that opens it."""
    experiment = tracker.experiment
    with tracker.access():
        for name, value in (
            (VIEW_TAG, json.dumps(view(comparison))),
            (KIND_TAG, "custom_model_development"),
            (NOTE_TAG, NOTE),
        ):
            tracker.client.set_experiment_tag(experiment, name, value)
    # in its other workflow the same page is about traces of agents
    return f"#/experiments/{experiment}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"


def command(tracker: Tracker, port: int) -> list[str]:
    """The server: on this machine alone, one process."""
    return [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", tracker.uri),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
    ]


def expect_free(port: int) -> None:
    """Raises InputError when somebody listens there already: it would be another store that answers."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError:
            raise InputError(f"port {port} is taken", hint="end what listens there, or `make ui UI_PORT=…`") from None


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers. Raises InputError when it ends, or does not answer in time."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise InputError(f"MLflow's server at {address} ended with code {server.returncode}", hint="see above")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise InputError(f"MLflow's server at {address} did not answer within {START_S:.0f} s")


def end(server: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """End the server and the processes that it has started; MLflow's own command does not always."""
    with suppress(psutil.NoSuchProcess):
        tree = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(tree, timeout=patience_s)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    server.wait()


def _interrupt(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def has_display() -> bool:
    """Whether a browser could be seen."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; the exit code."""
    parser = argparse.ArgumentParser(prog="pipelines.ui", description="MLflow's page on the latest comparison")
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    chosen = parser.parse_args(argv)
    tracker = Tracker()
    address = f"http://{HOST}:{chosen.port}"
    server: subprocess.Popen[bytes] | None = None
    try:
        try:
            page = f"{address}/{prepare(tracker, latest_comparison(tracker))}"
        except InputError as error:
            say.note(f"{error.sentence}; {error.hint}")
            page = f"{address}/#/experiments/{tracker.experiment}/runs"
        if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("http"):
            # it is served already, by whoever keeps it
            print(f"{without_secrets(tracker.uri).rstrip('/')}/{page.removeprefix(address).lstrip('/')}", flush=True)
            return 0
        expect_free(chosen.port)
        for ended_by in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ended_by, _interrupt)
        # in a session of its own: Ctrl-C reaches this process alone, which then ends the server and all below it
        server = subprocess.Popen(command(tracker, chosen.port), start_new_session=True)
        wait_for(address, server)
        print(f"\narms of the latest comparison: {page}\n(Ctrl-C ends the server)\n", flush=True)
        if has_display() and not chosen.no_browser:
            webbrowser.open(page)
        return server.wait()
    except NTLBGError as error:
        return say.failure(error)
    except KeyboardInterrupt:
        return 0
    finally:
        if server is not None:
            end(server)


if __name__ == "__main__":
    sys.exit(main())
