"""The page, without examples."""

from __future__ import annotations

from html.parser import HTMLParser

from ntlbg.reporting.page import page
from tests.reporting.conftest import benchmark, comparison

VOID = {"meta", "img", "br", "rect", "circle", "line", "polyline"}


class Balanced(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_verdict_comes_first() -> None:
    """Headline before any table; every arm in the tables; the tags are balanced."""
    html = page(comparison(mlvu=benchmark()), [], title="A & B")
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert html.index("ntlbg answers more questions right") < html.index("<table")
    assert "<title>A &amp; B</title>" in html
    for name in ("uniform-8", "topk_nms-8", "best_ever-8", "blind", "oracle-8"):
        assert f"<td>{name}</td>" in html


def test_a_loss_is_shown_as_a_loss() -> None:
    """The table at the top says it in words."""
    html = page(comparison(mlvu=benchmark(-0.1)), [], title="t")
    assert "ntlbg loses, p = 0.0010" in html
    assert "ntlbg wins, p" not in html


def test_only_smoke_is_called_rendered() -> None:
    """The caveat of the smoke tier stands on its own page only."""
    content = comparison(mlvu=benchmark())
    assert "say nothing of the published benchmarks" in page(content, [], title="t")
    assert "say nothing of the published benchmarks" not in page(content | {"tier": "long"}, [], title="t")
