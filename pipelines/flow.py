"""The Prefect flow `reproduce`: DVC's own graph, walked with retries, time limits and stages side by side.

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m pipelines.flow

DVC stays the only list of stages and the only judge of what is to be done: a task is `dvc repro --single-item` of one
node, started as soon as all that it needs has ended well. Stages that `dvc status` finds unchanged, below none that
ran, are not even asked. `make run` does the same without a server. No temporary server is ever started: without
PREFECT_API_URL the flow refuses. See docs/orchestration.md.
"""

from __future__ import annotations

import os

# before Prefect reads its settings, also where a worker imports this file
os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")  # seconds; what pipelines/deploy.py counts on

import argparse
import logging
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Annotated, Any

from prefect import Flow, task
from prefect import flow as as_flow
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import CancelledRun
from prefect.futures import PrefectFuture
from prefect.states import Cancelled
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from ntlbg.config.load import load_params
from ntlbg.config.schema import Tier
from ntlbg.errors import InputError, NTLBGError
from pipelines import run_page, say
from pipelines.declared import declared
from pipelines.graph import Node, changed_stages, stage_graph
from pipelines.one_stage import GRACE_S, OneByOne, Outcome, StageFailedError, StageStoppedError
from pipelines.server import need_server
from pipelines.stage import DRIVEN, _without_known_tracebacks
from pipelines.tracking import flatten
from pipelines.workspace import environment, finish, only_run, prepare

NAME = "reproduce"
GPU = "gpu"  # Prefect's global concurrency limit; pipelines/deploy.py makes it
ORPHANS_S = GRACE_S + 20  # what a killed run left behind is gone by then
LOOK_S = 3.0  # between two looks at whether somebody cancelled
SLOT_S = 10.0  # of waiting for a GPU, between two such looks
STOPPED = 130
HOUR_S = 3600.0

Retries = Annotated[int, Field(ge=0, le=100)]
Seconds = Annotated[float, Field(gt=0)]
SideBySide = Annotated[int, Field(ge=1, le=64)]


class PipelineFailedError(NTLBGError):
    """At least one stage did not end well."""


