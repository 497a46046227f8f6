"""The Prefect flow, on a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext

import pytest
import yaml

from ntlbg.config.load import load_params
from ntlbg.errors import InputError
from pipelines import flow
from pipelines.deploy import SILENCE_S
from pipelines.flow import Walk, gpu_slot, main, refuse_unknown
from pipelines.one_stage import Outcome, StageFailedError, StageStoppedError
from pipelines.tracking import PARENT_TAG
from tests.pipelines.prefect_world import ENDED, PATIENCE_S, STAGES, Workspace, until

# a busy machine needs minutes for what takes seconds
pytestmark = pytest.mark.timeout(900)

GRAPH = [("first", ()), ("each@a", ("first",)), ("each@b", ("first",)), ("last", ("each@a", "each@b"))]
RAN, SKIPPED, FAILED, NOT_STARTED = Outcome.RAN, Outcome.SKIPPED, Outcome.FAILED, Outcome.NOT_STARTED


class Ended(Future):
    """A future of a stage, as Prefect hands it back."""

    def result(self, raise_on_failure=True):
        return super().result()


class Starter:
    """Starts stages that end at once, or all together when `hold` of them have begun."""

    def __init__(self, results=None, hold=1):
        self.results, self.hold = results or {}, hold
        self.started, self.waiting, self.most = [], [], 0

    def __call__(self, address, needs):
        assert all(need.done() for need in needs)
        future = Ended()
        self.started.append(address)
        self.waiting.append((future, self.results.get(address, RAN)))
        self.most = max(self.most, len(self.waiting))
        if len(self.waiting) >= self.hold or address == "last":
            for one, result in self.waiting:
                one.set_result(result)
            self.waiting.clear()
        return future


def test_each_stage_comes_after_what_it_needs():
    """And two that do not need each other run side by side."""
    walk, starter = Walk(GRAPH[1:], None), Starter(hold=2)
    walk.needs = {"each@a": (), "each@b": (), "last": ("each@a", "each@b")}
    walk.run(starter, side_by_side=2)
    assert starter.started == ["each@a", "each@b", "last"]
    assert starter.most == 2
    assert walk.succeeded


def test_no_more_at_once_than_asked_for():
    """One, if so."""
    starter = Starter()
    Walk(GRAPH, None).run(starter, side_by_side=1)
    assert starter.most == 1


def test_a_failure_stops_what_needs_it_and_nothing_else():
    """The other branch goes on."""
    walk, starter = Walk(GRAPH, None), Starter({"each@a": StageFailedError("stage `each@a` failed: no luck")})
    walk.run(starter, side_by_side=1)
    assert walk.outcomes == {"first": RAN, "each@a": FAILED, "each@b": RAN, "last": NOT_STARTED}
    assert walk.failures == {"each@a": "stage `each@a` failed: no luck"}
    assert not walk.succeeded
    assert [row["outcome"] for row in walk.rows()] == ["ran", "failed", "ran", "not started"]


def test_a_stopped_stage_is_no_failure():
    """It did nothing wrong."""
    walk = Walk(GRAPH, None)
    walk.run(Starter({"first": StageStoppedError("stage `first` was stopped")}), side_by_side=2)
    assert walk.outcomes["first"] is Outcome.STOPPED
    assert not walk.failures
    assert not walk.succeeded


def test_what_has_not_changed_is_not_even_asked():
    """Unless something that it needs ran: then only DVC can tell."""
    walk, starter = Walk(GRAPH, set()), Starter()
    walk.run(starter, side_by_side=2)
    assert starter.started == []
    assert set(walk.outcomes.values()) == {SKIPPED}
    assert walk.succeeded
    walk, starter = Walk(GRAPH, {"each@b"}), Starter()
    walk.run(starter, side_by_side=2)
    assert starter.started == ["each@b", "last"]


@pytest.mark.parametrize(
    ("address", "device", "takes"), [("features", "cpu", 0), ("features", "cuda", 1), ("decode", "cuda", 0)]
)
def test_only_a_stage_that_reads_the_device_takes_a_gpus_slot(project, monkeypatch, address, device, takes):
    """And only in a tier that has one. A run that is stopped does not go on waiting."""
    import prefect.concurrency.sync

    taken, stopping = [], threading.Event()

    @contextmanager
    def concurrency(name, **options):
        taken.append((name, options["strict"]))
        if len(taken) == 1:
            raise TimeoutError
        yield

    monkeypatch.setattr(prefect.concurrency.sync, "concurrency", concurrency)
    tier = load_params().current
    tier = tier.model_copy(update={"machine": tier.machine.model_copy(update={"device": device})})
    with gpu_slot(address, tier, stopping):
        assert taken == [("gpu", False)] * 2 * takes
    stopping.set()
    with pytest.raises(StageStoppedError) if takes else nullcontext(), gpu_slot(address, tier, stopping):
        assert not takes


def test_without_a_server_it_refuses(project, capsys, monkeypatch):
    """In a sentence; no temporary server starts."""
    monkeypatch.setattr(flow, "reproduce", lambda **_: pytest.fail("ran"))
    assert main([]) == 2
    assert "error: PREFECT_API_URL is not set" in capsys.readouterr().err
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert main([]) == 2
    assert "no Prefect server answers" in capsys.readouterr().err


def test_importing_it_forbids_temporary_servers(make_workspace):
    """Also for a program that calls the flow itself."""
    code = "from pipelines.flow import reproduce; reproduce()"
    workspace = make_workspace()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace.root, env=workspace.environment(), capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "No Prefect API URL" in done.stderr
    assert workspace.begun == []


def running(workspace: Workspace, process: subprocess.Popen[str]) -> str:
    """The id of the flow run whose stage hangs."""
    until(lambda: process.poll() is not None or (workspace.root / "hung").exists(), "the stage to hang")
    assert process.poll() is None, workspace.said
    return until(lambda: workspace.server.runs(), "the run")[-1]["id"]


def state_of(workspace: Workspace, run: str) -> str:
    return next(one["state_type"] for one in workspace.server.runs() if one["id"] == run)


def test_a_limit_of_no_stage_is_refused():
    """A misspelt name would leave the stage without the limit that was meant for it."""
    graph = [("decode", ()), ("train@full", ("decode",))]
    refuse_unknown({"decode": 1.0, "train": 2.0, "train@full": 3.0}, graph)
    with pytest.raises(InputError, match="there is no stage `trian`"):
        refuse_unknown({"trian": 600.0}, graph)


@pytest.mark.slow
def test_a_stage_that_fails_twice_is_retried_and_succeeds(workspace):
    """The table on the run's page says how each stage ended; a second run does nothing."""
    workspace.write("fail-a", "2")
    code, run = workspace.flow("--retry-delay-s", "0.1")
    assert code == 0, workspace.said
    assert sorted(workspace.begun) == sorted(["first", "a", "a", "a", "b", "last"])
    assert workspace.server.outcomes(run) == dict.fromkeys(STAGES, "ran")
    assert "up to date" in workspace.status()
    workspace.forget()
    code, run = workspace.flow()
    assert code == 0, workspace.said
    assert workspace.begun == []
    assert workspace.server.outcomes(run) == dict.fromkeys(STAGES, "skipped")


