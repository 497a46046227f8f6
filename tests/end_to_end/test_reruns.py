"""What a change re-runs, and what bad luck costs. Each test works on its own copy of the finished project."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ntlbg.selection import checks
from tests.end_to_end.project import BENCHMARKS, copy_of_the_project
from tests.processes import none_left_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
EVALUATIONS = {f"evaluate@{name}" for name in BENCHMARKS}


def test_an_unused_tier_re_runs_nothing(own_project):
    """Edit a tier that is not active: no stage runs."""
    own_project.edit_params(lambda p: p["tiers"]["very_long"]["video"].update(fps=3.0))
    done = own_project.run()
    assert (done.code, done.ran) == (0, frozenset())


def test_a_changed_parameter_re_runs_its_readers(own_project):
    """Who is compared at which budget: the evaluations and the comparison, and nothing that came before."""
    own_project.edit_params(lambda p: p["tiers"]["smoke"]["selection"].update(k=[6]))
    done = own_project.run("--dry")
    assert done.code == 0, done.out
    assert done.ran == {*EVALUATIONS, "compare"}


def test_a_changed_rule_re_runs_its_dependents(own_project):
    """Edit a selector's file: the stages whose code it is part of."""
    rule = own_project.root / "ntlbg/selection/baselines/topk_nms.py"
    rule.write_text(rule.read_text() + "\n# the same rule, another file\n")
    done = own_project.run("--dry")
    assert done.code == 0, done.out
    assert done.ran == {*EVALUATIONS, "compare"}


EVERY_TENTH = '''"""Every tenth frame, then the frames that are left in their order. Blind to the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector


@dataclass(frozen=True)
class EveryTenth(Selector):
    """Takes frames by their number alone."""

    name: ClassVar[str] = "every_tenth"
    source: ClassVar[str] = "a test"
    uses_relevance: ClassVar[bool] = False

    stride: PositiveInt = 10

    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        order = np.argsort(np.arange(len(video)) % self.stride, kind="stable")
        return self.selection(video, np.sort(order[:k]))
'''


def test_a_new_rule_is_found_by_its_file_alone(own_project):
    """Write a file: the rule is listed, an arm of the benches, and held to every property; nothing is retrained.

    Only those who ask the registry for all rules run again: the evaluations and the comparison.
    """
    (own_project.root / "ntlbg/selection/rivals/every_tenth.py").write_text(EVERY_TENTH)

    listed = own_project.command("-m", "ntlbg.cli.main", "selectors", "--json")
    assert listed.code == 0, listed.out
    assert [row for row in json.loads(listed.out) if row["name"] == "every_tenth"] == [
        {"name": "every_tenth", "parameters": {"stride": 10}, "source": "a test", "deterministic": True}
    ]

    arms = "from benchmarks.selecting import arms; print(arms.every()['every_tenth'].at(8).parameters)"
    measured = own_project.command("-c", arms)
    assert measured.out.splitlines()[-1] == "{'stride': 10}", measured.out

    checked = own_project.command(
        "-m", "pytest", "-v", "tests/selection/test_checks.py", "-k", "every_tenth and keeps_every_property"
    )
    assert checked.code == 0, checked.out
    passed = {line.split(" ")[0] for line in checked.out.splitlines() if " PASSED" in line}
    assert len(passed) == len(checks.ALL), checked.out

    done = own_project.run("--dry")
    assert done.code == 0, done.out
    assert done.ran == {*EVALUATIONS, "compare"}


def test_a_trained_rule_retrains(own_project):
    """Edit the rule whose picks are trained on: its stages run again as well, and so does what they answer."""
    rule = own_project.root / "ntlbg/selection/baselines/uniform.py"
    rule.write_text(rule.read_text() + "\n# the same rule, another file\n")
    done = own_project.run("--dry")
    assert done.code == 0, done.out
    assert done.ran >= {"train@select", *EVALUATIONS}


def test_one_more_video_decodes_and_encodes_one(own_project):
    """A corpus with one video more: one is rendered, one decoded, one encoded; the store remembers the others."""
    own_project.edit_params(lambda p: p["tiers"]["smoke"]["corpus"]["rendered"].update(train=2))
    done = own_project.run("features")
    assert done.code == 0, done.out
    assert own_project.measured("corpus")["rendered"] == 1
    assert own_project.measured("decode")["decoded"] == 1
    assert own_project.measured("features")["encoded"] == 1
    assert "1 decoded" in done.out


