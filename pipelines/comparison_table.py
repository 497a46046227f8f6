"""The comparison in a terminal, and where its pages lie: the last words of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError

PLAIN_WIDTH = 150  # columns where no terminal says its own


def read(path: Path) -> dict[str, Any]:
    """A comparison.json.

    Raises InputError when it is missing or not one of ours.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content["benchmarks"], dict):
            raise TypeError
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", hint="`make run` writes it") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: is not a comparison", hint="`dvc repro --force compare` writes it anew") from None
    return dict(content)


def show(comparison: dict[str, Any], reports: Path) -> None:
    """Print the tables, the verdict, and the report's paths."""
    from rich.console import Console

    from ntlbg.reporting.table import print_comparison

    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    print_comparison(comparison, console)
    for suffix in ("html", "md", "json"):
        console.print(f"report: {reports / f'comparison.{suffix}'}", highlight=False, soft_wrap=True)
