"""What one selection is worth."""

from __future__ import annotations

import pytest

from benchmarks.selecting import generator, measures
from benchmarks.selecting.generator import WHOLE, Cell
from ntlbg.selection.registry import make


def test_measures_of_known_selections():
    """Uniform frames are as even as k frames can be; all frames have no error; the best frames alone do worst."""
    planted = generator.planted(Cell(0, 0, 300, 0.72, WHOLE))
    law = measures.LAW().law(planted.video, planted.query)
    rows = {
        (name, k): measures.row_of(make(name), planted, law, k) for name in ("uniform", "topk_nms") for k in (10, 300)
    }
    assert rows["uniform", 10]["evenness"] == pytest.approx(1 - 1 / 20, abs=0.005)  # frames are whole seconds
    assert rows["uniform", 300]["error_plain"] == pytest.approx(0, abs=1e-12)
    assert rows["uniform", 300]["recall"] == 1
    assert 0 < rows["uniform", 10]["error_plain"] < rows["topk_nms", 10]["error_plain"]
    assert rows["topk_nms", 10]["error_tilted"] < rows["topk_nms", 10]["error_plain"]
