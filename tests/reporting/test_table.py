"""Tables for the terminal and in Markdown."""

from __future__ import annotations

import io

from rich.console import Console

from ntlbg.reporting.table import markdown, print_comparison
from tests.reporting.conftest import benchmark, comparison

HOSTILE = "<script>alert(1)</script>|[red]x[/red]"


def printed(content: dict) -> str:
    out = io.StringIO()
    print_comparison(content, Console(file=out, width=100))
    return out.getvalue()


def test_every_arm_stands_in_the_first_table() -> None:
    """Rivals and bounds beside ntlbg, with intervals and errors."""
    text = printed(comparison(mlvu=benchmark()))
    for name in ("uniform-8", "topk_nms-8", "best_ever-8", "ntlbg-8", "blind", "oracle-8"):
        assert name in text
    assert "65.0–75.0" in text
    assert "2 of 100" in text
    assert text.index("uniform-8") < text.index("ntlbg-8") < text.index("blind")
    assert "MLVU: 100 questions on 10 videos, chance 25.0 %, relevance AUC 0.812" in text


def test_markdown_holds_both_metrics_and_the_verdict() -> None:
    """Compact, and the same text for the same numbers."""
    content = comparison(mlvu=benchmark())
    text = markdown(content)
    assert "| ntlbg-8 | 70.0 [65.0–75.0] |" in text
    assert "| evidence recall % |" in text
    assert "ntlbg answers more questions right" in text
    assert text == markdown(content)


def test_names_from_files_are_no_markup() -> None:
    """A hostile benchmark or arm name stays text, in Markdown, in HTML and on the terminal."""
    bad = benchmark()
    bad["arms"][3]["arm"] = bad["paired"][-1]["against"] = HOSTILE
    content = comparison(**{HOSTILE: bad})
    text = markdown(content)
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\|\\[red\\]" in text
    rows = [line for line in text.splitlines() if line.startswith("|") and "alert" in line]
    assert all(line.replace("\\|", "").count("|") == 7 for line in rows)
    assert "[red]" in printed(content)
