"""Rooms, modules and their tests: where things are and that each is tested."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ntlbg", "pipelines")

# Modules without a test file of their own name, and what tests them instead.
TESTED_ELSEWHERE = {
    f"ntlbg/records/{name}.py": "tests/records/test_records.py"
    for name in ("arrays", "outcome", "prompt", "query", "question", "selection", "video_index")
} | {
    **{
        f"pipelines/stages/{name}.py": "tests/pipelines/stages/test_stages.py"
        for name in ("backbone", "compare", "corpus", "decode", "evaluate", "features", "validate")
    },
    **{
        f"ntlbg/questions/protocols/{name}.py": "tests/questions/test_protocols.py"
        for name in ("letters", "open", "protocol")
    },
    "ntlbg/questions/collect.py": "tests/questions/test_reading.py",
    "ntlbg/config/schema.py": "tests/config/test_load.py",
    "pipelines/comparison_table.py": "tests/pipelines/test_run.py",
    "pipelines/declared.py": "tests/pipelines/test_dvc_yaml.py",
}

NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base"}


@cache
def modules() -> list[Path]:
    return sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def files_of_tests() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))


def has_code(path: Path) -> bool:
    """Anything but a docstring and imports."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    imports = (ast.Import, ast.ImportFrom)
    return any(not isinstance(node, (*imports, ast.Expr)) for node in body)


def places(module: Path) -> set[Path]:
    """Where a module's test may stand: tests/<room>/…/test_<module>.py; the folders below a room may be left out."""
    parts = module.parts[1:] if module.parts[0] == "ntlbg" else module.parts
    # what an `__init__` gathers is tested under the folder's name
    stem = module.parent.name if module.stem == "__init__" else module.stem
    folders, name = parts[:-1], f"test_{stem}.py"
    return {Path("tests", *folders[:depth], name) for depth in range(min(1, len(folders)), len(folders) + 1)}


def test_every_module_has_a_test_of_its_name():
    """What is written is tested, and the test is found by the path of what it tests."""
    tests = set(files_of_tests())
    untested = [
        str(module)
        for module in modules()
        if has_code(module) and not places(module) & tests and str(module) not in TESTED_ELSEWHERE
    ]
    assert untested == []


def test_exceptions_are_needed_and_true():
    """An exception names a module that exists, has no test of its name, and is tested by a file that exists."""
    for module, elsewhere in TESTED_ELSEWHERE.items():
        assert (ROOT / module).is_file(), module
        assert not places(Path(module)) & set(files_of_tests()), module
        assert (ROOT / elsewhere).is_file(), elsewhere


def test_no_room_is_a_drawer():
    """A helper lives with its only user or in the lowest room whose idea it is."""
    drawers = [str(path) for path in modules() if NAMELESS & {path.stem, *path.parts[:-1]}]
    assert drawers == []


def test_every_room_says_what_it_holds():
    """A room's `__init__` is one docstring: importing a room loads nothing. Folders inside a room may gather names."""
    for path in modules():
        if path.name != "__init__.py":
            continue
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path} says nothing"
        if len(path.parts) == 3:
            assert len(tree.body) == 1, f"{path} holds more than a docstring"


@pytest.mark.parametrize("path", files_of_tests(), ids=str)
def test_every_test_states_its_property(path):
    """A test that fails tells by its docstring what no longer holds."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    mute = [node.name for node in functions if node.name.startswith("test_") and not ast.get_docstring(node)]
    assert mute == []
