"""MLflow's page, open on the arms of the latest comparison."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from ntlbg.errors import InputError
from pipelines import ui
from pipelines.tracking import FAILED, FINISHED, Tracker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tracker(project):
    return Tracker()


def compared(tracker: Tracker, status: str = FINISHED, arms: int = 2) -> str:
    """A run of the `compare` stage, with its arms out of order."""
    run = tracker.start("compare", tags={"stage": "compare", "level": "stage"})
    for place in reversed(range(arms)):
        arm = tracker.start(f"mlvu · arm {place}", tags={"comparison": run, "place": f"{place:03d}"})
        tracker.log(arm, metrics={"accuracy": 0.5}, params={"k": "8"})
        tracker.end(arm, FINISHED)
    tracker.log(run, metrics={"arms": arms})
    tracker.end(run, status)
    return run


def test_the_latest_comparison_is_the_last_that_ended_well_and_has_arms(tracker):
    """One that failed, or whose arms lie in another store, would open on an empty table."""
    with pytest.raises(InputError, match="holds no comparison yet"):
        ui.latest_comparison(tracker)
    compared(tracker)
    wanted = compared(tracker)
    compared(tracker, FAILED)
    compared(tracker, arms=0)
    assert ui.latest_comparison(tracker) == wanted


def test_the_view_shows_exactly_those_arms_in_the_order_of_the_tables(tracker):
    """Its filter and order are what MLflow's own search understands."""
    compared(tracker)
    last = compared(tracker, arms=3)
    told = ui.view(last)
    found = tracker.client.search_runs(
        [tracker.experiment],
        filter_string=told["searchFilter"],
        order_by=[f"{told['orderByKey']} {'ASC' if told['orderByAsc'] else 'DESC'}"],
    )
    assert [run.info.run_name for run in found] == ["mlvu · arm 0", "mlvu · arm 1", "mlvu · arm 2"]


def test_the_page_opens_on_the_view_that_the_experiment_holds(tracker):
    """And it is written anew, so that it is about the latest comparison; the page is told what the columns mean."""
    address = ui.prepare(tracker, "first")
    assert ui.prepare(tracker, "second") == address
    key = re.search(r"viewStateShareKey=(\w+)$", address)[1]
    tags = tracker.client.get_experiment(tracker.experiment).tags
    held = json.loads(tags[f"mlflow.sharedViewState.{key}"])
    assert held["searchFilter"] == "tags.comparison = 'second'"
    assert held["selectedColumns"][0] == "metrics.`accuracy`"
    assert set(held["columnWidths"]) == set(held["columnOrder"])
    assert "accuracy_over_uniform" in tags["mlflow.note.content"]


def test_columns_are_what_arms_are_recorded_with():
    """A column that no run has would be shown empty."""
    from tests.pipelines.test_arms import ARM

    figures = {"accuracy", "evidence_recall", "accuracy_over_uniform", "p_permutation"}
    figures |= {f"{kind}.accuracy" for kind in ("one_moment", "several_moments", "whole_video")}
    parameters = {"benchmark", *(name for name in ("selector", "k", "presentation") if name in ARM)}
    assert set(ui.COLUMNS) == {f"metrics.`{name}`" for name in figures} | {f"params.`{name}`" for name in parameters}


def test_a_page_that_somebody_else_serves_is_only_pointed_to(project, monkeypatch, capsys):
    """With MLFLOW_TRACKING_URI at a server, no second one is started; its password is not printed."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setattr(ui, "latest_comparison", lambda tracker: "x")
    monkeypatch.setattr(ui, "prepare", lambda tracker, comparison: "#/experiments/1/runs?viewStateShareKey=arms")
    assert ui.main(["--no-browser"]) == 0
    assert capsys.readouterr().out == "http://127.0.0.1:9/#/experiments/1/runs?viewStateShareKey=arms\n"


@pytest.mark.slow
def test_the_server_listens_on_this_machine_alone_and_ends_with_the_command(tracker):
    """Its address is printed when it answers; a SIGTERM leaves no server behind."""
    compared(tracker)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipelines.ui", "--port", str(port), "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        below: list[psutil.Process] = []
        try:
            line = next(line for line in one.stdout if "http" in line)
            assert f"http://127.0.0.1:{port}/#/experiments/" in line
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
                assert answer.status == 200
            below = psutil.Process(one.pid).children(recursive=True)
            listening = {c.laddr.ip for p in below for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN}
            assert listening == {"127.0.0.1"}
            one.send_signal(signal.SIGTERM)
            one.wait(60)
            deadline = time.monotonic() + 30
            while any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in below):
                assert time.monotonic() < deadline, below
                time.sleep(0.1)
        finally:
            for process in below:  # in a session of its own: it would outlive a test that failed
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            one.kill()


def test_a_taken_port_is_one_sentence():
    """Another server's store must not be taken for this one."""
    with socket.socket() as other:
        other.bind((ui.HOST, 0))
        other.listen()
        with pytest.raises(InputError, match="is taken"):
            ui.expect_free(other.getsockname()[1])
