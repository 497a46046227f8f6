"""Text for terminals and file names."""

from __future__ import annotations

import pytest

from ntlbg.cli.text import clock, plain, slug


def test_control_characters_do_not_reach_a_terminal() -> None:
    """Escape sequences and direction marks are replaced, letters of any language stay."""
    assert "\x1b" not in plain("\x1b[31mred\x07\u202e")
    assert plain("größe 犬\n") == "größe 犬\n"


@pytest.mark.parametrize(("text", "name"), [("What's THIS? é", "what-s-this-e"), ("../../etc", "etc")])
def test_a_slug_is_a_safe_name(text: str, name: str) -> None:
    """Letters, digits and dashes only, never empty, never a path."""
    assert slug(text) == name
    assert len(slug("word " * 100)) <= 48


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (59.96, "1:00.0"), (446.5, "7:26.5"), (3727, "1:02:07.0")]
)
def test_a_clock_reads_as_one(seconds: float, shown: str) -> None:
    """Minutes and seconds, hours when there are any; rounding carries over."""
    assert clock(seconds) == shown


def test_different_questions_get_different_names() -> None:
    """Also in other scripts, and when only their ends differ: one must not overwrite the other's pictures."""
    long = "what does the rabbit do after the three rodents have left the clearing "
    asked = ["犬", "猫", "a 犬", "a 猫", long + "first", long + "then", ""]
    names = [slug(text) for text in asked]
    assert len(set(names)) == len(asked)
    assert all(name.isascii() and name.replace("-", "").isalnum() and len(name) <= 48 for name in names)
