"""Which of decord's frames stands for a moment, and what its process may take."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ntlbg.video.backends import decord_child
from ntlbg.video.backends.decord_child import BATCH, BATCH_BYTES, MEMORY_BYTES, batch_of, indices_of
from tests.video.clips import X264, encode

GUARDED = """
import resource, runpy, sys
runpy.run_path(sys.argv[1])["_guard"]()
print(*resource.getrlimit(resource.RLIMIT_AS))
"""


def under(limit: int | None, *argv: str, feed: str = "") -> subprocess.CompletedProcess[str]:
    """A process of Python that begins with a limit of memory, as a worker's child does."""
    soft = resource.RLIM_INFINITY if limit is None else limit

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.RLIM_INFINITY))

    argv = (sys.executable, "-P", *argv)
    return subprocess.run(argv, input=feed, capture_output=True, text=True, preexec_fn=limited, check=False)


def test_true_times_decide() -> None:
    """Counted from its first frame, rounded as float32 rounds."""
    assert indices_of([5.0, 5.04, 5.5], 24.0, [0.0, 0.0399, 0.3, 0.5]) == [0, 1, 1, 2]


def test_where_it_tells_no_times_counting_is_left() -> None:
    """AVI: the same nonsense for every frame."""
    assert indices_of([-7e17] * 4, 2.0, [0.0, 0.5, 1.4, 99.0]) == [0, 1, 2, 3]
    assert indices_of([math.nan] * 4, 2.0, [0.5]) == [1]


@pytest.mark.parametrize("granted", [None, 800 << 20, 8 << 30])
def test_it_takes_no_more_than_its_worker_may(granted: int | None) -> None:
    """`memory_mb` limits the worker, and the child inherits that; where nothing is limited, or more is, it is 2 GB."""
    told = under(granted, "-c", GUARDED, decord_child.__file__).stdout.split()
    assert told == [str(min(granted or MEMORY_BYTES, MEMORY_BYTES))] * 2


def test_large_pictures_are_few_at_once() -> None:
    """Sixteen of 4K would be a third of a gigabyte, twice."""
    assert batch_of(224, 224) == BATCH
    assert batch_of(2160, 3840) * 2160 * 3840 * 3 <= BATCH_BYTES
    assert batch_of(100_000, 100_000) == 1


def test_too_little_memory_ends_it_without_a_picture(tmp_path: Path) -> None:
    """It neither hangs nor ends well."""
    path = encode(tmp_path / "a.mp4", count=12, options=dict(X264))
    job = json.dumps({"path": str(path), "size": [12_000, 12_000], "times_s": [0.0]})
    ended = under(600 << 20, decord_child.__file__, feed=job)
    assert ended.returncode != 0
    assert not ended.stdout
