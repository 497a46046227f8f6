"""What tests of any room may ask for. Kept small: a room's own fixtures stand in its own folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ntlbg.store import Store

END_TO_END = "tests/end_to_end/"

# tests never judge time: a busy machine is no fault of the code
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


class Rooms(LoadScopeScheduling):
    """Which tests stay together where they run in several processes: those of a file, and all that share the small run.

    xdist's own groups go by the end of a test's name, which pytest no longer lets it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return END_TO_END if file.startswith(END_TO_END) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rooms | None:
    """For `--dist loadscope`; any other is xdist's own."""
    return Rooms(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every run of a test."""
    return np.random.default_rng(20260101)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store that goes with the test."""
    return Store(tmp_path / "store")
