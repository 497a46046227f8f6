"""The floors of the house: imports go down, never up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the packages of `folder`, which come before any installed ones."""
    return subprocess.run(
        [LINT, "--no-cache"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_the_floors_hold():
    """No room imports from a floor above it, nor from a neighbour, nor a tool that is not its own."""
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def small_house(tmp_path):
    """Two packages of a few empty rooms under the real contract."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for room in ("ntlbg/records", "ntlbg/selection", "ntlbg/video", "pipelines/checks"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "__init__.py").touch()
    for module in (
        "ntlbg/__init__",
        "ntlbg/errors",
        "ntlbg/garbage",
        "ntlbg/processes",
        "ntlbg/progress",
        "ntlbg/section",
        "ntlbg/store",
        "pipelines/__init__",
    ):
        (tmp_path / f"{module}.py").touch()

    def with_line(module: str, line: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / module).write_text(line)
        return lint(tmp_path)

    return with_line


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("ntlbg/records/a.py", "import ntlbg.selection", "imports go down"),
        ("ntlbg/selection/a.py", "import ntlbg.video", "imports go down"),
        ("ntlbg/errors.py", "def late():\n    import ntlbg.store", "imports go down"),
        ("ntlbg/attic.py", "", "imports go down"),
        ("ntlbg/video/a.py", "import mlflow.tracking", "the library knows"),
        ("ntlbg/video/a.py", "import pipelines", "the library knows"),
        ("pipelines/late.py", "def late():\n    import great_expectations", "Great Expectations is"),
        ("pipelines/late.py", "from dvc.repo import Repo", "DVC's own API"),
    ],
)
def test_a_wrong_import_breaks_the_contract(small_house, module, line, broken):
    """The contract can fail: upwards, sideways, inside a function, in a room that no floor names, to a foreign tool."""
    result = small_house(module, line)
    assert result.returncode == 1, result.stdout
    verdicts = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert len(verdicts) == 1, result.stdout
    assert verdicts[0].startswith(broken)


def test_right_imports_are_left_alone(small_house):
    """Downward imports and the two rooms with leave to use their tool pass."""
    assert small_house("ntlbg/video/a.py", "import ntlbg.records, ntlbg.store").returncode == 0
    assert small_house("pipelines/graph.py", "from dvc.repo import Repo").returncode == 0
    result = small_house("pipelines/checks/a.py", "import great_expectations.expectations")
    assert result.returncode == 0, result.stdout
