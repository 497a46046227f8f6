"""The graph, and the parameters that DVC resolves for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ntlbg.errors import InputError
from pipelines.graph import stage_graph

STAGES = {
    "corpus",
    "validate",
    "decode",
    "backbone@encoder",
    "backbone@answerer",
    "features",
    "train@select",
    "train@joint",
    "train@full",
    "evaluate@longvideobench",
    "evaluate@videomme",
    "evaluate@mlvu",
    "compare",
}


@pytest.fixture
def repository(project, empty_dvc):
    shutil.copytree(empty_dvc, project, dirs_exist_ok=True)
    return project


def resolved() -> dict[str, dict[str, object]]:
    """Of every stage, the parameters it depends on and their values, as DVC reads them now."""
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    with Repo(".") as repo:
        return {
            stage.addressing: {
                k: v for d in stage.deps if isinstance(d, ParamsDependency) for k, v in d.read_params().items()
            }
            for stage in repo.index.stages
        }


def edit(old: str, new: str, *, after: str = "") -> None:
    """Replace the first `old` that follows `after` in params.yaml."""
    path = Path("params.yaml")
    text = path.read_text()
    start = text.index(after)
    assert old in text[start:]
    path.write_text(text[:start] + text[start:].replace(old, new, 1))


def test_the_graph_is_the_stages_of_dvc_yaml_in_a_runnable_order(repository):
    """Each stage comes after all that it needs."""
    graph = stage_graph()
    assert {address for address, _ in graph} == STAGES
    seen: set[str] = set()
    for address, needs in graph:
        assert set(needs) <= seen
        seen.add(address)
    assert dict(graph)["features"] == ("backbone@encoder", "decode")


def test_a_broken_dvc_yaml_is_one_sentence(repository):
    """Not DVC's own exception."""
    Path("dvc.yaml").write_text("stages:\n  a: {cmd: [}\n")
    with pytest.raises(InputError, match="dvc"):
        stage_graph()


def test_an_edit_of_an_unused_tier_changes_no_stage(repository):
    """Neither what stages there are, nor one value that one of them depends on."""
    before = resolved()
    edit("fps: 2.0", "fps: 3.0", after="  moderate_long:")
    edit("k: [8, 32, 64]", "k: [4]", after="  very_long:")
    assert resolved() == before


def test_an_edit_of_the_active_tier_changes_exactly_the_stages_that_read_it(repository):
    """`selection` is read by the evaluations, and by `compare` for the model that it registers."""
    before = resolved()
    edit("k: [8]", "k: [4]", after="  smoke:")
    after = resolved()
    readers = {name for name in STAGES if name.startswith("evaluate@")} | {"compare"}
    assert {name for name in STAGES if before[name] != after[name]} == readers


def test_another_tier_is_one_word_away(repository):
    """Every stage that reads a section then depends on that tier's."""
    edit("tier: smoke", "tier: long")
    values = resolved()
    assert values["decode"]["tiers.long.video"]["max_frames"] == 4096
    assert not any(key.startswith("tiers.smoke") for stage in values.values() for key in stage)


def test_locks_of_the_dead_are_forgotten_and_those_of_the_living_stay(tmp_path):
    """A process that was killed holds nothing, collected or not; a living one keeps what it holds."""
    import json
    import os
    import subprocess

    from pipelines.graph import RWLOCK, forget_dead_locks

    path = tmp_path / RWLOCK
    path.parent.mkdir(parents=True)
    uncollected = subprocess.Popen(["true"])
    os.waitid(os.P_PID, uncollected.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still in the process table

    def record(*pids: int) -> None:
        readers = [{"pid": pid, "cmd": "dvc repro"} for pid in pids]
        path.write_text(json.dumps({"write": {"/a": readers[0]}, "read": {"/b": readers}}))

    record(uncollected.pid, os.getpid())
    assert not forget_dead_locks(tmp_path)
    assert path.exists()
    record(uncollected.pid)
    assert forget_dead_locks(tmp_path)
    assert not path.exists()
    assert not forget_dead_locks(tmp_path)
    uncollected.wait()


def test_a_record_of_locks_that_a_kill_cut_off_is_forgotten(tmp_path):
    """DVC itself would refuse every command. While somebody is writing it, it is left alone."""
    import fcntl

    from pipelines.graph import RWLOCK, forget_dead_locks

    path = tmp_path / RWLOCK
    path.parent.mkdir(parents=True)
    path.write_text('{"write": {"/a": {"pid": 1')
    with path.with_name("rwlock.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        assert not forget_dead_locks(tmp_path)
        assert path.exists()
    assert forget_dead_locks(tmp_path)
    assert not path.exists()


def test_what_dvc_status_names_has_changed(repository):
    """Nothing has run, so all of them have; a project that DVC cannot read has no answer."""
    from pipelines.graph import changed_stages

    assert changed_stages() == {address for address, _ in stage_graph()}
    Path("dvc.yaml").write_text("stages:\n  a: {cmd: [}\n")
    assert changed_stages() is None
