"""The check against known values: a part of it, all of it, and that it can fail."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from ntlbg.statistics import check
from ntlbg.statistics.check import Row
from ntlbg.statistics.covariance import LowRankDiagonal

SOME = {
    "the line": lambda: check.on_the_line((1, 2, 3, 8)),
    "the plane": lambda: check.in_the_plane((1, 2, 3)),
    "space": lambda: check.in_space((2, 4)),
    "a long law": lambda: check.on_a_long_law((1, 2, 4)),
    "many dimensions": lambda: check.in_many_dimensions(256, 8),
    "gradients": lambda: check.gradients(256, 8),
}


@pytest.mark.parametrize("section", SOME)
def test_known_values_are_met(section):
    """A few values of each table; the whole is checked below."""
    rows = list(SOME[section]())
    assert rows
    assert [row for row in rows if not row.passed] == []


@pytest.mark.parametrize(
    ("ours", "passed"), [(1.0, True), (1.0009, True), (1.0011, False), (0.9, False), (math.nan, False)]
)
def test_a_row_passes_within_its_tolerance(ours, passed):
    """Too much, too little, and what is not a number fail."""
    assert Row("value", 1.0, ours, 1e-3).passed is passed


def test_a_wrong_value_ends_with_exit_code_1(monkeypatch, capsys):
    """One value off: the table says FAIL, the last line counts it, the exit code is 1; else 0."""
    monkeypatch.setattr(check, "SECTIONS", {"one": lambda: iter([Row("a", 1.0, 1.0, 0.0), Row("b", 1.0, 2.0, 0.1)])})
    assert check.main() == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "1 of 2 values are off" in out
    monkeypatch.setattr(check, "SECTIONS", {"one": lambda: iter([Row("a", 1.0, 1.0, 0.0)])})
    assert check.main() == 0
    assert "all 1 values agree" in capsys.readouterr().out


def test_wrong_gradients_fail(monkeypatch):
    """A system solved one part in a thousand off, and a log determinant of another law, are seen."""
    solved = LowRankDiagonal.solved
    monkeypatch.setattr(LowRankDiagonal, "solved", lambda law, columns: 1.001 * solved(law, columns))
    wrong = [row.what for row in check.gradients(64, 4) if not row.passed]
    assert wrong == [f"d = 64: by the {name}, relative difference" for name in ("mean", "factor", "diagonal")]
    monkeypatch.undo()
    monkeypatch.setattr(LowRankDiagonal, "log_det", property(lambda law: float(np.log(law.diagonal).sum())))
    wrong = [row.what for row in check.gradients(64, 4) if not row.passed]
    assert wrong == [f"d = 64: slope along the {name}, relative difference" for name in ("factor", "diagonal")]


def test_every_table_is_in_the_check():
    """A function that yields rows and that no section names would never run."""
    named = {section.__name__ for section in check.SECTIONS.values()}
    yielding = {
        name
        for name, value in vars(check).items()
        if callable(value) and getattr(value, "__annotations__", {}).get("return") == "Iterator[Row]"
    }
    assert yielding == named


def test_the_check_needs_no_torch():
    """The statistics stand on numpy and scipy."""
    code = "import sys, ntlbg.statistics.check; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.slow
def test_all_known_values_are_met():
    """`python -m ntlbg.statistics.check` in a process of its own, on one thread: exit code 0."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "120"}
    command = [sys.executable, "-m", "ntlbg.statistics.check"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert result.returncode == 0, result.stdout[-5000:]
    assert "values agree" in result.stdout
