"""What decoders cost: how it is measured and told."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path

import pytest

from benchmarks.decoders import speed
from benchmarks.decoders.speed import ALONE, FULL, Counting, measure_here, middle, rounds, table
from ntlbg.errors import InputError
from tests.video.footage import FOOTAGE


@pytest.mark.parametrize("arm", [FULL, "auto", "pyav_sequential", "ffmpeg", ALONE, speed.KEYS])
def test_every_arm_decodes_the_same_video(tmp_path: Path, arm: str) -> None:
    """As many frames as seconds, and some CPU time; `full` gives none."""
    found = measure_here(arm, FOOTAGE["h264_closed.mp4"].at(tmp_path), 1.0)
    assert found["frames"] == {FULL: 0, speed.KEYS: 5}.get(arm, 5)
    assert found["cpu_s"] > 0
    assert found["own_mb"] >= 0


def test_a_refusal_has_no_figures(tmp_path: Path) -> None:
    """It is told as what it is."""
    assert measure_here("decord", FOOTAGE["mpeg4_b.avi"].at(tmp_path), 1.0) == {"refused": 1}


def test_a_measurement_is_a_process_of_its_own(tmp_path: Path) -> None:
    """What fails in there is told here."""
    path = FOOTAGE["h264_closed.mp4"].at(tmp_path)
    assert speed.measure("pyav_gated", path)["frames"] == 5
    with pytest.raises(InputError, match="magic fails"):
        speed.measure("magic", path)


def test_arms_take_turns_and_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every arm once in each round, another one first; what was measured is not measured again."""
    measured = []
    monkeypatch.setattr(speed, "measure", lambda arm, path: measured.append(arm) or {"cpu_s": len(measured)})
    paths, kept = [Path("a"), Path("b")], tmp_path / "kept.jsonl"
    stopped = islice(rounds(paths, ["x", "y"], 2, kept), 5)
    assert [(path.name, arm) for path, arm, _ in stopped] == [*product("ab", "xy"), ("a", "y")]
    again = list(rounds(paths, ["x", "y"], 2, kept))
    assert [(path.name, arm) for path, arm, _ in again] == [*product("ab", "xy"), *product("ab", "yx")]
    assert [found["cpu_s"] for _, _, found in again] == list(range(1, 9))
    assert not kept.exists()  # the next run measures anew


def test_the_table_compares_with_the_limit_and_with_decord() -> None:
    """Medians, ranges, shares; a refusal has a word, not a number."""
    row = {
        FULL: [{"cpu_s": 2.0, "frames": 0, "own_mb": 0, "child_mb": 40}] * 3,
        "auto": [{"cpu_s": s, "frames": 60, "own_mb": 20, "child_mb": 0} for s in (1.0, 1.2, 3.0)],
        "decord": [{"refused": 1}] * 3,
        ALONE: [{"cpu_s": 2.4, "frames": 60, "own_mb": 30, "child_mb": 0}] * 3,
    }
    text = table({"clip": row}, {"clip": 30.0}).splitlines()
    assert text[2] == ("| clip | 4.00 | 20.0 (16.7–50.0), 20 MB | refused | 40.0 (40.0–40.0), 30 MB | 0.60 | 0.50 |")
    assert middle([{"failed": 1}], "cpu_s") is None
    assert table({"clip": row | {ALONE: [{"failed": 1}]}}, {"clip": 30.0}).count("fails") == 1


def test_the_counting_sink_keeps_nothing() -> None:
    """Only how many came."""
    import numpy as np

    sink = Counting()
    for _ in range(3):
        sink.add(np.zeros((2, 2, 3), np.uint8), 0.0)
    sink.keep(np.array([True, False, True]))
    assert sink.frames == 2
    sink.restart()
    assert sink.frames == 0
