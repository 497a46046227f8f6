"""What tests of any room may ask for. Kept small: a room's own fixtures stand in its own folder."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ntlbg.store import Store

END_TO_END = "tests/end_to_end/"
RERUNS = f"{END_TO_END}test_reruns.py"
# what takes minutes, most of them waiting for others: started last, it would be waited for alone
LONGEST = (
    "tests/pipelines/test_flow_worker.py",
    f"{RERUNS}::test_downloads_",
    f"{RERUNS}::test_two_clones_",
    END_TO_END,
    "tests/backbone/",
    "tests/pipelines/test_registered_model.py",
    "tests/pipelines/test_run.py",
    "tests/modeling/test_attention.py",
    "tests/video/test_mutations.py",
    "tests/video/test_killed_runs.py",
)

# tests never judge time: a busy machine is no fault of the code
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


class Rooms(LoadScopeScheduling):
    """Which tests stay together where they run in several processes: those of a file, and all that share the small run.
    The re-runs do not: each works on its own copy of it.

    xdist's own groups go by the end of a test's name, which pytest no longer lets it change.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by numbers of tests, a file of one long test would come last

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file == RERUNS:
            return nodeid.partition("[")[0]
        return END_TO_END if file.startswith(END_TO_END) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Rooms | None:
    """For `--dist loadscope`; any other is xdist's own."""
    return Rooms(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, then files of many tests before those of few; the order in a file stays."""
    of_file = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        rank = next((n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST))
        return rank, -of_file[item.path]

    items.sort(key=place)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m slow`, no file is imported that does not name the mark: in every process that costs ten seconds."""
    if config.option.markexpr != "slow" or not collection_path.match("test_*.py"):
        return None
    return None if "slow" in collection_path.read_text(encoding="utf-8") else True


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """As usual, whatever a program that a test ran within this process has set for the time of its own life."""
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    if gc.get_freeze_count():
        gc.unfreeze()


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every run of a test."""
    return np.random.default_rng(20260101)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store that goes with the test."""
    return Store(tmp_path / "store")
