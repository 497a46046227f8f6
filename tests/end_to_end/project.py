"""A small copy of the project with its own git, DVC, store and MLflow, run once from end to end."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.processes import end_left_of, marked

ROOT = Path(__file__).parents[2]
BENCHMARKS = ("longvideobench", "mlvu", "videomme")


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    ran: frozenset[str]  # stages that DVC ran, not those it skipped or restored


@dataclass(frozen=True)
class Project:
    root: Path

    def command(self, *words: str, **environment: str) -> Done:
        try:
            done = subprocess.run(
                [sys.executable, *words],
                cwd=self.root,
                env=self._environment() | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        except BaseException:  # such as the test's time limit: the command is killed, but not what it has started
            end_left_of(self.root)
            raise
        return Done(done.returncode, done.stdout, frozenset(re.findall(r"Running stage '([^']+)'", done.stdout)))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.root,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("NTLBG_", "DVC_", "MLFLOW_", "PREFECT_"))}
        return keep | {
            **marked(self.root),
            "PYTHONPATH": str(self.root),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
        }

    def run(self, *arguments: str, **environment: str) -> Done:
        """`make run`, without the set-up."""
        return self.command("-m", "pipelines.run", *arguments, **environment)

    def git(self, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def edit_params(self, edit: Callable[[dict[str, Any]], None]) -> None:
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        edit(params)
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def lock(self) -> dict[str, Any]:
        return yaml.safe_load((self.root / "dvc.lock").read_text())

    def comparison(self) -> dict[str, Any]:
        return json.loads((self.root / "reports/comparison.json").read_text())

    def measured(self, stage: str) -> dict[str, Any]:
        """Metrics of a stage's last run."""
        return json.loads((self.root / f"reports/runs/{stage}.json").read_text())["metrics"]


def small(params: dict[str, Any]) -> None:
    """The smoke tier with a handful of shorter videos, few draws and few updates; all else as shipped."""
    params["tier"] = "smoke"
    rendered = params["tiers"]["smoke"]["corpus"]["rendered"]
    # shorter, but with frames enough for the points of every presentation; half the frames between two candidates
    rendered.update(dict.fromkeys(BENCHMARKS, 2), train=1, val=1, minutes=4.0, fps=6)
    for room in ("evaluation", "reporting"):  # intervals of six videos are no better for more draws
        params["tiers"]["smoke"][room].update(bootstrap=100, permutations=200)
    params["tiers"]["smoke"]["training"].update(max_steps=2, steps={}, batch_size=4, validate_every=2)


def own_files() -> list[str]:
    """What git tracks or would track, less results."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    names = filter(None, listed.split("\0"))
    return [n for n in names if (ROOT / n).is_file() and not n.startswith("reports/") and n != "dvc.lock"]


def copy_of_the_project(into: Path) -> Project:
    """A copy of its own files as a repository of its own with one commit."""
    for name in own_files():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, into / name)
    project = Project(into)
    project.edit_params(small)
    project.git("init", "-q")
    project.git("config", "user.email", "test@localhost")
    project.git("config", "user.name", "test")
    project.git("add", "-A")
    project.git("commit", "-qm", "copy")
    return project
