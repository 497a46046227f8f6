"""What surrounds every run: one at a time, and nothing of killed runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ntlbg.config.load import load_params
from ntlbg.errors import InputError
from pipelines import invocation, sources
from pipelines.graph import RWLOCK
from pipelines.revision import Revision
from pipelines.tracking import Tracker
from pipelines.workspace import LOCK, environment, finish, only_run, prepare


def test_a_second_run_is_told_of_the_first(project):
    """And gets the lock when it is free."""
    with only_run(), pytest.raises(InputError, match="another run is at work in"), only_run():
        pytest.fail("two at once")
    with only_run():
        assert LOCK.exists()


def test_a_child_that_outlives_its_run_keeps_the_lock(project):
    """It may still be writing: the next run waits for it, or gives up."""
    with only_run() as lock:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock,))
    with pytest.raises(InputError, match="another run"), only_run(patience_s=0.3):
        pytest.fail("two at once")
    threading.Timer(0.5, child.stdin.close).start()
    with only_run(patience_s=60):
        assert child.wait(30) is not None


def test_a_child_that_does_not_get_the_lock_does_not_keep_it(project):
    """Files are not handed to every child."""
    with only_run():
        child = subprocess.Popen(["sleep", "60"])
    try:
        with only_run():
            pass
    finally:
        child.kill()
        child.wait()


def test_nothing_of_killed_runs_is_left(project):
    """Locks of the dead go, and the sources are recorded."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    RWLOCK.parent.mkdir(parents=True)
    RWLOCK.write_text(f'{{"write": {{"/a": {{"pid": {dead.pid}, "cmd": "dvc repro"}}}}}}')
    sources.LOCK.unlink()
    prepare(load_params())
    assert not RWLOCK.exists()
    assert sources.LOCK.exists()


def test_children_belong_to_this_invocation_and_find_this_python(project, monkeypatch):
    """Whether or not its environment is activated."""
    monkeypatch.setenv("PATH", "/nowhere")
    made = environment()
    assert made[invocation.VARIABLE] == invocation.own().key
    assert made["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/nowhere"
    assert made["DVC_NO_ANALYTICS"] == "1"


@pytest.mark.parametrize("succeeded", [True, False])
def test_the_parent_is_closed_with_what_exists_only_now(project, succeeded):
    """The comparison only if it is of this run; without a stage there is no parent."""
    assert finish(succeeded=succeeded) is None
    tracker, own = Tracker(), invocation.own()
    tracker.join(own, "decode", tier="smoke", revision=Revision("", False), settings={})
    tracker.leave(own, "decode", "FINISHED")
    Path("dvc.lock").write_text("schema: '2.0'\n")
    Path("reports").mkdir()
    Path("reports/comparison.json").write_text("{}")
    parent = finish(succeeded=succeeded)
    assert tracker.client.get_run(parent).info.status == ("FINISHED" if succeeded else "FAILED")
    kept = sorted(a.path for a in tracker.client.list_artifacts(parent))
    assert kept == (["comparison.json", "dvc.lock"] if succeeded else ["dvc.lock"])


def test_waiting_ends(project):
    """With the patience that was asked for, not before."""
    with only_run():
        began = time.monotonic()
        with pytest.raises(InputError), only_run(patience_s=0.5):
            pytest.fail("two at once")
        assert time.monotonic() - began >= 0.5
