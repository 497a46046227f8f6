"""A working folder with the project's params.yaml and dvc.yaml, and an MLflow store that is already there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No setting of the person who runs the tests reaches them."""
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI", "NTLBG_DRIVEN", "NTLBG_INVOCATION", "NTLBG_STORE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A migrated sqlite file: making one takes seconds, copying it none."""
    from pipelines.tracking import Tracker

    folder = tmp_path_factory.mktemp("mlflow")
    before = Path.cwd()
    os.chdir(folder)
    try:
        tracker = Tracker()
        # the experiment's artefact folder is absolute, so each test makes its own
        tracker.client.search_experiments()
    finally:
        os.chdir(before)
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def empty_dvc(tmp_path_factory):
    """A folder after `dvc init` without git, to be copied into a project."""
    from tests.pipelines.prefect_world import clean_environment

    folder = tmp_path_factory.mktemp("dvc")
    command = [sys.executable, "-m", "dvc", "init", "-q", "--no-scm"]
    subprocess.run(command, cwd=folder, env=clean_environment(), check=True)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch, empty_store):
    """The working folder, with the real params.yaml and dvc.yaml."""
    for name in ("params.yaml", "dvc.yaml", "sources.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory):
    """A Prefect server for all tests that need one; its database goes with them."""
    from tests.pipelines.prefect_world import served

    with served(tmp_path_factory.mktemp("prefect")) as server:
        yield server


@pytest.fixture
def make_workspace(tmp_path, empty_dvc):
    """Makes a small DVC project; nothing that was started in it outlives the test."""
    from tests.pipelines import prefect_world
    from tests.processes import none_left_of

    root = tmp_path / "workspace"
    with none_left_of(root):
        yield partial(prefect_world.make_workspace, root, empty_dvc)


@pytest.fixture
def workspace(make_workspace, prefect_server):
    """One whose flows run on that server."""
    return make_workspace(prefect_server)
