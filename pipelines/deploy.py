"""`make deploy`: everything that the Prefect server must know before a worker can run the pipeline.

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m pipelines.deploy [--gpus N]

The work pool, the deployments of prefect.yaml, the concurrency limit of the GPU, and the automation that a server of
one's own lacks: a run whose process died with its machine or worker can no longer say so, and would be "Running" for
ever and block the next. Calling it again changes what differs and nothing else.
"""

from __future__ import annotations

import os

# before Prefect reads its settings: no temporary server, whatever happens
os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"

import argparse
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ntlbg.errors import InputError, NTLBGError
from pipelines import say

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.events.schemas.automations import AutomationCore

FILE = Path("prefect.yaml")
GPU = "gpu"
AUTOMATION = "ntlbg: a run without a sign of life has crashed"
# Heartbeats come every 30 s, the least that Prefect allows: one may get lost, and the server looks every 5 s.
SILENCE_S = 75
ENDS = ("Completed", "Failed", "Crashed", "Cancelled", "Cancelling", "Paused", "Suspended")


def deploy(file: Path = FILE, *, gpus: int | None = None) -> list[str]:
    """Bring the server up to date; one sentence for each thing that was done or found as it should be.

    gpus: stages that may use a GPU at once; None leaves what the server has, or one on a new server.
    """
    from prefect.client.orchestration import get_client

    wanted = read(file)
    done = []
    with get_client(sync_client=True) as client:
        for pool in sorted({d["work_pool"]["name"] for d in wanted}):
            done.append(_work_pool(client, pool))
        _prefect_deploy(file)
        for deployment in wanted:
            flow = client.read_deployment_by_name(f"{_flow_name(deployment)}/{deployment['name']}")
            done.append(f"deployment `{_flow_name(deployment)}/{deployment['name']}`: as {file} says, {_when(flow)}")
        done.append(_gpu_limit(client, gpus))
        done.append(_automation(client, sorted({_flow_name(d) for d in wanted})))
    return done


def read(file: Path) -> list[dict[str, Any]]:
    """The deployments of a prefect.yaml. Raises InputError when it has none that can be deployed."""
    try:
        deployments = yaml.safe_load(file.read_text())["deployments"]
        for one in deployments:
            _ = one["name"], one["work_pool"]["name"], _flow_name(one)
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file", hint="run in the project's folder") from None
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise InputError(f"{file}: does not list deployments with name, entrypoint and work pool") from None
    return list(deployments)


def _flow_name(deployment: dict[str, Any]) -> str:
    return str(deployment["entrypoint"]).rpartition(":")[2].replace("_", "-")


def _when(deployment: Any) -> str:
    crons = [
        f"`{s.schedule.cron}` ({s.schedule.timezone})" for s in deployment.schedules if hasattr(s.schedule, "cron")
    ]
    return "at " + ", ".join(crons) if crons else "on demand"


def _work_pool(client: SyncPrefectClient, name: str) -> str:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    try:
        found = client.read_work_pool(name)
    except ObjectNotFound:
        from prefect.workers.process import ProcessWorker

        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type="process", base_job_template=template))
        return f"work pool `{name}`: created"
    if found.type != "process":
        raise InputError(f"work pool `{name}` is of type `{found.type}`, not `process`", hint="delete or rename it")
    return f"work pool `{name}`: there already"


def _prefect_deploy(file: Path) -> None:
    """`prefect deploy --all`, without its questions."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    # `{{ $PWD }}` in prefect.yaml is this folder, also where no shell keeps the variable
    environment = os.environ | {"PWD": str(Path.cwd()), "NO_COLOR": "1"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
        raise NTLBGError(f"{file}: `prefect deploy` failed: {lines[-1].strip() if lines else 'without a word'}")


def _gpu_limit(client: SyncPrefectClient, wanted: int | None) -> str:
    """Set it where it is asked for or missing; what somebody has set stays."""
    from prefect.exceptions import ObjectNotFound

    try:
        found = client.read_global_concurrency_limit_by_name(GPU).limit
    except ObjectNotFound:
        found = None
    slots = next(n for n in (wanted, found, 1) if n is not None)
    if slots != found:
        client.upsert_global_concurrency_limit_by_name(GPU, slots)
    told = f"concurrency limit `{GPU}`: {slots} stage{'s' if slots != 1 else ''} with a GPU at once"
    return told + (", there already" if slots == found else "")


def _automation(client: SyncPrefectClient, flows: list[str]) -> str:
    """Install or renew it; a second of the same name is never left."""
    wanted = automation(flows)
    found = client.read_automations_by_name(AUTOMATION)
    for surplus in found[1:]:
        client.delete_automation(surplus.id)
    if not found:
        client.create_automation(wanted)
    elif _differs(found[0], wanted):
        client.update_automation(found[0].id, wanted)
    else:  # an update would forget which runs are being watched
        return f"automation `{AUTOMATION}`: after {SILENCE_S} s, there already"
    return f"automation `{AUTOMATION}`: after {SILENCE_S} s, {'renewed' if found else 'created'}"


def _differs(found: AutomationCore, wanted: AutomationCore) -> bool:
    return any(getattr(found, part) != getattr(wanted, part) for part in ("enabled", "trigger", "actions"))


def automation(flows: list[str]) -> AutomationCore:
    """After a heartbeat, neither another nor an end within SILENCE_S: the run has crashed.

    Of these flows only: a stage that runs as a flow of its own sends a sign of life every three minutes. A run that has
    ended is silent too, and Prefect may hold back the word of its end (a scheduled run's waits for an event that the
    scheduler never sends); so the change is not forced, and the server refuses it for a run that has ended.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    heartbeat = "prefect.flow-run.heartbeat"
    trigger = EventTrigger(
        after={heartbeat},
        expect={heartbeat, *(f"prefect.flow-run.{end}" for end in ENDS)},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.role": "flow", "prefect.resource.name": flows},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=SILENCE_S),
    )
    crashed = ChangeFlowRunState(
        name=None,
        state=StateType.CRASHED,
        message=f"no sign of life for {SILENCE_S} s: its process or its machine is gone",
        force=False,
    )
    return AutomationCore(
        name=AUTOMATION,
        description="Installed by `make deploy`.",
        trigger=trigger,
        actions=[crashed],
    )


def main(argv: list[str] | None = None) -> int:
    """Deploy, and say what was done; the exit code."""
    from pipelines.server import need_server

    parser = argparse.ArgumentParser(prog="python -m pipelines.deploy", description="Prepare the Prefect server.")
    parser.add_argument(
        "--gpus", type=int, help="how many stages may use a GPU at once, on all workers [default: as it is, at first 1]"
    )
    options = parser.parse_args(argv)
    try:
        if options.gpus is not None and options.gpus < 1:
            raise InputError("--gpus: must be at least 1")
        need_server()
        for sentence in deploy(gpus=options.gpus):
            print(sentence)
    except NTLBGError as error:
        return say.failure(error)
    except OSError as error:
        return say.refusal(error, "deploy")
    return 0


if __name__ == "__main__":
    sys.exit(main())
