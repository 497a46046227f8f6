"""Selectors by name. Every module of `selection/`, `baselines/` and `rivals/` that defines a Selector is found.

A rule is registered because its file exists; nothing else has to be edited.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter, ValidationError

import ntlbg.selection as room
from ntlbg.errors import InputError
from ntlbg.selection.contract import Selector


def _modules(package: ModuleType) -> list[ModuleType]:
    found = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found.append(module)
        if info.ispkg:
            found += _modules(module)
    return found


@cache
def classes() -> dict[str, type[Selector]]:
    """Selector classes by name, sorted."""
    found: dict[str, type[Selector]] = {}
    for module in _modules(room):
        if module.__name__ == __name__:
            continue
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, Selector) and cls.__module__ == module.__name__ and not inspect.isabstract(cls):
                found[cls.name] = cls
    return dict(sorted(found.items()))


def every() -> list[Selector]:
    """One selector of each kind, with default parameters."""
    return [cls() for cls in classes().values()]


def make(name: str, **parameters: Any) -> Selector:
    """The selector of this name with these parameters.

    Raises InputError naming the unknown selector or parameter, or the value that a parameter cannot have.
    """
    try:
        cls = classes()[name]
    except KeyError:
        raise InputError(
            f"there is no selector `{name}`", hint="`ntlbg selectors` lists them: " + ", ".join(classes())
        ) from None
    known = inspect.signature(cls).parameters
    for parameter in parameters:
        if parameter not in known:
            raise InputError(
                f"selector `{name}` has no parameter `{parameter}`",
                hint="it has: " + (", ".join(known) or "none"),
            )
    try:
        # the fields' types say what is allowed; a list of a YAML file becomes the tuple that the field wants
        return _adapter(cls).validate_python(parameters)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(
            f"selector `{name}`: `{field}` is `{first['input']}`; {first['msg'].replace('Input', 'it', 1)}"
        ) from None


@cache
def _adapter(cls: type[Selector]) -> TypeAdapter[Selector]:
    return TypeAdapter(cls)