@pytest.fixture
def downloaded(own_project):
    """The project on `real` downloads: the rendered benchmarks, moved to folders outside its data."""
    root = own_project.root
    for name in BENCHMARKS:
        shutil.copytree(root / "data/corpus" / name, root / "downloads" / name)

    def edit(params):
        corpus = params["tiers"]["smoke"]["corpus"]
        del corpus["rendered"]
        corpus["folders"] = {name: f"downloads/{name}" for name in BENCHMARKS}
        # downloads are there to be tested on: nothing is trained, and nothing trained is asked for
        params["tiers"]["smoke"]["evaluation"]["presentations"] = []

    own_project.edit_params(edit)
    done = own_project.run()
    assert done.code == 0, done.out
    return own_project


def test_downloads_are_read_in_place_and_mistakes_are_named(downloaded):
    """A corrected answer re-runs its dependents only; broken videos and rows are named, and everything else goes on."""
    root = downloaded.root
    assert not list((root / "data/corpus").glob("*/**/*.mp4"))
    before = pd.read_parquet(root / "reports/evaluation/mlvu.parquet")

    annotation = root / "downloads/mlvu/json/4_count.json"
    rows = json.loads(annotation.read_text())
    rows[0]["answer"] = next(c for c in rows[0]["candidates"] if c != rows[0]["answer"])
    annotation.write_text(json.dumps(rows))
    done = downloaded.run()
    assert done.code == 0, done.out
    assert done.ran == {"corpus", "validate", *EVALUATIONS, "compare"}
    after = pd.read_parquet(root / "reports/evaluation/mlvu.parquet")
    assert (before.raw == after.raw).all()
    assert (before.correct != after.correct).any()

    rows[1]["answer"] = "seventeen"
    annotation.write_text(json.dumps(rows))
    videos = pd.read_parquet(root / "data/accepted/videos.parquet").set_index("video_id")
    of_lvb, of_vmme = (videos[videos.benchmark == b] for b in ("longvideobench", "videomme"))
    Path(root, of_lvb.path.iloc[0]).unlink()
    corrupt = Path(root, of_vmme.path.iloc[0])
    corrupt.write_bytes(b"\0" * 4096)
    done = downloaded.run()
    assert done.code == 0, done.out
    for culprit in ("4_count.json", "seventeen", Path(of_lvb.path.iloc[0]).name, of_vmme.index[0]):
        assert culprit in done.out
    rows = pd.read_parquet(root / "reports/evaluation/videomme.parquet")
    broken = rows[(rows.video_id == of_vmme.index[0]) & (rows.selector != "blind")]
    assert len(broken)
    assert (broken.error != "").all()
    assert not broken.correct.fillna(False).any()
    told = downloaded.comparison()["benchmarks"]["videomme"]
    assert all(arm["answered"] + arm["errors"] == told["questions"] for arm in told["arms"])
    assert "Traceback" not in done.out


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda p: p["tiers"]["smoke"]["video"].update(fps=-1), "video.fps"),
        (lambda p: p["tiers"]["smoke"]["selection"].update(selectors=["uniform", "ntblg"], settings={}), "ntblg"),
        (lambda p: p["tiers"]["smoke"].update(vidoe={}), "vidoe"),
        (lambda p: p.update(tier="smok"), "smok"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(own_project, edit, says):
    """Nothing runs, one sentence names the key, the exit code is not zero."""
    own_project.edit_params(edit)
    done = own_project.run()
    assert done.code != 0
    assert not done.ran
    assert [line for line in done.out.splitlines() if line.startswith("error: ")]
    assert says in done.out
    assert "Traceback" not in done.out


def test_two_clones_give_equal_hashes_though_one_was_killed(finished, tmp_path):
    """Another copy with an empty store, run from nothing, writes the same dvc.lock.

    kill -9 in the middle of a stage: nothing half-written passes for whole, and the next run ends like the first.
    """
    (tmp_path / "clone").mkdir()
    clone = copy_of_the_project(tmp_path / "clone")
    with none_left_of(clone.root):
        running = clone.start("-m", "pipelines.run")
        deadline = time.monotonic() + 300
        while not list((clone.root / ".ntlbg/store").glob("frames/*/*/entry.json")) and time.monotonic() < deadline:
            assert running.poll() is None
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        assert not (clone.root / "data/frames/outcomes.parquet").exists()
        done = clone.run()
    assert done.code == 0, done.out
    assert yaml.safe_dump(clone.lock()["stages"]) == yaml.safe_dump(finished.lock()["stages"])
    assert not list((clone.root / "data").glob(".*.partial"))
