"""What dvc.yaml says a stage reads of params.yaml: the one list of it, so that no stage can read more.

`tiers.${tier}.video` allows `run.params.video`; `tiers.${tier}.backbone.encoder` that part of the section only;
`seed` and `tier` allow `run.seed` and `run.tier`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ntlbg.errors import InputError

IN_TIER = "tiers.${tier}."


@dataclass(frozen=True)
class Declared:
    """stage: its address. keys: top-level keys it may read. sections: parts of the tier, as dotted paths.

    deps: files and folders whose change re-runs it.
    """

    stage: str
    keys: frozenset[str]
    sections: frozenset[str]
    deps: frozenset[str] = frozenset()

    def allow_key(self, key: str) -> None:
        """Refuse a top-level key that dvc.yaml does not list: its change would not re-run the stage."""
        if key not in self.keys:
            raise self._undeclared(key)

    def allow_file(self, path: str) -> None:
        """Refuse code that only params.yaml named and dvc.yaml does not list: its change would not re-run the stage."""
        if not any(path == dep or path.startswith(f"{dep}/") for dep in self.deps):
            raise InputError(
                f"dvc.yaml: stage `{self.stage}` runs `{path}`, which is not among its deps",
                hint="add it to the stage's `deps`, or a change of it would not re-run the stage",
            )

    def view(self, section: Any, at: str = "") -> Any:
        """`section` where the stage may read it whole, else a view that refuses what is not declared."""
        if at and self.covers(at):
            return section
        if at and not any(path.startswith(f"{at}.") for path in self.sections):
            raise self._undeclared(f"{IN_TIER}{at}")
        return _View(self, section, at)

    def covers(self, name: str) -> bool:
        """Whether the stage may read `name`: a top-level key, or a dotted path within the tier."""
        return name in self.keys or any(name == s or name.startswith(f"{s}.") for s in self.sections)

    def _undeclared(self, what: str) -> InputError:
        return InputError(
            f"dvc.yaml: stage `{self.stage}` reads `{what}`, which is not among its params",
            hint="add it to the stage's `params`, or a change of it would not re-run the stage",
        )


class _View:
    """A section of which only declared parts can be read."""

    def __init__(self, declared: Declared, section: Any, at: str) -> None:
        self._declared, self._section, self._at = declared, section, at

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._section, name)
        return self._declared.view(value, f"{self._at}.{name}" if self._at else name)


def declared(name: str, argument: str | None, path: Path = Path("dvc.yaml")) -> Declared:
    """The declaration of stage `name`, or of `name@argument`.

    Raises InputError when dvc.yaml has no such stage, or has it without or with another argument.
    """
    address = f"{name}@{argument}" if argument else name
    try:
        stages = yaml.safe_load(path.read_text())["stages"]
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", hint="run in the project's folder") from None
    except (yaml.YAMLError, KeyError, TypeError):
        raise InputError(f"{path}: does not list stages") from None
    definition = stages.get(name)
    if definition is None:
        raise InputError(f"{path}: has no stage `{address}`", hint="it has: " + ", ".join(stages))
    items = definition.get("foreach", [None])
    if argument not in items:
        known = ", ".join(f"{name}@{item}" if item else name for item in items)
        raise InputError(f"{path}: has no stage `{address}`", hint=f"it has {known}")
    definition = definition.get("do", definition)
    params = [p.replace("${item}", argument or "") for p in definition.get("params", [])]
    sections = frozenset(p.removeprefix(IN_TIER) for p in params if p.startswith(IN_TIER))
    keys = frozenset(p for p in params if not p.startswith(IN_TIER))
    return Declared(address, keys, sections, frozenset(map(str, definition.get("deps", []))))
