"""The one wrapper of every stage body.

    @stage("decode")
    def decode(run: Run) -> None: ...

    if __name__ == "__main__":
        decode.main()

The body runs as a Prefect task. With PREFECT_API_URL set it is a flow run of its own on that server; without, the
task's plain function is called, Prefect is not even imported, and no server is started. A driver that is itself a
flow sets NTLBG_DRIVEN=1, and its children open no flow of their own.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ntlbg import garbage
from ntlbg.config.load import load_params
from ntlbg.config.schema import Tier
from ntlbg.errors import InputError, NTLBGError
from ntlbg.store import Store, folder_atomic, write_atomic
from pipelines import invocation, say
from pipelines.datasets import Dataset, dataset_input
from pipelines.declared import Declared, declared
from pipelines.revision import Revision, revision
from pipelines.series import Series
from pipelines.system_metrics import SystemMetrics
from pipelines.tracking import FAILED, FINISHED, KILLED, Point, Tracker, TrackingError, flatten
from pipelines.usage import Usage, machine

if TYPE_CHECKING:
    import pandas as pd
    from prefect import Task

DRIVEN = "NTLBG_DRIVEN"
REPORTS = Path("reports/runs")
PROBLEM_CHARACTERS = 1000  # MLflow refuses a run whose tag is too long
STOPPED = 130  # exit code of a stage that a person stopped, as shells count


@dataclass
class Run:
    """What a stage body may use. Reading a parameter that dvc.yaml does not list for the stage is an error."""

    declared: Declared
    tier_name: str
    all_params: Tier
    seed_value: int
    tracker: Tracker
    mlflow_run: str
    store: Store = field(default_factory=Store.default)
    measured: dict[str, float] = field(default_factory=dict)
    _datasets: dict[Dataset, Any] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """Its address: `decode`, `evaluate@videomme`."""
        return self.declared.stage

    @property
    def params(self) -> Tier:
        """The active tier, of which only declared sections can be read."""
        return cast(Tier, self.declared.view(self.all_params))

    @property
    def seed(self) -> int:
        self.declared.allow_key("seed")
        return self.seed_value

    @property
    def tier(self) -> str:
        """The active tier's name."""
        self.declared.allow_key("tier")
        return self.tier_name

    def metrics(self, **numbers: float) -> None:
        """Numbers that the stage measured, recorded when it ends."""
        self.measured |= numbers

    def count(self, **numbers: int) -> None:
        """Like `metrics`, and told to the user: `decode: 1 decoded, 89 reused`."""
        self.metrics(**numbers)
        say.note(f"{self.stage}: " + ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in numbers.items()))

    @cached_property
    def curves(self) -> Series:
        """What `series` collects."""
        return Series(self.tracker, self.mlflow_run)

    def series(self, step: int, **numbers: float) -> None:
        """Numbers of one step, as curves of the stage's run: cheap enough for a training loop.

        They go to MLflow alone; what the stage is to be judged by belongs in `metrics`.
        """
        self.curves.add(step, numbers)

    def artifact(self, path: Path) -> None:
        """Copy a file that the stage wrote into its MLflow run. A store that fails is told and costs nothing else."""
        try:
            self.tracker.artifact(self.mlflow_run, path)
        except TrackingError as error:
            say.note(f"warning: {self.stage}: {path} is not in MLflow: {error.sentence}")

    def dataset(self, table: Path | pd.DataFrame, name: str, context: str, *, source: Path | None = None) -> Dataset:
        """Record that the stage read a table, or those of its rows that are given.

        table: a parquet file, or rows out of the file `source`. context: `training`, `validation` or `test`.
        """
        import pandas as pd

        if isinstance(table, Path):
            table, source = pd.read_parquet(table), table
        if source is None:
            raise InputError(f"dataset `{name}`: rows without the file they come from", hint="name it as `source`")
        dataset, described = dataset_input(table, name=name, context=context, source=str(source))
        self.tracker.read(self.mlflow_run, described)
        self._datasets[dataset] = described
        return dataset

    def checkpoint(
        self, name: str, folder: Path, params: dict[str, Any], metrics: dict[str, float], step: int
    ) -> str | None:
        """A checkpoint as a model of its own on MLflow's page, with its parameters and what was measured on it.

        folder: what was saved; the model holds a list of its files and their digests, not the files: the weights that
        count are a stage's output. Returns the model's id, or None when the store failed, which is told and costs
        nothing else.
        """
        from pipelines.checkpoints import log_checkpoint

        self.curves.flush()
        try:
            return log_checkpoint(self.tracker, self.mlflow_run, name, folder, flatten(params), metrics, step)
        except TrackingError as error:
            say.note(f"warning: {self.stage}: checkpoint `{name}` is not in MLflow: {error.sentence}")
            return None

    def register(self, name: str, checkpoints: dict[str, Path], settings: dict[str, Any]) -> str | None:
        """A version of the model `name` in MLflow's registry, and the tier's alias on it. See `pipelines.registry`.

        Returns the version, or None when the store failed, which is told and costs nothing else.
        """
        from pipelines.registry import register

        tags = {"tier": self.tier_name}
        try:
            return register(
                self.tracker,
                self.mlflow_run,
                name=name,
                alias=self.tier_name,
                checkpoints=checkpoints,
                settings=settings,
                tags=tags,
            )
        except TrackingError as error:
            say.note(f"warning: {self.stage}: model `{name}` is not in MLflow's registry: {error.sentence}")
            return None

    def nested(
        self,
        name: str,
        *,
        params: dict[str, Any],
        metrics: dict[str, float],
        tags: dict[str, str] | None = None,
        dataset: Dataset | None = None,
    ) -> str | None:
        """A finished run under this stage's: one arm on one benchmark. Returns its id.

        dataset: of this stage; the run has read it too, and its metrics are linked to it. None when the store failed,
        which is told: hours of work have been written by then.
        """
        level = {"level": "arm", "tier": self.tier_name}
        link = (dataset.name, dataset.digest) if dataset else None
        try:
            run = self.tracker.start(name, tags=level | (tags or {}), parent=self.mlflow_run)
            self.tracker.log(run, params=flatten(params))
            self.tracker.points(run, [Point(key, float(value), dataset=link) for key, value in metrics.items()])
            if dataset:
                self.tracker.read(run, self._datasets[dataset])
            self.tracker.end(run, FINISHED)
        except TrackingError as error:
            say.note(f"warning: {self.stage}: run `{name}` is not in MLflow: {error.sentence}")
            return None
        return run

    @contextmanager
    def folder(self, path: Path) -> Iterator[Path]:
        """A fresh folder to fill, which becomes `path` when the block ends well; a killed one leaves nothing there."""
        clear(path)
        with folder_atomic(path) as partial:
            yield partial