@pytest.mark.slow
def test_bad_input_is_not_retried_and_the_hook_names_the_stage(workspace):
    """One sentence with the stage's own last words; what does not need it goes on; no traceback."""
    workspace.write("refuse-b")
    code, run = workspace.flow()
    assert code == 1
    assert workspace.begun.count("b") == 1
    assert workspace.server.outcomes(run) == {
        "first": "ran",
        "each@a": "ran",
        "each@b": "failed",
        "last": "not started",
    }
    assert "pipeline run failed: stage `each@b` failed: videos/a.mp4: is broken\n" in workspace.said
    assert workspace.said.endswith("error: stage `each@b` failed: videos/a.mp4: is broken\n")
    assert "Traceback" not in workspace.said
    assert state_of(workspace, run) == "FAILED"


@pytest.mark.slow
def test_a_hung_stage_is_killed_with_its_children(workspace):
    """When its limit is over; the run fails and says why."""
    workspace.write("hang-first")
    code, run = workspace.flow("--limit-s", "10")
    assert code == 1
    assert workspace.sleepers() == []
    assert workspace.begun == ["first"]
    assert "stage `first` was stopped: it took more than 10 s" in workspace.said
    assert workspace.server.outcomes(run)["first"] == "failed"
    assert not (workspace.root / "out-first").exists()


@pytest.mark.slow
def test_a_killed_flow_is_resumed_with_what_is_unfinished(workspace):
    """By kill -9: its stage goes too, and the next run starts there."""
    workspace.write("hang-a")
    process = workspace.start("-m", "pipelines.flow", "--side-by-side", "1")
    running(workspace, process)
    process.kill()
    process.wait()
    until(lambda: not workspace.sleepers(), "the stage to go")
    assert workspace.begun == ["first", "a"]
    assert "each@a" in workspace.status()
    workspace.remove("hang-a")
    workspace.forget()
    code, run = workspace.flow()
    assert code == 0, workspace.said
    assert sorted(workspace.begun) == ["a", "b", "last"]
    assert workspace.server.outcomes(run)["first"] == "skipped"
    assert "up to date" in workspace.status()


