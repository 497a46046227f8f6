"""Which rooms of code a stage runs, found from its imports (those inside functions too), followed through `ntlbg`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# they carry messages and the base of settings, never a value
SILENT = {"ntlbg", "ntlbg.errors", "ntlbg.garbage", "ntlbg.progress", "ntlbg.section"}
FOLLOWED = ("ntlbg", "pipelines.checks")


def file_of(module: str) -> Path | None:
    """The module's file, or None when there is no such module in the project."""
    path = ROOT.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


@cache
def imports(file: Path) -> tuple[str, ...]:
    """Project modules that a file names in import statements outside `if TYPE_CHECKING`."""
    return tuple(sorted({name for name in _named(ast.parse(file.read_text())) if file_of(name)}))


def _named(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from _named(child)


def reached(stage_file: Path, *more: str) -> set[str]:
    """Modules of `ntlbg` and `pipelines.checks` that a stage can run. more: modules that it finds without an import."""
    todo, seen = [*imports(stage_file), *more], set[str]()
    while todo:
        module = todo.pop()
        if module in seen or not module.startswith(FOLLOWED) or module in SILENT:
            continue
        seen.add(module)
        todo += imports(file_of(module))  # type: ignore[arg-type]
    return seen


def rooms(stage_file: Path, rules: Collection[str] | None = None) -> set[str]:
    """The paths that the stage's `deps` must list: rooms as folders, single modules of the house as files.

    Of `selection/` a stage that names rules lists their files; one that goes through the registry, which finds every
    rule, lists the folder. rules: modules of the rules that the stage asks the registry for, where it asks for no
    others; then these and what they import are listed, beside the registry.
    """
    modules = reached(stage_file, *(rules or ()))
    found = {stage_file.relative_to(ROOT).as_posix()}
    for module in modules:
        parts = module.split(".")
        single = rules is not None or "ntlbg.selection.registry" not in modules
        if parts[:2] == ["ntlbg", "selection"] and single:
            if len(parts) > 2:
                found.add(file_of(module).relative_to(ROOT).as_posix())  # type: ignore[union-attr]
        elif (ROOT / parts[0] / parts[1]).is_dir():
            found.add("/".join(parts[:2]))
        else:
            found.add(f"{parts[0]}/{parts[1]}.py")
    return found


if __name__ == "__main__":
    for file in sorted((ROOT / "pipelines" / "stages").glob("[a-z]*.py")):
        print(file.stem, *(f"      - {path}" for path in sorted(rooms(file))), sep="\n")