def clear(path: Path) -> None:
    """Remove an output, and the unfinished ones that killed runs left beside it."""
    for old in (path, *path.parent.glob(f".{path.name}.*.partial")):
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)


@dataclass
class Stage:
    """A stage: its name, the argument it takes, and its body."""

    name: str
    argument: str | None
    body: Callable[..., None]
    execute: Callable[[str | None], None]

    @cached_property
    def task(self) -> Task[[str | None], None]:
        """The Prefect task. Its function, `task.fn`, is `execute`: the same code with and without a server."""
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        # DVC decides whether a stage is needed; a second memory would only disagree with it
        return task(name=self.name, cache_policy=NO_CACHE, persist_result=False)(self.execute)

    def run(self, argument: str | None = None) -> None:
        """Run the stage here. Raises what its body raises."""
        if os.environ.get("PREFECT_API_URL") and not os.environ.get(DRIVEN):
            self._run_on_server(argument)
        else:
            self.execute(argument)

    def _run_on_server(self, argument: str | None) -> None:
        """As a flow run with one task, on the server of PREFECT_API_URL."""
        expect_server(os.environ["PREFECT_API_URL"])
        os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] = "false"
        os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        from prefect import flow

        for name in ("prefect.flow_runs", "prefect.task_runs"):
            logging.getLogger(name).addFilter(_without_known_tracebacks)

        @flow(name=self.name, flow_run_name=address(self.name, argument), persist_result=False)
        def alone() -> None:
            self.task(argument)

        alone()

    def main(self, argv: list[str] | None = None) -> NoReturn:
        """`python -m pipelines.stages.<name> [argument]`: exit 0, or one sentence and the error's exit code."""
        words = sys.argv[1:] if argv is None else argv
        signal.signal(signal.SIGTERM, _stop)
        garbage.collect_rarely()
        try:
            if len(words) != (self.argument is not None):
                usage = f"{self.name} <{self.argument}>" if self.argument else f"{self.name}, without arguments"
                raise InputError(f"{self.name}: takes {'one argument' if self.argument else 'no argument'}", hint=usage)
            self.run(words[0] if words else None)
        except NTLBGError as error:
            sys.exit(say.failure(error))
        except OSError as error:
            sys.exit(say.refusal(error, address(self.name, words[0] if self.argument and words else None)))
        except KeyboardInterrupt:
            print(f"error: {self.name}: stopped before it was done", file=sys.stderr)
            sys.exit(STOPPED)
        finally:
            garbage.collect_no_more()
        sys.exit(0)


