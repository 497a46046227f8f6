"""The project in small, run once from end to end for all tests here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Done, Project, copy_of_the_project
from tests.processes import none_left_of


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Done]:
    """The project after its first `make run`. Tests must leave it as they found it."""
    project = copy_of_the_project(tmp_path_factory.mktemp("project"))
    return project, project.run()


@pytest.fixture
def project(first_run: tuple[Project, Done]) -> Project:
    project, done = first_run
    assert done.code == 0, done.out
    return project


@pytest.fixture
def own_project(project: Project, tmp_path: Path) -> Iterator[Project]:
    """A copy of the finished project that a test may change as it likes."""
    own = Project(tmp_path / "project")
    shutil.copytree(project.root, own.root, symlinks=True)
    with none_left_of(own.root):
        yield own
