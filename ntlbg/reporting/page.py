"""The comparison as one offline HTML page: no script, nothing loaded from anywhere, every string escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.reporting import words
from ntlbg.reporting.examples import Example
from ntlbg.reporting.figures import bars, forest
from ntlbg.reporting.table import cells, facts, training_rows
from ntlbg.reporting.trained import TITLE, is_of_training, training
from ntlbg.reporting.verdict import outcome, verdict

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = Path(__file__).with_name("page.html")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(TEMPLATE.read_text())


def page(comparison: dict[str, Any], examples: Sequence[Example], *, title: str) -> str:
    """The HTML of `reports/comparison.html`."""
    found, brought = verdict(comparison), training(comparison)
    benchmarks = [
        {
            "name": words.benchmark_name(name),
            "facts": facts(figures),
            "notes": found.notes[name],
            "tables": [
                {"metric": metric_name, "rows": list(cells(figures, metric))}
                for metric, metric_name in words.METRICS.items()
            ],
            "paired": _judged(
                [e for e in figures["paired"] if not is_of_training(e, {arm["arm"]: arm for arm in figures["arms"]})]
            ),
        }
        for name, figures in comparison["benchmarks"].items()
    ]
    return _template().render(
        title=title,
        comparison=comparison,
        headline=found.headline,
        benchmarks=benchmarks,
        training=None
        if brought is None
        else {
            "title": TITLE,
            "ours": brought.ours,
            "others": brought.others,
            "parts": [
                {"part": part, "rows": list(training_rows(part)), "paired": _judged(part.paired)}
                for part in brought.parts
            ],
        },
        matrix=_matrix([*found.findings, *found.pooled_findings]),
        kinds=list(words.KINDS.values()),
        forest=_image(forest(comparison)),
        bars=_image(bars(comparison)),
        examples=examples,
        words=words,
    )


def _judged(paired: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Paired differences, each with whether it is a win, a tie or a loss."""
    return [{**entry, "outcome": outcome(entry)} for entry in paired]


def _matrix(findings: Sequence[Any]) -> list[dict[str, Any]]:
    """Wins, ties and losses at a glance: a row per benchmark, k and metric, a cell per kind."""
    rows = []
    for place in dict.fromkeys((f.benchmark, f.k, f.metric) for f in findings):
        part = {f.kind: f for f in findings if (f.benchmark, f.k, f.metric) == place}
        rows.append(
            {
                "benchmark": words.benchmark_name(place[0]),
                "k": place[1],
                "metric": words.METRICS[place[2]],
                "cells": [part.get(kind) for kind in words.KINDS],
            }
        )
    return rows


def _image(svg: str | None) -> str:
    """A data URI: as an image, an SVG can run nothing and shares no id with the page."""
    return "" if svg is None else "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
