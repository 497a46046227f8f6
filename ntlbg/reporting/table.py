"""The comparison as tables: for the terminal (rich) and as Markdown. Blind and oracle always stand beside the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ntlbg.reporting.words import KINDS, METRICS, benchmark_name, bounds, in_order, percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def cells(figures: dict[str, Any], metric: str) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Per arm, in table order, (value, interval) for `all` and for every kind."""
    for arm in in_order(figures["arms"]):
        row = []
        for kind in KINDS:
            part = arm if kind == "all" else arm["by_kind"].get(kind, {})
            row.append((percent(part.get(metric)), bounds(part.get(f"{metric}_ci"))))
        yield arm, row


def caption(name: str, figures: dict[str, Any]) -> str:
    """`LongVideoBench: 300 questions on 30 videos, chance 23.1 %, relevance AUC 0.810`."""
    return f"{benchmark_name(name)}: {facts(figures)}"


def facts(figures: dict[str, Any]) -> str:
    """`300 questions on 30 videos, chance 23.1 %, relevance AUC 0.810`."""
    auc = figures["relevance_auc"]
    return (
        f"{figures['questions']} questions on {figures['videos']} videos, "
        f"chance {percent(figures['chance'])}, relevance AUC {'–' if auc is None else f'{auc:.3f}'}"
    )


def rich_tables(comparison: dict[str, Any]) -> list[Table]:
    """One table per benchmark: accuracy by kind with 95 % intervals, evidence recall, answers and errors."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    tables = []
    for name, figures in comparison["benchmarks"].items():
        table = Table(title=Text(caption(name, figures)), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("arm", no_wrap=True)
        for kind in KINDS.values():
            table.add_column("accuracy" if kind == "all" else kind, justify="right", min_width=10)
        table.add_column("evidence recall", justify="right", min_width=9)
        table.add_column("errors", justify="right")
        recalls = {arm["arm"]: row[0] for arm, row in cells(figures, "evidence_recall")}
        for arm, row in cells(figures, "accuracy"):
            style = _style(arm["selector"])
            texts = [arm["arm"], *map(_above_bounds, row), _above_bounds(recalls[arm["arm"]])]
            texts.append(f"{arm['errors']} of {arm['answered'] + arm['errors']}")
            table.add_row(*(Text(text) for text in texts), style=style)
        tables.append(table)
    return tables


def print_comparison(comparison: dict[str, Any], console: Console | None = None) -> None:
    """Tables and verdict on the terminal."""
    from rich.console import Console
    from rich.text import Text

    from ntlbg.reporting.verdict import verdict

    out = console or Console()
    for table in rich_tables(comparison):
        out.print(table)
    out.print(Text(verdict(comparison).headline, style="bold"))


def markdown(comparison: dict[str, Any]) -> str:
    """`reports/comparison.md`."""
    from ntlbg.reporting.verdict import verdict

    found = verdict(comparison)
    lines = [
        "# Comparison",
        "",
        f"Tier `{_plain(comparison['tier'])}`, seed {comparison['seed']}.",
        "",
        f"**{_plain(found.headline)}**",
        "",
    ]
    for name, figures in comparison["benchmarks"].items():
        lines += [f"## {_plain(caption(name, figures))}", ""]
        for metric, metric_name in METRICS.items():
            lines += _markdown_rows(
                [f"{metric_name} %", *KINDS.values(), "answered / errors"],
                (
                    [arm["arm"], *map(_with_bounds, row), f"{arm['answered']} / {arm['errors']}"]
                    for arm, row in cells(figures, metric)
                ),
            )
            lines.append("")
        lines += [f"- {_plain(sentence)}" for sentence in found.notes[name]] + [""]
    lines += [
        "Brackets hold 95 % bootstrap intervals over videos; p values are sign-flip permutation tests over videos,",
        "Holm-corrected over arms. An error counts as a wrong answer. `blind` sees no frame, `oracle` the evidence.",
        "",
    ]
    return "\n".join(lines)


def _markdown_rows(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    # only the first cell is a name; the others are our own figures
    return lines + ["| " + " | ".join([_plain(row[0]), *row[1:]]) + " |" for row in rows]


def _with_bounds(cell: tuple[str, str]) -> str:
    value, interval = cell
    return f"{value.removesuffix(' %')} [{interval}]" if interval else value.removesuffix(" %")


def _above_bounds(cell: tuple[str, str]) -> str:
    """The interval below the value: eight columns fit in 80 characters."""
    value, interval = cell
    return f"{value.removesuffix(' %')}\n{interval}" if interval else value.removesuffix(" %")


def _plain(text: str) -> str:
    """No name of the user's may become markup of Markdown or HTML."""
    safe = str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + c if c in "\\|`*[]!" else c for c in safe).replace("\n", " ")


def _style(selector: str) -> str:
    return "bold" if selector == "ntlbg" else "dim" if selector in ("blind", "oracle") else ""
