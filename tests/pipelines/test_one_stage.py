"""One stage through DVC: what came of it, stopping it, and many side by side."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from pipelines.one_stage import OneByOne, Outcome, Reading, StageFailedError, StageStoppedError
from tests.pipelines.prefect_world import STAGES, until

# a busy machine needs minutes for what takes seconds
pytestmark = pytest.mark.timeout(900)

WORKERS, ROUNDS = 4, 25

SIDE_BY_SIDE = "stages:\n" + "".join(
    f"  s{n}: {{cmd: cp in-{n} out-{n}, deps: [in-{n}], outs: [out-{n}]}}\n" for n in range(WORKERS)
)


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (["Stage 'a' didn't change, skipping", "Data and pipelines are up to date."], Outcome.SKIPPED),
        (["Running stage 'a':", "> python a.py", "Updating lock file 'dvc.lock'"], Outcome.RAN),
        (["Stage 'a' is cached - skipping run, checking out outputs"], Outcome.RESTORED),
    ],
)
def test_dvcs_words_are_understood(lines, outcome):
    """The three ways in which a stage ends well."""
    reading = Reading()
    for line in lines:
        reading.line(line)
    assert reading.outcome is outcome


def test_the_stages_own_sentence_comes_first():
    """DVC's says only that a command failed; exit code 2 is bad input."""
    reading = Reading()
    reading.line("Running stage 'a':")
    reading.line("error: videos/a.mp4: is broken")
    reading.line("ERROR: failed to reproduce 'a': failed to run: python a.py, exited with 2")
    assert reading.problem == "videos/a.mp4: is broken"
    assert reading.bad_input
    other = Reading()
    other.line("ERROR: failed to reproduce 'a': failed to run: python a.py, exited with 20")
    assert other.problem.startswith("failed to reproduce 'a'")
    assert not other.bad_input


def test_a_busy_path_is_a_reason_to_wait_only_before_the_stage_has_run():
    """Afterwards something was lost, which is a failure and is told."""
    line = "ERROR: failed to reproduce 'a': '/x/out-a' is busy, it is being blocked by:"
    before, after = Reading(), Reading()
    before.line(line)
    after.line("Running stage 'a':")
    after.line(line)
    assert before.busy
    assert not after.busy


@pytest.fixture
def workspace(make_workspace, monkeypatch):
    """Without a server."""
    made = make_workspace()
    monkeypatch.chdir(made.root)
    return made


def make(workspace, **options) -> OneByOne:
    return OneByOne(workspace.environment(), **options)


@pytest.mark.slow
def test_a_stage_runs_is_skipped_and_is_restored(workspace):
    """Each of which is told apart, and the stage runs once."""
    stages, said = make(workspace), []

    def reproduce() -> Outcome:
        return stages.reproduce("first", limit_s=200, tell=said.append)

    assert reproduce() is Outcome.RAN
    assert reproduce() is Outcome.SKIPPED
    workspace.remove("out-first")
    assert reproduce() is Outcome.RESTORED
    assert workspace.begun == ["first"]
    assert Path("out-first").read_text() == "first1"
    assert "> python body.py first" in said


@pytest.mark.slow
def test_a_failure_is_one_sentence_that_names_the_stage(workspace):
    """Whether it is worth another try is known."""
    stages = make(workspace)
    workspace.write("fail-first", "1")
    with pytest.raises(StageFailedError, match="stage `first` failed: first is out of luck") as caught:
        stages.reproduce("first", limit_s=200, tell=lambda line: None)
    assert caught.value.worth_retrying
    workspace.write("refuse-first")
    with pytest.raises(StageFailedError, match=r"videos/a\.mp4: is broken") as caught:
        stages.reproduce("first", limit_s=200, tell=lambda line: None)
    assert not caught.value.worth_retrying
    with pytest.raises(StageFailedError, match="stage `nothing` failed"):
        stages.reproduce("nothing", limit_s=200, tell=lambda line: None)


@pytest.mark.slow
def test_a_hung_stage_is_killed_with_its_children(workspace):
    """Nothing is left of it, no output, and DVC's locks are free."""
    workspace.write("hang-first")
    with pytest.raises(StageFailedError, match="it took more than 8 s") as caught:
        make(workspace, grace_s=2).reproduce("first", limit_s=8, tell=lambda line: None)
    assert not caught.value.worth_retrying
    assert Path("hung").exists()
    assert workspace.sleepers() == []
    assert not Path("out-first").exists()
    assert "first" in workspace.status()
    workspace.remove("hang-first")
    assert make(workspace).reproduce("first", limit_s=200, tell=lambda line: None) is Outcome.RAN


@pytest.mark.slow
def test_stopping_ends_all_and_lets_none_begin(workspace):
    """And waits until nothing is left."""
    workspace.write("hang-first")
    stages, raised = make(workspace, grace_s=2), []

    def reproduce() -> None:
        try:
            stages.reproduce("first", limit_s=200, tell=lambda line: None)
        except StageStoppedError as error:
            raised.append(error.sentence)

    thread = threading.Thread(target=reproduce)
    thread.start()
    until(Path("hung").exists, "the stage")
    stages.stop()
    assert workspace.sleepers() == []
    thread.join(60)
    reproduce()
    assert raised == ["stage `first` was stopped"] * 2
    assert workspace.begun == ["first"]


@pytest.mark.slow
def test_a_path_that_another_command_uses_is_waited_for(workspace):
    """DVC refuses at once; asking again is right, because the stage had not begun."""
    Path(".dvc/tmp").mkdir(exist_ok=True)
    other = {"pid": os.getpid(), "cmd": "dvc repro"}
    Path(".dvc/tmp/rwlock").write_text(json.dumps({"write": {str(Path("out-first").resolve()): other}}))
    said = []

    def tell(line: str) -> None:
        said.append(line)
        if "waiting" in line:
            Path(".dvc/tmp/rwlock").unlink()

    assert make(workspace).reproduce("first", limit_s=200, tell=tell) is Outcome.RAN
    assert "first: another DVC command is using its files; waiting" in said


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_four_workers_of_25_rounds_meet_no_lock_error(make_workspace, monkeypatch):
    """Stages side by side, each changed in every round: each runs each time, and no line of dvc.lock is lost."""
    workspace = make_workspace(dvc=SIDE_BY_SIDE)
    monkeypatch.chdir(workspace.root)
    stages = make(workspace)
    outcomes: dict[str, list[Outcome]] = {f"s{n}": [] for n in range(WORKERS)}
    said: list[str] = []
    errors: list[Exception] = []

    def work(n: int) -> None:
        try:
            for count in range(ROUNDS):
                Path(f"in-{n}").write_text(f"{n} {count}")
                outcomes[f"s{n}"].append(stages.reproduce(f"s{n}", limit_s=600, tell=said.append))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert outcomes == {f"s{n}": [Outcome.RAN] * ROUNDS for n in range(WORKERS)}
    assert not [line for line in said if "lock" in line.lower() and "Updating" not in line and "Generating" not in line]
    assert set(workspace.dvc_lock()) == set(outcomes)
    assert "up to date" in workspace.status()
    assert all(Path(f"out-{n}").read_text() == f"{n} {ROUNDS - 1}" for n in range(WORKERS))


def test_the_small_workspace_is_what_the_tests_say(workspace):
    """Its stages are those that the tests of the flow count on."""
    from pipelines.graph import changed_stages, stage_graph

    assert {address for address, _ in stage_graph()} == set(STAGES)
    assert changed_stages() == set(STAGES)
