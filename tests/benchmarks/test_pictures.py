"""The pictures of docs/selection.md."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.selecting import pictures
from benchmarks.selecting.generator import KINDS
from benchmarks.selecting.tables import Figures


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.floats(0, 100), max_size=12))
def test_names_do_not_overlap_and_keep_their_order(heights):
    """A name is never moved down, and two are never nearer than a line of text."""
    placed = pictures._apart(heights)
    assert all(placed[name] >= heights[name] for name in heights)
    values = [placed[name] for name in sorted(heights, key=lambda name: heights[name])]
    assert np.all(np.diff(values) >= pictures.LABEL_GAP * (1 - 1e-9))


def test_recall_is_drawn_for_the_arms_that_are_there():
    """Any of the arms may be missing; equal figures give equal bytes."""
    values = {name: np.tile([20.0, 40.0, 60.0], (3, 1)) + i for i, name in enumerate(("ntlbg", "uniform"))}
    figures = Figures((8, 16, 32), np.array(KINDS), {}, values, {}, {}, {}, {})
    drawn = pictures.recall(figures)
    assert Image.open(io.BytesIO(drawn)).width > 500
    assert drawn == pictures.recall(figures)
