"""MLflow: one parent run per pipeline run, one child per stage that ran, one nested run per arm under `evaluate`.

The store is sqlite in the working folder, artefacts beside it; MLFLOW_TRACKING_URI points elsewhere. Stages of one
invocation find their parent in `.ntlbg/runs/<invocation>.json`, which holds the parent's id and each child's id and
status. A parent's status is that of its children; one whose invocation has died is closed by the next run.
Nothing here decides a result: runs are a record of what happened.
"""

from __future__ import annotations

import json
import logging
import math
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from ntlbg.errors import NTLBGError
from ntlbg.store import write_atomic
from pipelines.invocation import Invocation
from pipelines.revision import Revision

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput

EXPERIMENT = "ntlbg"
DATABASE = Path("mlflow.db")
ARTIFACTS = Path("mlartifacts")
RUNS = Path(".ntlbg/runs")

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
PARENT_TAG = "mlflow.parentRunId"
BATCH = 100  # parameters that MLflow takes at once
POINTS = 1000  # and numbers
VALUE_CHARACTERS = 6000  # and of each of them


class TrackingError(NTLBGError):
    """The MLflow store cannot be used."""


@dataclass(frozen=True)
class Point:
    """A number of a run at a step. model: the logged model that it was measured on. dataset: name and digest."""

    name: str
    value: float
    step: int = 0
    at_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    model: str | None = None
    dataset: tuple[str, str] | None = None


