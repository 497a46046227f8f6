"""The comparison as tables: for the terminal (rich) and as Markdown. Blind and oracle always stand beside the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ntlbg.reporting.trained import TITLE, Part, Training, training
from ntlbg.reporting.verdict import POOLED, verdict
from ntlbg.reporting.words import KINDS, METRICS, benchmark_name, bounds, in_order, is_frames, percent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def cells(figures: dict[str, Any], metric: str) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Per arm that needs no training, in table order, (value, interval) for `all` and for every kind."""
    yield from cells_of(in_order([arm for arm in figures["arms"] if is_frames(arm)]), metric)


def cells_of(arms: Iterable[dict[str, Any]], metric: str) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """The same for these arms, in their order."""
    for arm in arms:
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


def training_table(part: Part) -> Table:
    """The arms of trained models beside the same picks as full frames: cost, accuracy by kind, evidence recall."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{TITLE} · {part.title}: {part.questions} questions on {part.videos} videos"
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    table.add_column("visual tokens", justify="right", min_width=6)
    for kind in KINDS.values():
        table.add_column("accuracy" if kind == "all" else kind, justify="right", min_width=10)
    table.add_column("evidence recall", justify="right", min_width=9)
    table.add_column("errors", justify="right")
    for row in training_rows(part):
        texts = [row.arm["arm"], row.tokens, *map(_above_bounds, row.accuracy), _above_bounds(row.recall)]
        texts.append(f"{row.arm['errors']} of {row.arm['answered'] + row.arm['errors']}")
        table.add_row(*(Text(text) for text in texts), style=_style(row.arm["selector"]))
    return table


@dataclass(frozen=True)
class TrainingRow:
    """One arm in the tables of training. Cells are (value, interval); accuracy: over all questions and by kind."""

    arm: dict[str, Any]
    tokens: str
    accuracy: list[tuple[str, str]]
    recall: tuple[str, str]


def training_rows(part: Part) -> Iterator[TrainingRow]:
    """The rows of one table, in its order."""
    recalls = {arm["arm"]: row[0] for arm, row in cells_of(part.arms, "evidence_recall")}
    for arm, row in cells_of(part.arms, "accuracy"):
        tokens = arm.get("visual_tokens")
        yield TrainingRow(arm, "–" if tokens is None else str(tokens), row, recalls[arm["arm"]])


def print_comparison(comparison: dict[str, Any], console: Console | None = None) -> None:
    """Tables and verdict on the terminal."""
    from rich.console import Console
    from rich.text import Text

    out = console or Console()
    for table in rich_tables(comparison):
        out.print(table)
    found, brought = verdict(comparison), training(comparison)
    out.print(Text(found.headline, style="bold"))
    for sentence in found.pooled:
        out.print(Text(f"{POOLED}: {sentence}"))
    if brought is not None:
        out.print(training_table(brought.parts[0]))
        for sentence in brought.ours:
            out.print(Text(f"- {sentence}"))


def markdown(comparison: dict[str, Any]) -> str:
    """`reports/comparison.md`."""
    found = verdict(comparison)
    lines = [
        "# Comparison",
        "",
        f"Tier `{_plain(comparison['tier'])}`, seed {comparison['seed']}.",
        "",
        f"**{_plain(found.headline)}**",
        "",
    ]
    if found.pooled:
        lines += [f"{POOLED} together, videos as units:", ""]
        lines += [f"- {_plain(sentence)}" for sentence in found.pooled] + [""]
    lines += _markdown_training(training(comparison))
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
        "Holm-corrected over the arms compared. An error counts as a wrong answer. `blind` sees no frame, `oracle`",
        "sees the evidence.",
        "",
    ]
    return "\n".join(lines)


def _markdown_training(brought: Training | None) -> list[str]:
    """The section on trained models; nothing where none was asked."""
    if brought is None:
        return []
    lines = [f"## {TITLE}", "", *(f"- {_plain(sentence)}" for sentence in brought.sentences), ""]
    for part in brought.parts:
        lines += [f"{_plain(part.title)}: {part.questions} questions on {part.videos} videos", ""]
        lines += _markdown_rows(
            ["accuracy %", "visual tokens", *KINDS.values(), "evidence recall %", "answered / errors"],
            (
                [
                    row.arm["arm"],
                    row.tokens,
                    *map(_with_bounds, [*row.accuracy, row.recall]),
                    f"{row.arm['answered']} / {row.arm['errors']}",
                ]
                for row in training_rows(part)
            ),
        )
        lines.append("")
    return lines


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
