"""Text of unknown origin, made fit to be looked at."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pipelines.checks.text import LIMIT, cell, visible


@given(st.text())
def test_nothing_invisible_is_left(text):
    """No control, format or line character reaches a page or a terminal, whatever the text."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not [c for c in visible(text) if unicodedata.category(c) in hidden]


@given(st.text(max_size=2 * LIMIT), st.text(max_size=2 * LIMIT))
def test_different_texts_stay_different(one, other):
    """Two ids never look the same: what is written instead of a character cannot be typed as text."""
    assert (visible(one) == visible(other)) == (one == other)


def test_two_long_texts_with_one_beginning_stay_different():
    """A cut text carries its digest."""
    assert visible("a" * 5000 + "x") != visible("a" * 5000 + "y")
    assert len(visible("a" * 10**6)) < LIMIT + 60


def test_a_right_to_left_mark_is_written_out():
    """An override character cannot turn `gpj.exe` into `exe.jpg`, nor an escape sequence colour a terminal."""
    assert visible("a\u202egpj.exe") == "a\\u202egpj.exe"
    assert visible("\x1b[31mred") == "\\u001b[31mred"


def test_letters_of_every_script_are_kept():
    """Arabic, Chinese and accented letters are text, not danger."""
    assert visible("שלום 影片 é") == "שלום 影片 é"


def test_a_cell_is_never_a_formula():
    """A spreadsheet shows the id; it does not run it."""
    for start in "=+-@":
        assert cell(f"{start}1+1|cmd").startswith("'")
    assert cell("\t=1") == "\\u0009=1"
    assert cell("plain") == "plain"