def _tell_failure(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """The failure hook: one sentence that names the stage, on the run's page and on the terminal."""
    from prefect.logging.loggers import flow_run_logger

    told = (state.message or "it ended without a word").splitlines()[0]
    sentence = re.sub(r"^Flow run encountered an exception: (\w+: )?", "", told)
    flow_run_logger(flow_run, flow).error(f"pipeline run failed: {sentence}")


@as_flow(
    name=NAME,
    task_runner=ThreadPoolTaskRunner[Any](),  # type: ignore[arg-type]
    persist_result=False,
    on_failure=[_tell_failure],
    on_crashed=[_tell_failure],
)
def reproduce(
    retries: Retries = 2,
    retry_delay_s: Annotated[float, Field(ge=0)] = 10.0,
    limit_s: Seconds = 12 * HOUR_S,
    limits: dict[str, Seconds] | None = None,
    side_by_side: SideBySide = 2,
) -> State[Any] | None:
    """Bring every stage of dvc.yaml up to date.

    retries: of a failed stage; bad input and an exceeded limit are not retried. limit_s: wall seconds for one stage,
    waiting for DVC's lock included; `limits` sets another one by address or name (`train`, `train@full`).
    side_by_side: how many stages may run at once.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_known_tracebacks)
    params = load_params()
    with only_run(patience_s=ORPHANS_S) as lock:
        prepare(params)
        stages = OneByOne(environment() | {DRIVEN: "1"}, keep=(lock,))
        graph = stage_graph()
        refuse_unknown(limits or {}, graph)
        walk = Walk(graph, changed_stages())
        parent, stopped = None, ""
        try:
            with _watch(stages) as watch:
                walk.run(_starter(stages, params.current, retries, retry_delay_s, limit_s, limits or {}), side_by_side)
                stopped = watch.reason
        finally:
            stages.stop()
            with suppress(NTLBGError):  # MLflow's absence costs its page, not the run
                parent = finish(succeeded=walk.succeeded)
            run_page.show(walk.rows(), parent)
    if stopped:
        return Cancelled(message=stopped)
    if walk.failures:
        raise PipelineFailedError("; ".join(walk.failures.values()))
    return None


class Walk:
    """Through the graph: what is ready, what has ended and how."""

    def __init__(self, graph: list[Node], changed: set[str] | None) -> None:
        self.needs = dict(graph)
        self.changed = changed
        self.outcomes: dict[str, Outcome] = {}
        self.seconds: dict[str, float] = {}
        self.failures: dict[str, str] = {}
        self._futures: dict[str, PrefectFuture[Outcome]] = {}
        self._began: dict[str, float] = {}

    @property
    def succeeded(self) -> bool:
        return all(self.outcomes.get(a) in (Outcome.RAN, Outcome.RESTORED, Outcome.SKIPPED) for a in self.needs)

    def run(self, start: Callable[..., PrefectFuture[Outcome]], side_by_side: int) -> None:
        """Start each stage when all that it needs has ended well, at most `side_by_side` of them at once.

        start: `(address, futures that it waits for)`, as `_starter` makes it. One failure stops only what needs it.
        """
        ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        while True:
            ready = self._ready()
            for address in ready[: side_by_side - len(self._running())]:
                self._began[address] = time.monotonic()
                future = start(address, [self._futures[n] for n in self.needs[address] if n in self._futures])
                self._futures[address] = future
                future.add_done_callback(lambda _, done=address: ended.put(done))  # type: ignore[misc]
            if not self._running():
                return
            while True:
                with suppress(queue.Empty):
                    self._take(ended.get(timeout=1))  # a wait without end would let no signal through
                    break

    def _running(self) -> list[str]:
        return [address for address in self._futures if address not in self.outcomes]

    def _ready(self) -> list[str]:
        """Stages that can start now. What turns out as skipped or not started is settled on the way."""
        ready = []
        for address, needs in self.needs.items():  # in an order in which each comes after all that it needs
            if address in self.outcomes or address in self._futures:
                continue
            before = [self.outcomes.get(n) for n in needs]
            if any(o in (Outcome.FAILED, Outcome.STOPPED, Outcome.NOT_STARTED) for o in before):
                self.outcomes[address] = Outcome.NOT_STARTED
            elif self.changed is not None and address not in self.changed and set(before) <= {Outcome.SKIPPED}:
                self.outcomes[address] = Outcome.SKIPPED
            elif None not in before:
                ready.append(address)
        return ready

    def _take(self, address: str) -> None:
        self.seconds[address] = time.monotonic() - self._began[address]
        result = self._futures[address].result(raise_on_failure=False)
        if isinstance(result, Outcome):
            self.outcomes[address] = result
        elif isinstance(result, StageStoppedError):
            self.outcomes[address] = Outcome.STOPPED
        else:
            self.outcomes[address] = Outcome.FAILED
            known = isinstance(result, NTLBGError)
            self.failures[address] = result.sentence if known else f"stage `{address}` failed: {result}"

    def rows(self) -> list[dict[str, str]]:
        """Stage, outcome and seconds, as the run's page shows them."""
        return [
            {
                "stage": address,
                "outcome": self.outcomes.get(address, Outcome.STOPPED if address in self._futures else "not started"),
                "seconds": f"{self.seconds[address]:.1f}" if address in self.seconds else "",
            }
            for address in self.needs
        ]


def _starter(
    stages: OneByOne, tier: Tier, retries: int, delay_s: float, limit_s: float, limits: dict[str, float]
) -> Callable[[str, list[PrefectFuture[Outcome]]], PrefectFuture[Outcome]]:
    """Start one stage as a task."""

    def again(_task: object, _run: object, state: State[Any]) -> bool:
        error = state.result(raise_on_failure=False)
        return isinstance(error, StageFailedError) and error.worth_retrying and not stages.stopping.is_set()

    def start(address: str, needs: list[PrefectFuture[Outcome]]) -> PrefectFuture[Outcome]:
        limit = limits.get(address, limits.get(address.partition("@")[0], limit_s))

        def body() -> Outcome:
            from prefect import get_run_logger

            tell = get_run_logger().info
            with gpu_slot(address, tier, stages.stopping):
                return stages.reproduce(address, limit_s=limit, tell=tell)

        one = task(
            name=address,
            task_run_name=address,
            retries=retries,
            retry_delay_seconds=delay_s,
            retry_condition_fn=again,
            cache_policy=NO_CACHE,  # DVC decides whether a stage is needed; a second memory would only disagree
            persist_result=False,
        )(body)
        return one.submit(wait_for=needs, return_state=False)

    return start


def refuse_unknown(limits: dict[str, float], graph: list[Node]) -> None:
    """Raises InputError for a limit of no stage: it would hold for nobody."""
    addresses = {address for address, _ in graph}
    known = addresses | {address.partition("@")[0] for address in addresses}
    for name in limits:
        if name not in known:
            raise InputError(f"limits: there is no stage `{name}`", hint="there are: " + ", ".join(sorted(addresses)))


@contextmanager
def gpu_slot(address: str, tier: Tier, stopping: threading.Event) -> Iterator[None]:
    """One slot of the limit `gpu` for a stage that reads a device that is a GPU; no limit on the server, no wait.

    Raises StageStoppedError when the run is stopped while it waits.
    """
    name, _, argument = address.partition("@")
    reads = declared(name, argument or None).covers
    settings = flatten(tier.model_dump(mode="json"))
    devices = {value.partition(":")[0] for key, value in settings.items() if key.endswith(".device") and reads(key)}
    if "cuda" not in devices:
        yield
        return
    from prefect.concurrency.sync import concurrency

    with ExitStack() as held:
        waiting = True
        while waiting:
            if stopping.is_set():
                raise StageStoppedError(f"stage `{address}` was stopped while it waited for a GPU")
            with suppress(TimeoutError):
                held.enter_context(concurrency(GPU, occupy=1, timeout_seconds=SLOT_S, strict=False))
                waiting = False
        yield


class Watch:
    """Whether the run is to end early, and why."""

    reason = ""


@contextmanager
def _watch(stages: OneByOne) -> Iterator[Watch]:
    """Stop the stages when the run is cancelled on the server, and this process when the worker above it has died.

    A worker cancels by SIGTERM; a flow that was started by hand has none. A dead worker could no longer cancel, and the
    one that replaces it would start the next run beside this one.
    """
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run

    watch, over = Watch(), threading.Event()
    identity, parent = flow_run.id, os.getppid()
    of_a_worker = "PREFECT__FLOW_RUN_ID" in os.environ

    def look() -> None:
        with get_client(sync_client=True) as client:
            while not over.wait(LOOK_S):
                if of_a_worker and os.getppid() != parent:
                    os.kill(os.getpid(), signal.SIGTERM)
                    return
                with suppress(Exception):  # a server that is away for a while is no reason to stop
                    state = client.read_flow_run(identity).state
                    if state and state.type in (StateType.CANCELLING, StateType.CANCELLED):
                        watch.reason = "cancelled: its stages were stopped"
                        stages.stop()
                        return

    thread = threading.Thread(target=look, daemon=True, name="watch")
    thread.start()
    try:
        yield watch
    finally:
        over.set()


def main(argv: list[str] | None = None) -> int:
    """Run the flow here, on the server of PREFECT_API_URL; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.flow", description="The pipeline as a Prefect flow.")
    parser.add_argument("--retries", type=int, default=2, help="of a failed stage")
    parser.add_argument("--retry-delay-s", type=float, default=10.0)
    parser.add_argument("--limit-s", type=float, default=12 * HOUR_S, help="wall seconds for one stage")
    parser.add_argument("--side-by-side", type=int, default=2, help="stages at once")
    options = vars(parser.parse_args(argv))
    try:
        load_params()
        need_server()
        reproduce(**options)
    except NTLBGError as error:
        return say.failure(error)
    except CancelledRun as error:
        print(f"error: {error}", file=sys.stderr)
        return STOPPED
    except OSError as error:
        return say.refusal(error, "the run")
    except KeyboardInterrupt:
        print("error: stopped before it was done", file=sys.stderr)
        return STOPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
