"""`make run`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines import run as pipeline
from pipelines.comparison_table import read
from pipelines.tracking import Tracker

ROOT = Path(__file__).parents[2]

BODY = """
import sys, time
from pathlib import Path
from ntlbg.errors import InputError
from pipelines.stage import stage

@stage("decode")
def decode(run):
    if Path("broken").exists():
        raise InputError("videos/a.mp4: is broken")
    if Path("slow").exists():
        Path("begun").touch()
        time.sleep(60)
    Path("out.txt").write_text(str(run.params.video.fps))

decode.main()
"""

DVC = """
stages:
  decode:
    cmd: python body.py
    deps: [body.py]
    params: ["tiers.${tier}.video"]
    outs: [{out.txt: {cache: false}}]
"""

COMPARISON = {"schema": 1, "tier": "smoke", "seed": 1, "benchmarks": {}}


@pytest.fixture
def repository(project, empty_dvc, monkeypatch):
    """A project of one stage."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("body.py").write_text(BODY)
    Path("dvc.yaml").write_text(DVC)
    shutil.copytree(empty_dvc, project, dirs_exist_ok=True)
    return project


def statuses() -> dict[str, str]:
    tracker = Tracker()
    return {r.info.run_name: r.info.status for r in tracker.client.search_runs([tracker.experiment])}


def test_a_run_ends_with_its_parent_closed_and_a_second_does_nothing(repository, capfd):
    """The parent holds dvc.lock; a run in which no stage ran leaves no run behind."""
    assert pipeline.main(["decode"]) == 0
    assert Path("out.txt").read_text() == "1.0"
    assert statuses() == {"decode": "FINISHED", "smoke": "FINISHED"}
    tracker = Tracker()
    parent = next(r for r in tracker.client.search_runs([tracker.experiment]) if r.info.run_name == "smoke")
    assert [a.path for a in tracker.client.list_artifacts(parent.info.run_id)] == ["dvc.lock"]
    capfd.readouterr()
    assert pipeline.main(["decode"]) == 0
    assert "didn't change" in "".join(capfd.readouterr())
    assert len(statuses()) == 2


def test_a_failing_stage_is_told_in_its_own_sentence(repository, capfd):
    """And the exit code is DVC's."""
    Path("broken").touch()
    assert pipeline.main(["decode"]) != 0
    said = capfd.readouterr().err
    assert "error: videos/a.mp4: is broken" in said
    assert "Traceback" not in said
    assert statuses() == {"decode": "FAILED", "smoke": "FAILED"}


def test_a_mistake_in_params_is_told_before_dvc_starts(repository, capfd):
    """DVC would answer with its own words about an interpolation."""
    Path("params.yaml").write_text(Path("params.yaml").read_text().replace("tier: smoke", "tier: smok", 1))
    assert pipeline.main([]) == 2
    said = capfd.readouterr()
    assert said.err.startswith("error: params.yaml")
    assert "`smok`" in said.err
    assert not said.out


def test_two_runs_at_once_are_one_too_many(repository, capfd):
    """The second says so and touches nothing."""
    with pipeline.only_run():
        assert pipeline.main([]) == 2
    assert "error: another run is at work in" in capfd.readouterr().err


@pytest.mark.slow
def test_a_stopped_run_stops_its_stage_and_the_next_one_finishes(repository):
    """DVC does not hand SIGTERM on, so the driver does."""
    Path("slow").touch()
    child = subprocess.Popen([sys.executable, "-m", "pipelines.run", "decode"], env={**os.environ})
    deadline = time.monotonic() + 90
    while not Path("begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) != 0
    assert not Path("out.txt").exists()
    assert statuses() == {"decode": "KILLED", "smoke": "KILLED"}
    Path("slow").unlink()
    assert pipeline.main(["decode"]) == 0
    assert Path("out.txt").read_text() == "1.0"


def test_the_comparison_is_the_last_word(project, monkeypatch):
    """After DVC has ended: the tables, the verdict, the paths."""
    Path("reports").mkdir()
    Path("reports/comparison.json").write_text(json.dumps(COMPARISON))
    done = []
    monkeypatch.setattr(pipeline, "reproduce", lambda *_: done.append("dvc") or 0)
    monkeypatch.setattr(pipeline.comparison_table, "show", lambda *told: done.append(told))
    assert pipeline.main([]) == 0
    assert done == ["dvc", (COMPARISON, Path("reports"))]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"benchmarks": 3}'])
def test_a_broken_comparison_is_named(tmp_path, text):
    """Not a KeyError at the end of a long run."""
    from ntlbg.errors import InputError

    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(InputError, match="is not a comparison"):
        read(tmp_path / "comparison.json")
