"""The contact sheet."""

from __future__ import annotations

import numpy as np
import pytest

from ntlbg.cli.contact_sheet import WIDTH, contact_sheet, fitted, font
from tests.cli.chosen import chosen


@pytest.mark.parametrize("k", [1, 2, 5, 8, 33])
@pytest.mark.parametrize("size", [(64, 114), (114, 64), (64, 64), (20, 80)])
def test_every_frame_is_on_the_sheet(k: int, size: tuple[int, int]) -> None:
    """Any number of frames of any shape fits, and each one's pixels are there."""
    picked = chosen(k, size)
    sheet = np.asarray(contact_sheet(picked)).astype(int)
    assert sheet.shape[1] == WIDTH
    picked.pictures()[-1][:] = 0
    changed = np.asarray(contact_sheet(picked)).astype(int)
    assert np.abs(sheet - changed).max() > 100


def test_a_long_or_odd_question_stays_on_its_line() -> None:
    """Too long, with line breaks, or with control characters: one line within the sheet."""
    contact_sheet(chosen(2, text="words and\nmore \x1b[31m " * 40))
    face = font(20)
    assert face.getlength(fitted("m" * 500, face, 300)) <= 300
    assert fitted("short", face, 300) == "short"
