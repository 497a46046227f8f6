"""How the tests are dealt out: what stays together, what starts first, what is not even imported."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import LONGEST, Rooms, pytest_collection_modifyitems, pytest_ignore_collect

ROOT = Path(__file__).parents[2]
RERUNS = "tests/end_to_end/test_reruns.py"


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("tests/video/test_plan.py::test_a", "tests/video/test_plan.py"),
        ("tests/video/test_plan.py::TestMore::test_b[x::y]", "tests/video/test_plan.py"),
        ("tests/end_to_end/test_mlflow.py::test_a", "tests/end_to_end/"),
        ("tests/end_to_end/test_honesty.py::test_a", "tests/end_to_end/"),
        (f"{RERUNS}::test_a", f"{RERUNS}::test_a"),
        (f"{RERUNS}::test_a[x]", f"{RERUNS}::test_a"),
    ],
)
def test_a_file_stays_together_and_re_runs_do_not(name, scope):
    """What looks at the shared small run does so in one process; a re-run has a copy of its own."""
    assert Rooms._split_scope(object.__new__(Rooms), name) == scope


def test_the_longest_start_first():
    """Then files of many tests before files of few, each in its own order."""
    names = [
        "tests/a/test_few.py::test_2",
        "tests/a/test_few.py::test_1",
        "tests/b/test_many.py::test_1",
        "tests/b/test_many.py::test_2",
        "tests/b/test_many.py::test_3",
        f"{RERUNS}::test_1",
        f"{RERUNS}::test_two_clones_give_equal_hashes_though_one_was_killed",
        "tests/pipelines/test_flow_worker.py::test_1",
    ]
    items = [SimpleNamespace(nodeid=name, path=Path(name.partition("::")[0])) for name in names]
    pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == [*names[:4:-1], *names[2:5], *names[:2]]


def test_the_longest_are_there():
    """A name that has changed would be dealt out last, and waited for alone."""
    for name in LONGEST:
        path, _, test = name.partition("::")
        assert (ROOT / path).exists()
        assert not test or f"def {test}" in (ROOT / path).read_text(encoding="utf-8")


def test_a_file_without_a_slow_test_is_not_imported_for_the_slow_ones():
    """Of the others none is left out, and with no other selection any."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    left_out = {path for path in files if pytest_ignore_collect(path, config("slow"))}
    assert len(left_out) > 100
    assert not [path for path in left_out if "mark.slow" in path.read_text(encoding="utf-8")]
    for mark in ("", "not slow", "slow or gpu"):
        assert not any(pytest_ignore_collect(path, config(mark)) for path in files)
    assert not pytest_ignore_collect(ROOT / "tests" / "house", config("slow"))


def config(mark: str) -> SimpleNamespace:
    return SimpleNamespace(option=SimpleNamespace(markexpr=mark))
