"""Scoring opens evidence."""

from __future__ import annotations

from ntlbg.evaluation.evidence import Item
from ntlbg.evaluation.rows import Row
from ntlbg.evaluation.scoring import add_recall


def test_recall_per_row() -> None:
    """A row without frames misses; blind does not look; a question without evidence has no recall."""
    evidence = {"q": (Item(((1.0, 2.0, 0.0),)), Item(((8.0, 9.0, 0.0),)))}

    def row(question: str, selector: str, times: list[float]) -> Row:
        return Row(question, "v", selector, selector, 2, "frames", timestamps_s=times)

    rows = [row("q", "ntlbg", [1.5, 4.0]), row("q", "ntlbg", []), row("q", "blind", []), row("p", "ntlbg", [1.5])]
    add_recall(rows, evidence)
    assert [r.evidence_recall for r in rows] == [0.5, 0.0, None, None]
    add_recall(rows, None)
    assert [r.evidence_recall for r in rows] == [None] * 4