def own_uri() -> str:
    """The sqlite store of the working folder; absolute, because MLflow keeps connections by address."""
    return f"sqlite:///{DATABASE.absolute()}"


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """`{"video": {"fps": 1.0}}` as `{"video.fps": "1.0"}`; lists as JSON."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return flat


@dataclass
class Tracker:
    """The MLflow store of this working folder, or of MLFLOW_TRACKING_URI."""

    uri: str = field(default_factory=lambda: os.environ.get("MLFLOW_TRACKING_URI") or own_uri())
    folder: Path = RUNS

    @cached_property
    def client(self) -> MlflowClient:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # else each migration is a line
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # its own 7 wait for minutes
        logging.getLogger("alembic").setLevel(logging.WARNING)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri)

    @cached_property
    def experiment(self) -> str:
        """The experiment's id; created, and the database with it, by whoever comes first."""
        with self.access():
            found = self.client.get_experiment_by_name(EXPERIMENT)
            if found is not None:
                return str(found.experiment_id)
            # a server keeps artefacts where it was told to; only our own store needs a place
            place = ARTIFACTS.absolute().as_uri() if self.uri == own_uri() else None
            return str(self.client.create_experiment(EXPERIMENT, artifact_location=place))

    @contextmanager
    def access(self) -> Iterator[None]:
        """One writer at a time: the first access migrates the database, and sqlite has no patience with two."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "mlflow.lock"):
            try:
                yield
            except NTLBGError:
                raise
            except Exception as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise TrackingError(
                    f"the MLflow store {without_secrets(self.uri)} cannot be used ({reason[:200]})",
                    hint="set MLFLOW_TRACKING_URI to a store that can be written, or unset it",
                ) from error

    def start(self, name: str, *, tags: Mapping[str, str], parent: str | None = None) -> str:
        """A new run's id."""
        experiment = self.experiment
        all_tags = {**tags, **({PARENT_TAG: parent} if parent else {})}
        with self.access():
            run = self.client.create_run(experiment, start_time=int(time.time() * 1000), tags=all_tags, run_name=name)
            return str(run.info.run_id)

    def log(
        self,
        run: str,
        *,
        params: Mapping[str, str] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Record parameters, finite metrics and tags of a run. A metric that is not finite was not measured."""
        from mlflow.entities import Param, RunTag

        self.points(run, [Point(k, float(v)) for k, v in (metrics or {}).items()])
        texts = [Param(k, v[:VALUE_CHARACTERS]) for k, v in (params or {}).items()]
        labels = [RunTag(k, v) for k, v in (tags or {}).items()]
        with self.access():
            for first in range(0, len(texts), BATCH):
                self.client.log_batch(run, params=texts[first : first + BATCH])
            if labels:
                self.client.log_batch(run, tags=labels)

    def points(self, run: str, points: Iterable[Point]) -> None:
        """Record finite numbers, each at its step."""
        from mlflow.entities import Metric

        numbers = [
            Metric(p.name, p.value, p.at_ms, p.step, p.model, *(p.dataset or (None, None)))
            for p in points
            if math.isfinite(p.value)
        ]
        with self.access():
            for first in range(0, len(numbers), POINTS):
                self.client.log_batch(run, metrics=numbers[first : first + POINTS])

    def read(self, run: str, dataset: DatasetInput) -> None:
        """Record that a run read a dataset."""
        with self.access():
            self.client.log_inputs(run, datasets=[dataset])

    def artifact(self, run: str, path: Path) -> None:
        """Copy a file into the run."""
        with self.access():
            self.client.log_artifact(run, str(path))

    def end(self, run: str, status: str) -> None:
        """Close a run."""
        with self.access():
            self.client.set_terminated(run, status=status)

    # the parent and its children

    def join(
        self, invocation: Invocation, stage: str, *, tier: str, revision: Revision, settings: Mapping[str, str]
    ) -> str:
        """Start the run of a stage under the parent of its invocation; the parent appears with its first stage."""
        tags = revision_tags(revision) | {"tier": tier}
        with self._state(invocation) as state:
            self._close_dead(invocation)
            if "parent" not in state:
                state["parent"] = self.start(tier, tags=tags | {"invocation": invocation.key, "level": "pipeline"})
                self.log(state["parent"], params=settings)
            else:
                with self.access():
                    self.client.update_run(state["parent"], status=RUNNING)
            child = self.start(stage, tags=tags | {"stage": stage, "level": "stage"}, parent=state["parent"])
            state["children"] = {**state.get("children", {}), stage: {"run": child, "status": RUNNING}}
            return child

    def leave(self, invocation: Invocation, stage: str, status: str) -> None:
        """Close a stage's run, and the parent until another stage reopens it."""
        with self._state(invocation) as state:
            child = state["children"][stage]
            child["status"] = status
            self.end(child["run"], status)
            self.end(state["parent"], _status(state))

    def parent(self, invocation: Invocation) -> str | None:
        """The parent's run id, or None when no stage has run."""
        return self._read(invocation.key).get("parent")

    def finish(self, invocation: Invocation, *, succeeded: bool, artifacts: tuple[Path, ...] = ()) -> str | None:
        """Close the parent of an invocation that has ended, with the files that exist only now."""
        with self._state(invocation) as state:
            parent = state.get("parent")
            if parent is None:
                return None
            for path in artifacts:
                if path.is_file():
                    self.artifact(parent, path)
            ran = sorted(state.get("children", {}))
            self.log(parent, tags={"stages": ", ".join(ran)}, metrics={"stages": len(ran)})
            self._close(state, fallback=FINISHED if succeeded else FAILED)
            state.clear()
            return str(parent)

    def _close(self, state: dict[str, Any], *, fallback: str) -> None:
        """End what still runs: a stage that never left was killed."""
        for child in state.get("children", {}).values():
            if child["status"] == RUNNING:
                child["status"] = KILLED
                self.end(child["run"], KILLED)
        status = _status(state)
        self.end(state["parent"], fallback if status == FINISHED else status)

    def _close_dead(self, current: Invocation) -> None:
        """Close the parents of invocations of this host that ended without a word: plain `dvc repro`, or a kill."""
        for file in self.folder.glob("*-*.json"):
            pid, _, started = file.stem.partition("-")
            if file.stem == current.key or not (pid.isdigit() and started.isdigit()):
                continue
            state = self._read(file.stem)
            if state.get("host") != platform.node() or Invocation(int(pid), int(started)).alive:
                continue
            if "parent" in state:
                self._close(state, fallback=FINISHED)
            file.unlink(missing_ok=True)

    @contextmanager
    def _state(self, invocation: Invocation) -> Iterator[dict[str, Any]]:
        """The invocation's file, locked while it is changed; empty state removes it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{invocation.key}.json"
        with FileLock(self.folder / "runs.lock"):
            state = self._read(invocation.key)
            try:
                yield state
            finally:
                if state:
                    write_atomic(file, json.dumps({**state, "host": platform.node()}))
                else:
                    file.unlink(missing_ok=True)

    def _read(self, key: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self.folder / f"{key}.json").read_text()))
        except (FileNotFoundError, ValueError):
            return {}


def _status(state: Mapping[str, Any]) -> str:
    """Of a parent, from its children: the worst of them."""
    statuses = {child["status"] for child in state.get("children", {}).values()}
    return next((s for s in (RUNNING, FAILED, KILLED) if s in statuses), FINISHED)


def revision_tags(revision: Revision) -> dict[str, str]:
    """As MLflow's own page shows them."""
    return {
        "mlflow.source.git.commit": revision.commit,
        "git.commit": revision.commit,
        "git.dirty": str(revision.dirty).lower(),
    }


def without_secrets(uri: str) -> str:
    """A URI without user, password and query, fit to be printed."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) if parts.netloc else uri