def stage(name: str, *, argument: str | None = None) -> Callable[[Callable[..., None]], Stage]:
    """Make a body `(run)`, or `(run, argument)` where `argument` names one, the stage `name` of dvc.yaml."""

    def wrap(body: Callable[..., None]) -> Stage:
        def execute(chosen: str | None = None) -> None:
            _execute(name, body, chosen)

        execute.__name__ = name
        execute.__doc__ = body.__doc__
        return Stage(name, argument, body, execute)

    return wrap


def address(name: str, argument: str | None) -> str:
    """As DVC writes it: `evaluate@videomme`."""
    return f"{name}@{argument}" if argument else name


def _execute(name: str, body: Callable[..., None], argument: str | None) -> None:
    """The body, with its parameters, its MLflow run and its costs."""
    usage = Usage()
    rules = declared(name, argument)
    params = load_params()
    code = revision()
    tracker = Tracker()
    group = invocation.current()
    everything = flatten({"seed": params.seed, "tier": params.tier, **params.current.model_dump(mode="json")})
    mlflow_run = tracker.join(group, rules.stage, tier=params.tier, revision=code, settings=everything)
    run = Run(rules, params.tier, params.current, params.seed, tracker, mlflow_run)
    status, problem = FAILED, ""
    try:
        with SystemMetrics(tracker, mlflow_run):
            body(run) if argument is None else body(run, argument)
        status = FINISHED
    except NTLBGError as error:
        problem = error.sentence[:PROBLEM_CHARACTERS]
        raise
    except (KeyboardInterrupt, SystemExit):
        status = KILLED
        raise
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"[:PROBLEM_CHARACTERS]
        raise
    finally:
        costs = usage.reading()
        try:
            _report(run, usage.started, costs, status, problem, code)
        except OSError as error:  # nor may a report that cannot be written hide what went wrong
            say.refusal(error, f"{run.stage}: its report")
        _record(run, group, everything, costs, status, problem)
    say.note(f"{run.stage}: done in {costs['wall_s']:.1f} s, {costs['peak_memory_mb']:.0f} MB")


def _report(run: Run, started: float, costs: dict[str, float], status: str, problem: str, code: Revision) -> None:
    """reports/runs/<stage>.json: what differs from run to run, so no stage depends on it and git ignores it."""
    content = {
        "stage": run.stage,
        "tier": run.tier_name,
        "status": status,
        "error": problem,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(started)),
        **costs,
        "metrics": run.measured,
        "machine": machine(),
        "git_commit": code.commit,
        "git_dirty": code.dirty,
        "mlflow_run": run.mlflow_run,
    }
    write_atomic(REPORTS / f"{run.stage}.json", json.dumps(content, indent=2) + "\n")


def _record(
    run: Run,
    group: invocation.Invocation,
    everything: dict[str, str],
    costs: dict[str, float],
    status: str,
    problem: str,
) -> None:
    """Complete the MLflow run. The outputs are written by now: a store that fails only now must not cost them."""
    try:
        read = {k: v for k, v in everything.items() if run.declared.covers(k)}
        tags = {"error": problem} if problem else {}
        tags |= {f"machine.{name}": str(value) for name, value in machine().items()}
        run.curves.flush()
        run.tracker.log(run.mlflow_run, params=read, metrics={**run.measured, **costs}, tags=tags)
        run.tracker.leave(group, run.stage, status)
    except TrackingError as error:
        say.note(f"warning: {run.stage}: its results are not in MLflow: {error.sentence}")


def expect_server(url: str) -> None:
    """Raises InputError when nothing answers at a Prefect API address."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=10):
            pass
    except urllib.error.HTTPError:
        pass  # it answers; whether it wants a password is Prefect's business
    except (OSError, ValueError) as error:
        raise InputError(
            f"PREFECT_API_URL: no Prefect server answers at {url} ({getattr(error, 'reason', error)})",
            hint="start one with `prefect server start`, or unset PREFECT_API_URL to run without",
        ) from None


def _without_known_tracebacks(record: logging.LogRecord) -> bool:
    """Our errors say what is wrong in a sentence; a traceback under it helps nobody."""
    if record.exc_info and isinstance(record.exc_info, tuple) and isinstance(record.exc_info[1], NTLBGError):
        record.exc_info = None
    return True


def _stop(signum: int, frame: object) -> NoReturn:
    """SIGTERM ends the stage the way Ctrl-C does, so that its run is closed and its unfinished folder removed."""
    raise KeyboardInterrupt
