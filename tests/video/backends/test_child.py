"""Pictures out of another process."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from ntlbg.video.backends.child import cpu_limit_s, frames_of
from ntlbg.video.errors import VideoError

WRITES = """
import sys
for i in range({count}):
    print("noise", file=sys.stderr)
    print("at", i / 2, file=sys.stderr, flush=True)
    sys.stdout.buffer.write(bytes([i]) * 12)
    sys.stdout.flush()
{after}
"""


def stamp(line: str) -> float | None:
    return float(line[3:]) if line.startswith("at ") else None


def run(after: str = "", count: int = 3, **how):
    argv = [sys.executable, "-c", WRITES.format(count=count, after=after)]
    return frames_of(argv, (2, 2), stamp, path="a.mp4", **{"limit_s": 30, **how})


def test_each_picture_has_its_time() -> None:
    """In order, whatever else is written to the error output."""
    got = list(run())
    assert [at for at, _ in got] == [0.0, 0.5, 1.0]
    assert [int(pixels[1, 1, 2]) for _, pixels in got] == [0, 1, 2]
    assert got[0][1].shape == (2, 2, 3)


@pytest.mark.parametrize(
    ("after", "outcome", "says"),
    [
        ("sys.exit('no such codec')", "corrupt", "no such codec"),
        ("import os; os.kill(os.getpid(), 11)", "crashed", "signal 11"),
        ("while True: pass", "timeout", "1 CPU-seconds"),
    ],
)
def test_a_bad_end_is_an_outcome(after: str, outcome: str, says: str) -> None:
    """Frames that came before do not hide it."""
    with pytest.raises(VideoError, match=says) as caught:
        list(run(after, limit_s=1))
    assert caught.value.outcome == outcome


def test_a_complaint_is_damage_though_it_ends_well() -> None:
    """The first one is told."""
    with pytest.raises(VideoError, match=r"is damaged \(noise heard"):
        list(run(complaint=lambda line: f"{line} heard" if line == "noise" else None))


def test_nobody_left_behind() -> None:
    """A child whose frames nobody wants any more is killed."""
    before = set(psutil.Process().children())
    frames = run("import time; time.sleep(600)", count=1)
    next(frames)
    (child,) = set(psutil.Process().children()) - before
    frames.close()
    assert not child.is_running()


def test_the_limit_grows_with_the_video() -> None:
    """A long film may take its time, a clip of unknown length has the least."""
    assert cpu_limit_s(3600) > 3600
    assert cpu_limit_s(-5) == cpu_limit_s(0) > 0
    assert Path(sys.executable).exists()
