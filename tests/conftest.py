"""What tests of any room may ask for. Kept small: a room's own fixtures stand in its own folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from ntlbg.store import Store

# tests never judge time: a busy machine is no fault of the code
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own hook of this name
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, a file's tests share one, and so do all that share the small run."""
    for item in items:
        room = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(room if room == "end_to_end" else str(item.path)))


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every run of a test."""
    return np.random.default_rng(20260101)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store that goes with the test."""
    return Store(tmp_path / "store")
