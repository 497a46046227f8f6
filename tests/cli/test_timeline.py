"""The timeline picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from ntlbg.cli.timeline import timeline
from tests.cli.chosen import chosen


@pytest.mark.parametrize(("k", "frames"), [(1, 1), (1, 2), (8, 60), (64, 8000)])
def test_any_length_can_be_drawn(k: int, frames: int) -> None:
    """From a single frame to hours; the picture has a fixed width."""
    with Image.open(io.BytesIO(timeline(chosen(k, frames=frames)))) as picture:
        assert picture.size[0] == 1440


def test_equal_selections_give_equal_bytes() -> None:
    """No date and no version in the file."""
    assert timeline(chosen()) == timeline(chosen())


@pytest.mark.parametrize("text", ["costs $5 and $6", r"\frac{", "^_{}", "words " * 60, "犬\x1b"])
def test_a_question_is_text_not_mathematics(text: str) -> None:
    """Dollar signs and backslashes are drawn as they stand."""
    timeline(chosen(text=text))
