"""`make deploy`, on a real server."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from prefect.exceptions import ObjectNotFound

from ntlbg.errors import InputError
from pipelines.deploy import AUTOMATION, SILENCE_S, _gpu_limit, automation, main, read
from tests.pipelines.prefect_world import ROOT

# a busy machine needs minutes for what takes seconds
pytestmark = pytest.mark.timeout(900)


def test_the_file_holds_no_folder_of_a_machine():
    """It works in any clone: the folder is the one that the command is called in."""
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    (step,) = told["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $PWD }}"}}


def test_the_nightly_run_is_one_at_a_time_and_gives_signs_of_life():
    """At a fixed hour in UTC, more often than the automation allows silence."""
    (smoke,) = read(ROOT / "prefect.yaml")
    assert (smoke["name"], smoke["concurrency_limit"]) == ("smoke", 1)
    (schedule,) = smoke["schedules"]
    assert (schedule["cron"], schedule["timezone"], schedule["active"]) == ("0 3 * * *", "UTC", True)
    heartbeat = int(smoke["work_pool"]["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    assert 2 * heartbeat < SILENCE_S


def test_what_prefect_yaml_sets_the_flow_takes():
    """A misspelt parameter would be found only at three in the morning."""
    from pipelines.flow import reproduce

    (smoke,) = read(ROOT / "prefect.yaml")
    assert smoke["parameters"].items() <= reproduce.validate_parameters(smoke["parameters"]).items()


@pytest.mark.parametrize("text", ["", "deployments: 3", "deployments: [{name: a}]", "deployments: [", "a: b"])
def test_a_broken_file_is_named(tmp_path, text):
    """Not a KeyError."""
    (tmp_path / "prefect.yaml").write_text(text)
    with pytest.raises(InputError, match=r"prefect\.yaml: does not list deployments"):
        read(tmp_path / "prefect.yaml")
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "other.yaml")


def test_the_automation_watches_the_pipelines_runs_alone():
    """Other flows of the server may be silent for longer."""
    told = automation(["reproduce"])
    assert told.trigger.match_related.model_dump()["prefect.resource.name"] == ["reproduce"]
    assert told.trigger.within.total_seconds() == SILENCE_S
    assert told.trigger.after < told.trigger.expect
    assert [action.state.name for action in told.actions] == ["CRASHED"]


class Limits:
    """The client's part that knows concurrency limits, with one of so many slots, or none."""

    def __init__(self, slots: int | None) -> None:
        self.slots, self.written = slots, 0

    def read_global_concurrency_limit_by_name(self, name: str) -> SimpleNamespace:
        assert name == "gpu"
        if self.slots is None:
            raise ObjectNotFound(Exception("404"))
        return SimpleNamespace(limit=self.slots)

    def upsert_global_concurrency_limit_by_name(self, name: str, limit: int) -> None:
        assert name == "gpu"
        self.slots, self.written = limit, self.written + 1


@pytest.mark.parametrize(
    ("found", "wanted", "slots", "written"),
    [(None, None, 1, 1), (None, 2, 2, 1), (2, None, 2, 0), (2, 2, 2, 0), (2, 1, 1, 1), (0, None, 0, 0)],
)
def test_the_gpus_limit_is_changed_only_when_asked(found, wanted, slots, written):
    """A second `make deploy` does not take back what the first one was told."""
    limits = Limits(found)
    told = _gpu_limit(limits, wanted)
    assert (limits.slots, limits.written) == (slots, written)
    assert told.startswith(f"concurrency limit `gpu`: {slots} stage")
    assert told.endswith("there already") == (not written)


@pytest.mark.parametrize("argv", [["--gpus", "0"], []])
def test_a_mistake_is_one_sentence(project, argv, capsys):
    """No GPU slot would mean that no such stage ever runs; without a server there is nothing to deploy to."""
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.slow
def test_a_second_deploy_changes_nothing(workspace):
    """The first makes the pool, the deployment, the limit and the automation, and says so."""

    def deploy(*options: str) -> list[str]:
        command = [sys.executable, "-m", "pipelines.deploy", *options]
        done = subprocess.run(
            command, cwd=workspace.root, env=workspace.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def found() -> dict[str, list[dict]]:
        ask = workspace.server.ask
        mine = {"automations": {"name": {"any_": [AUTOMATION]}}}
        kept = {
            "pools": (ask("work_pools/filter"), ("id", "name", "type")),
            "deployments": (
                ask("deployments/filter"),
                ("id", "name", "entrypoint", "pull_steps", "parameters", "work_pool_name"),
            ),
            "limits": (ask("v2/concurrency_limits/filter"), ("id", "name", "limit")),
            "automations": (ask("automations/filter", mine), ("id", "name", "enabled", "trigger")),
        }
        return {name: [{k: row[k] for k in keys} for row in rows] for name, (rows, keys) in kept.items()}

    first = deploy("--gpus", "3")
    before = found()
    second = deploy()
    after = found()
    assert first[0] == "work pool `ntlbg`: created"
    assert first[1] == "deployment `reproduce/smoke`: as prefect.yaml says, at `0 3 * * *` (UTC)"
    assert first[2] == "concurrency limit `gpu`: 3 stages with a GPU at once"
    assert first[3].endswith("created")
    assert [line.endswith("there already") for line in second] == [True, False, True, True]
    assert before == after
    (deployment,) = after["deployments"]
    assert str(workspace.root) in str(deployment["pull_steps"])
    assert {"name": "gpu", "limit": 3}.items() <= next(x for x in after["limits"] if x["name"] == "gpu").items()
    assert [one["enabled"] for one in after["automations"]] == [True]
