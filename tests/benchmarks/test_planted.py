"""Measuring arms on planted videos: resumable, and a failure is no number."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks.selecting import generator, planted
from benchmarks.selecting.arms import Arm
from benchmarks.selecting.generator import SINGLE, Cell
from ntlbg.selection.baselines.uniform import Uniform

CELLS = [Cell(0, 0, 300, 0.72, SINGLE), Cell(0, 1, 300, 0.72, SINGLE)]


@pytest.fixture
def made(monkeypatch):
    """Names of the videos that were made."""
    names: list[str] = []
    whole = generator.planted
    monkeypatch.setattr(generator, "planted", lambda cell: (names.append(cell.name), whole(cell))[1])
    return names


def test_a_stopped_run_goes_on(tmp_path, made):
    """What is there is not measured again; another arm is added, and a changed one replaces its own rows."""
    arms = [Arm("uniform", "uniform")]
    first = planted.measured(CELLS[:1], arms, ks=(8, 16), folder=tmp_path)
    both = planted.measured(CELLS, arms, ks=(8, 16), folder=tmp_path)
    assert made == [cell.name for cell in CELLS]
    pd.testing.assert_frame_equal(both[both["video"] == CELLS[0].name].reset_index(drop=True), first)
    more = planted.measured(CELLS[:1], [*arms, Arm("topk", "topk_nms")], ks=(8, 16), folder=tmp_path)
    assert more.groupby("arm").size().to_dict() == {"topk": 2, "uniform": 2}
    planted.measured(CELLS[:1], [Arm("topk", "topk_nms", {"window_s": 3.0})], ks=(8,), folder=tmp_path)
    kept = pd.read_parquet(tmp_path / "0" / f"{CELLS[0].name}.parquet")
    assert kept.groupby("arm").size().to_dict() == {"topk": 1, "uniform": 2}
    assert len(made) == 4


def test_an_arm_that_raises_is_failed(tmp_path, monkeypatch):
    """It has a reason and no number; the others are measured."""

    def broken(self, video, query, k):
        raise ZeroDivisionError("no spread")

    monkeypatch.setattr(Uniform, "_select", broken)
    arms = [Arm("uniform", "uniform"), Arm("random", "random")]
    rows = planted.measured(CELLS[:1], arms, ks=(8,), folder=tmp_path).set_index("arm")
    assert rows.loc["uniform", "failed"] == "ZeroDivisionError: no spread"
    assert pd.isna(rows.loc["uniform", "recall"])
    assert rows.loc["random", "failed"] == ""
    assert 0 <= rows.loc["random", "recall"] <= 1
