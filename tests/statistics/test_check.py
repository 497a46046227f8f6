"""The tables of known values, as the command prints them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ntlbg.statistics import check


def test_the_line_agrees_with_lloyd_and_max():
    """Every row of the table that costs nothing to compute."""
    rows = list(check.on_the_line())
    assert rows
    assert all(row.passed for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_value_agrees():
    """The whole command, which ends with an error where one value is off."""
    done = subprocess.run([sys.executable, "-m", "ntlbg.statistics.check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-500:]
