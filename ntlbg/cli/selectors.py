"""`ntlbg selectors`: the rules that frames can be chosen by."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False) -> None:
    """List the selectors: name, parameters with their defaults, source, deterministic or not."""
    from ntlbg.selection import registry

    rows: list[dict[str, Any]] = [
        {"name": s.name, "parameters": s.parameters, "source": s.source, "deterministic": s.deterministic}
        for s in registry.every()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        settings = ", ".join(f"{k}={v}" for k, v in row["parameters"].items()) or "no parameters"
        typer.echo(f"{row['name']}{'' if row['deterministic'] else '  (depends on its seed)'}")
        typer.echo(f"    {settings}")
        typer.echo(f"    {row['source']}")
