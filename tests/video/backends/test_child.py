"""Pictures out of another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ntlbg.video.backends.child import cpu_limit_s, frames_of
from ntlbg.video.errors import VideoError
from tests.processes import alive_after

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


ORPHANS = """
import os, signal, sys
from ntlbg.video.backends.child import frames_of
code = "import os, time; print('at', os.getpid()); os.write(1, bytes(12)); time.sleep(600)"
frames = frames_of([sys.executable, "-c", "import sys; sys.stdout = sys.stderr; " + code], (2, 2),
                   lambda line: float(line[3:]) if line.startswith("at ") else None, path="a.mp4", limit_s=30)
print(int(next(frames)[0]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    """Nobody is left to kill it then."""
    done = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=False)
    number = int(done.stdout)
    if psutil.pid_exists(number):
        assert not alive_after([psutil.Process(number)], patience_s=20)


def test_a_program_that_cannot_be_started_tells_nothing_of_the_video(tmp_path: Path) -> None:
    """It is not damaged for that."""
    with pytest.raises((VideoError, OSError)) as caught:
        list(frames_of([str(tmp_path / "gone")], (2, 2), stamp, path="a.mp4", limit_s=30))
    assert getattr(caught.value, "outcome", "crashed") == "crashed"


def test_the_limit_grows_with_the_video() -> None:
    """A long film may take its time, a clip of unknown length has the least."""
    assert cpu_limit_s(3600) > 3600
    assert cpu_limit_s(-5) == cpu_limit_s(0) > 0
    assert Path(sys.executable).exists()
