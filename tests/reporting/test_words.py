"""How figures are written."""

from __future__ import annotations

from ntlbg.reporting import words
from tests.reporting.conftest import arm


def test_figures_as_text() -> None:
    """No figure is an en dash; a difference that rounds to nothing has no sign; small p values are bounded."""
    assert words.percent(None) == "–"
    assert [words.points(x) for x in (0.1, -0.1, 0.0001, -0.0001)] == ["+10.0", "−10.0", "0.0", "0.0"]
    assert [words.p_value(p) for p in (0.00001, 0.0012, 0.034, 0.5, None)] == [
        "< 0.0001",
        "0.0012",
        "0.034",
        "0.50",
        "–",
    ]
    assert words.p_equals(0.00001) == "p < 0.0001"
    assert words.bounds(None) == ""


def test_lists_read_as_english() -> None:
    """a; a and b; a, b and c."""
    assert [words.listed(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_tables_have_one_order() -> None:
    """Baselines, rivals by name, ntlbg, then the bounds; by k."""
    arms = [
        arm(s, 0.5, 0.5) for s in ("oracle", "zebra", "ntlbg", "aardvark", "kmedoids", "blind", "random", "uniform")
    ]
    arms += [arm("uniform", 0.5, 0.5, k=4)]
    assert [a["arm"] for a in words.in_order(arms)] == [
        "uniform-4", "uniform-8", "random-8", "kmedoids-8", "aardvark-8", "zebra-8", "ntlbg-8", "blind", "oracle-8",
    ]  # fmt: skip
