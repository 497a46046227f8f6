"""The project in small, run once from end to end for all tests here.

Also for those of other processes: of one session of several, and of a later session that is told the same folder, as
`.ci/run` tells the two layers that it runs one after the other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Done, Project
from tests.end_to_end.small_run import SmallRun, small_run
from tests.processes import none_left_of

FOLDER = "SMALL_RUN"  # a variable: where the run is kept for the next session


@pytest.fixture(scope="session")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """The project after its first `make run`, and the copy of it that nobody touches."""
    told = os.environ.get(FOLDER)
    base = tmp_path_factory.getbasetemp()
    of_all = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return small_run(Path(told) if told else of_all / "small-run")


@pytest.fixture(scope="session")
def first_run(kept_run: SmallRun) -> tuple[Project, Done]:
    """The project after its first `make run`. Tests must leave it as they found it."""
    return kept_run.project, kept_run.done


@pytest.fixture
def project(first_run: tuple[Project, Done]) -> Project:
    project, done = first_run
    assert done.code == 0, done.out
    return project


@pytest.fixture
def finished(kept_run: SmallRun) -> Project:
    """The finished project, to look at alone: no test has ever run a command in it."""
    assert kept_run.done.code == 0, kept_run.done.out
    return kept_run.untouched


@pytest.fixture
def own_project(finished: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of the finished project that a test may change as it likes."""
    own = Project(tmp_path / "project")
    shutil.copytree(finished.root, own.root, symlinks=True)
    with none_left_of(own.root):
        yield own