@pytest.mark.slow
@pytest.mark.parametrize(("how", "state"), [("cancel", "CANCELLED"), ("SIGTERM", "CRASHED"), ("SIGINT", "CRASHED")])
def test_a_stopped_run_leaves_an_honest_status(workspace, how, state):
    """Cancelled on the server or by a signal: no child is left, and `dvc status` names the stage as changed."""
    workspace.write("hang-first")
    process = workspace.start("-m", "pipelines.flow")
    run = running(workspace, process)
    if how == "cancel":
        workspace.server.ask(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    else:
        process.send_signal(signal.Signals[how])
    assert process.wait(PATIENCE_S) != 0
    assert workspace.sleepers() == []
    assert until(lambda: (now := state_of(workspace, run)) in ENDED and now, "the end") == state
    assert not (workspace.root / "out-first").exists()
    assert "first" in workspace.status()
    assert workspace.server.outcomes(run)["first"] == "stopped"


@pytest.mark.slow
def test_two_flows_in_one_workspace_do_not_corrupt_it(workspace):
    """The second says that another is at work; the first ends as if alone."""
    workspace.write("hang-first")
    first = workspace.start("-m", "pipelines.flow", "--limit-s", "120")
    running(workspace, first)
    second, run = workspace.flow()
    assert second == 2
    assert "another run is at work in" in workspace.said
    assert state_of(workspace, run) == "FAILED"
    assert first.poll() is None
    assert workspace.begun == ["first"]
    first.send_signal(signal.SIGTERM)
    first.wait(PATIENCE_S)
    workspace.remove("hang-first")
    code, _ = workspace.flow()
    assert code == 0, workspace.said
    assert set(workspace.dvc_lock()) == set(STAGES)
    assert "up to date" in workspace.status()


GPU_BODY = """
import sys, time
from pathlib import Path

Path("gpu").mkdir()  # fails while another has it
time.sleep(3)
Path("gpu").rmdir()
Path(sys.argv[1]).touch()
"""

GPU = """
stages:
  a: {cmd: python body.py out-a, deps: [salt], params: ["tiers.${tier}.machine.device"], outs: [out-a]}
  b: {cmd: python body.py out-b, deps: [salt], params: ["tiers.${tier}.machine.device"], outs: [out-b]}
"""


@pytest.mark.slow
def test_stages_with_a_gpu_take_turns(make_workspace, prefect_server):
    """Although two may run side by side: the server has one slot."""
    workspace = make_workspace(prefect_server, dvc=GPU)
    workspace.write("body.py", GPU_BODY)
    params = yaml.safe_load((workspace.root / "params.yaml").read_text())
    params["tiers"]["smoke"]["machine"]["device"] = "cuda"
    workspace.write("params.yaml", yaml.safe_dump(params))
    code = "from prefect import get_client as g; g(sync_client=True).upsert_global_concurrency_limit_by_name('gpu', 1)"
    subprocess.run([sys.executable, "-c", code], env=workspace.environment(), check=True)
    code, run = workspace.flow("--retries", "0")
    assert code == 0, workspace.said
    assert workspace.server.outcomes(run) == {"a": "ran", "b": "ran"}


TRACKED_BODY = """
from pathlib import Path
from pipelines.stage import stage

@stage("decode")
def decode(run):
    run.metrics(videos=3)
    Path("out").write_text(str(run.params.video.fps))

decode.main()
"""

TRACKED = """
stages:
  decode: {cmd: python body.py, deps: [body.py], params: ["tiers.${tier}.video"], outs: [out]}
"""


@pytest.mark.slow
def test_the_stages_of_a_flow_have_one_mlflow_parent(make_workspace, prefect_server, empty_store, monkeypatch):
    """Closed at the end and linked on the run's page; a stage opens no flow of its own."""
    import shutil

    from pipelines.tracking import Tracker

    workspace = make_workspace(prefect_server, dvc=TRACKED)
    workspace.write("body.py", TRACKED_BODY)
    shutil.copy(empty_store, workspace.root / "mlflow.db")
    before = len(prefect_server.runs())
    code, run = workspace.flow()
    assert code == 0, workspace.said
    assert len(prefect_server.runs()) == before + 1
    monkeypatch.chdir(workspace.root)
    tracker = Tracker()
    found = {one.info.run_name: one for one in tracker.client.search_runs([tracker.experiment])}
    assert {name: one.info.status for name, one in found.items()} == {"decode": "FINISHED", "smoke": "FINISHED"}
    parent = found["smoke"].info.run_id
    assert found["decode"].data.tags[PARENT_TAG] == parent
    assert parent in prefect_server.artifacts(run)["mlflow"]
    assert [a.path for a in tracker.client.list_artifacts(parent)] == ["dvc.lock"]


def test_a_sign_of_life_may_get_lost():
    """Two fit into the silence after which a run is taken for dead; fewer than 30 s apart Prefect does not allow."""

    assert 30 <= int(os.environ["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) <= SILENCE_S / 2
