"""`ntlbg selectors`: the rules that frames can be chosen by."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ntlbg.selection.contract import Selector

WIDTH = 110  # columns of text
OURS = "ntlbg.selection"
ORDER = ("", "ablations", "baselines", "seed", "rivals")  # folders; any other one comes after them, by name


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List the selectors: name, parameters with their defaults, source, deterministic or not."""
    from ntlbg.selection import registry

    selectors = registry.every()
    if as_json:
        rows: list[dict[str, Any]] = [
            {"name": s.name, "parameters": s.parameters, "source": s.source, "deterministic": s.deterministic}
            for s in selectors
        ]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    registered = {type(s): s for s in selectors}
    for place, (room, group) in enumerate(groupby(sorted(selectors, key=_rank), key=_room)):
        typer.echo(("\n" if place else "") + _heading(room))
        for selector in group:
            typer.echo(f"\n{selector.name}{'' if selector.deterministic else '  (depends on its seed)'}")
            for text in (_first_line(type(selector).__module__), _settings(selector, registered), selector.source):
                typer.echo(fill(text, WIDTH, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False))


def _room(selector: Selector) -> str:
    """The folder of the rule's file below `selection/`; nothing for a file of the room itself."""
    return type(selector).__module__.removeprefix(OURS).strip(".").rpartition(".")[0]


def _rank(selector: Selector) -> tuple[int, str, str]:
    room = _room(selector)
    return ORDER.index(room) if room in ORDER else len(ORDER), room, selector.name


def _heading(room: str) -> str:
    return f"{room.upper()}: {_first_line(f'{OURS}.{room}')}" if room else "OURS"


def _first_line(module: str) -> str:
    """The idea of a module, as its first line says it; its folder is loaded with it."""
    return (sys.modules[module].__doc__ or "").strip().partition("\n")[0]


def _settings(selector: Selector, registered: dict[type[Selector], Selector]) -> str:
    """Parameters with their defaults; of a rule derived from another, those in which it differs."""
    mine = selector.parameters
    parent = next((registered[base] for base in type(selector).__mro__[1:] if base in registered), None)
    theirs = parent.parameters if parent else {}
    told = ", ".join(f"{k}={v}" for k, v in mine.items() if k not in theirs or theirs[k] != v)
    if parent:
        return f"as {parent.name}" + (f", with {told}" if told else "")
    return told or "no parameters"
