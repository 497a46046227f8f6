"""The wrapper of every stage body."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from ntlbg.errors import InputError
from pipelines import invocation
from pipelines.stage import DRIVEN, Stage, _without_known_tracebacks, clear, expect_server, stage
from pipelines.tracking import PARENT_TAG, Tracker

ROOT = Path(__file__).parents[2]


def made(body, name="decode", argument=None) -> Stage:
    return stage(name, argument=argument)(body)


def exit_code(one: Stage, *argv: str) -> int:
    with pytest.raises(SystemExit) as caught:
        one.main(list(argv))
    return caught.value.code


def runs() -> dict[str, object]:
    tracker = Tracker()
    return {run.info.run_name: run for run in tracker.client.search_runs([tracker.experiment])}


def test_a_stage_records_what_it_measured_where_and_at_what_cost(project):
    """In MLflow and in reports/runs, which git ignores."""

    def body(run):
        assert run.params.video.fps == 1.0
        run.count(videos=3)
        run.metrics(frames=12)

    assert exit_code(made(body)) == 0
    told = json.loads(Path("reports/runs/decode.json").read_text())
    assert told["status"] == "FINISHED"
    assert told["metrics"] == {"videos": 3, "frames": 12}
    assert told["wall_s"] > 0
    assert told["peak_memory_mb"] > 0
    assert told["machine"]["cores"] >= 1
    found = runs()["decode"].data
    assert found.metrics["videos"] == 3
    assert found.metrics["wall_s"] > 0
    assert found.params["video.fps"] == "1.0"
    assert found.tags["git.dirty"] in ("true", "false")
    assert not any(name.startswith("selection.") for name in found.params), "it reads no such section"


def test_the_run_is_a_child_of_a_parent_named_by_the_tier(project):
    """The parent holds all settings, the child those it reads."""
    assert exit_code(made(lambda run: None)) == 0
    found = runs()
    assert found["decode"].data.tags[PARENT_TAG] == found["smoke"].info.run_id
    assert found["smoke"].info.status == "FINISHED"
    assert found["smoke"].data.params["selection.k"] == "[8]"
    assert found["smoke"].data.params["seed"] == "2026"


def test_a_known_error_is_one_sentence_with_its_exit_code(project, capsys):
    """No traceback; the run is marked as failed with the sentence."""

    def body(run):
        raise InputError("data/videos/a.mp4: is not a video", hint="remove it")

    assert exit_code(made(body)) == 2
    said = capsys.readouterr().err
    assert said.endswith("error: data/videos/a.mp4: is not a video\nhint: remove it\n")
    assert "Traceback" not in said
    assert json.loads(Path("reports/runs/decode.json").read_text())["error"] == "data/videos/a.mp4: is not a video"
    assert runs()["decode"].info.status == "FAILED"
    assert runs()["smoke"].info.status == "FAILED"
    assert runs()["decode"].data.tags["error"] == "data/videos/a.mp4: is not a video"


def test_a_mistake_in_params_is_told_before_anything_runs(project, capsys):
    """And every mistake has its line."""
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("fps: 1.0", "fps: 0", 1).replace("max_frames: 512", "max_frame: 512"))
    assert exit_code(made(lambda run: pytest.fail("ran"))) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("error: ")] == [
        f"error: params.yaml, line {place(text, 'fps: 1.0')}: tiers.smoke.video.fps: must be greater than 0, is `0`",
        f"error: params.yaml, line {place(text, 'max_frames: 512')}: tiers.smoke.video.max_frame: there is no such key",
    ]
    assert said[-1] == "hint: did you mean `tiers.smoke.video.max_frames`?"


def place(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(("argument", "argv"), [(None, ["x"]), ("benchmark", []), ("benchmark", ["a", "b"])])
def test_a_stage_called_wrongly_says_how(project, capsys, argument, argv):
    """A usage line instead of a TypeError."""
    assert exit_code(made(lambda run, *a: None, "evaluate", argument), *argv) == 2
    assert "error: evaluate: takes" in capsys.readouterr().err


def test_the_body_is_a_prefect_task_whose_function_is_what_runs_without_a_server(project):
    """One body, two ways to start it."""
    from prefect import Task

    one = made(lambda run: None)
    assert isinstance(one.task, Task)
    assert one.task.fn is one.execute
    assert one.task.name == "decode"


PLAIN = """
import sys
from pipelines.stage import stage

@stage("decode")
def decode(run): run.metrics(videos=1)

try:
    decode.main([])
finally:
    assert "prefect" not in sys.modules, "Prefect was imported"
"""


def test_without_a_url_prefect_is_not_even_imported(project):
    """So no ephemeral server can start: a stage costs no ten seconds more."""
    done = subprocess.run([sys.executable, "-c", PLAIN], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0


def test_a_driven_stage_opens_no_flow_of_its_own(project, monkeypatch):
    """The driver is the flow."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")  # nothing answers there
    monkeypatch.setenv(DRIVEN, "1")
    assert exit_code(made(lambda run: None)) == 0


def test_a_server_that_does_not_answer_is_named(project, monkeypatch, capsys):
    """Instead of a temporary one starting in its place."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert exit_code(made(lambda run: pytest.fail("ran"))) == 2
    said = capsys.readouterr().err
    assert "no Prefect server answers at http://127.0.0.1:9/api" in said
    assert "unset PREFECT_API_URL" in said


def test_an_address_that_is_none_is_refused_too():
    """A typing error in the variable is the same mistake."""
    with pytest.raises(InputError, match="no Prefect server answers"):
        expect_server("nonsense")


def test_prefect_logs_no_traceback_of_an_error_that_explains_itself():
    """Of any other error it does."""
    for error, kept in ((InputError("x"), False), (ValueError("x"), True)):
        record = logging.LogRecord("a", logging.ERROR, "b", 1, "c", None, (type(error), error, None))
        assert _without_known_tracebacks(record)
        assert bool(record.exc_info) is kept


def test_a_folder_appears_whole_or_not_at_all(project):
    """A body that fails leaves neither the folder nor its unfinished part."""

    def body(run):
        with run.folder(Path("data/frames")) as into:
            (into / "a.npy").write_bytes(b"half")
            raise InputError("no")

    Path("data/.frames.0123.partial").mkdir(parents=True)  # of a run that was killed
    assert exit_code(made(body)) == 2
    assert list(Path("data").iterdir()) == []


def test_clearing_an_output_takes_a_link_and_not_what_it_points_to(tmp_path):
    """An output may have been moved to a larger disk by hand."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    clear(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "elsewhere" / "kept").exists()


SLOW = """
import time
from pathlib import Path
from pipelines.stage import stage

@stage("decode")
def decode(run):
    with run.folder(Path("data/frames")) as into:
        (into / "a.npy").write_bytes(b"half")
        Path("begun").touch()
        time.sleep(60)

decode.main([])
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, "KILLED"), (signal.SIGKILL, "RUNNING")])
def test_a_killed_stage_leaves_nothing_that_looks_whole(project, number, status):
    """SIGTERM closes its run at once; after SIGKILL the next stage does."""
    child = subprocess.Popen([sys.executable, "-c", SLOW], env={**os.environ, "PYTHONPATH": str(ROOT)})
    deadline = time.monotonic() + 60
    while not Path("begun").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(number)
    assert child.wait(30) != 0
    assert not Path("data/frames").exists()
    assert runs()["decode"].info.status == status
    if number == signal.SIGKILL:
        assert exit_code(made(lambda run: None, "features")) == 0
        assert runs()["decode"].info.status == "KILLED"
        clear(Path("data/frames"))
    assert list(Path("data").iterdir()) == []


def test_an_arm_is_a_run_below_its_stage(project):
    """With the columns that a person compares by."""

    def body(run, benchmark):
        run.nested(
            "videomme · ntlbg · k=8",
            params={"benchmark": benchmark, "selector": "ntlbg", "k": 8, "presentation": "frames"},
            metrics={"accuracy": 0.5, "one_moment.evidence_recall": 0.75},
        )

    assert exit_code(made(body, "evaluate", "benchmark"), "videomme") == 0
    found = runs()
    arm = found["videomme · ntlbg · k=8"]
    assert arm.data.tags[PARENT_TAG] == found["evaluate@videomme"].info.run_id
    assert arm.data.params == {"benchmark": "videomme", "selector": "ntlbg", "k": "8", "presentation": "frames"}
    assert arm.data.metrics == {"accuracy": 0.5, "one_moment.evidence_recall": 0.75}
    assert arm.info.status == "FINISHED"


QUESTIONS = pd.DataFrame({"question_id": ["a", "b"], "split": ["train", "test"]})


def test_what_a_stage_read_stands_on_its_run_and_on_its_arms(project):
    """A table, or rows of one under the file they come from; an arm's metrics are linked to what it was asked."""
    QUESTIONS.to_parquet("questions.parquet")

    def body(run, benchmark):
        run.dataset(Path("questions.parquet"), "all", "training")
        asked = run.dataset(QUESTIONS[1:], "mlvu", "test", source=Path("questions.parquet"))
        run.nested("an arm", params={"benchmark": benchmark}, metrics={"accuracy": 0.5}, dataset=asked)
        with pytest.raises(InputError, match="without the file"):
            run.dataset(QUESTIONS, "nowhere", "test")

    assert exit_code(made(body, "evaluate", "benchmark"), "mlvu") == 0
    found = runs()
    inputs = {name: [i.dataset for i in found[name].inputs.dataset_inputs] for name in ("evaluate@mlvu", "an arm")}
    assert {dataset.name for dataset in inputs["evaluate@mlvu"]} == {"all", "mlvu"}
    (asked,) = inputs["an arm"]
    assert asked.name == "mlvu"
    assert '"num_rows": 1' in asked.profile


def test_a_training_loop_leaves_curves_and_checkpoints(project):
    """Curves at their steps, written by the end at the latest; each checkpoint a model with what was measured on it."""
    folder = Path("models/select")
    folder.mkdir(parents=True)
    (folder / "ntlbg.safetensors").write_bytes(b"weights")

    def body(run):
        for step in range(1, 6):
            run.series(step, loss=1 / step)
        run.checkpoint("select", folder, {"lr": 0.1}, {"val.loss": 0.5}, step=5)
        run.series(6, loss=0.125)

    assert exit_code(made(body)) == 0
    tracker, run = Tracker(), runs()["decode"]
    assert [p.step for p in tracker.client.get_metric_history(run.info.run_id, "loss")] == [1, 2, 3, 4, 5, 6]
    (model,) = tracker.client.search_logged_models([tracker.experiment])
    assert (model.name, model.params["step"], model.metrics[0].value) == ("select", "5", 0.5)


def test_a_store_that_fails_costs_neither_training_nor_the_stage(project, capsys, monkeypatch):
    """A checkpoint or a version that cannot be recorded is told; the weights are there all the same."""
    Path("models").mkdir()

    def body(run):
        monkeypatch.setattr(type(run.tracker), "client", property(lambda self: 1 / 0), raising=False)
        assert run.checkpoint("select", Path("models"), {}, {}, step=1) is None
        assert run.register("ntlbg", {"encoder": Path("models")}, {}) is None
        assert run.nested("an arm", params={}, metrics={"accuracy": 0.5}) is None
        run.artifact(Path("params.yaml"))

    assert exit_code(made(body)) == 0
    said = capsys.readouterr().err
    assert "warning: decode: checkpoint `select` is not in MLflow" in said
    assert "warning: decode: model `ntlbg` is not in MLflow's registry" in said
    assert "warning: decode: run `an arm` is not in MLflow" in said


def test_results_outlive_a_store_that_fails_at_the_end(project, capsys, monkeypatch):
    """What was computed is kept and the user is told; it is not computed again because a log was lost."""

    def body(run):
        Path("out").write_text("done")
        monkeypatch.setattr(type(run.tracker), "uri", "sqlite:////proc/none.db", raising=False)
        monkeypatch.setattr(type(run.tracker), "client", property(lambda self: 1 / 0), raising=False)

    assert exit_code(made(body)) == 0
    assert Path("out").read_text() == "done"
    assert "warning: decode: its results are not in MLflow" in capsys.readouterr().err


def test_a_store_that_cannot_be_used_stops_the_stage_before_it_works(project, capsys, monkeypatch):
    """Named without its password."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/none/mlflow.db")
    assert exit_code(made(lambda run: pytest.fail("ran"))) == 1
    assert "the MLflow store sqlite:////proc/none/mlflow.db cannot be used" in capsys.readouterr().err


def test_a_stage_started_by_hand_is_its_own_invocation(project):
    """Nobody has to start DVC to try one stage."""
    assert exit_code(made(lambda run: None)) == 0
    assert Tracker().parent(invocation.own()) == runs()["smoke"].info.run_id


def test_what_the_system_refuses_is_one_sentence(project, capsys):
    """A full disk has no traceback, and its file is named without driving the terminal."""

    def body(run):
        raise OSError(28, "No space left on device", "data/a\x1b[2J.npy")

    assert exit_code(made(body)) == 1
    said = capsys.readouterr().err
    assert "error: decode: data/a\N{REPLACEMENT CHARACTER}[2J.npy: no space left on device" in said
    assert "Traceback" not in said
    assert runs()["decode"].info.status == "FAILED"


def test_a_report_that_cannot_be_written_does_not_hide_the_error(project, capsys):
    """What went wrong first is what is told last, and MLflow has it."""
    Path("reports").mkdir(exist_ok=True)
    Path("reports/runs").write_text("a file in the way")

    def body(run):
        raise InputError("videos/a.mp4: is broken")

    assert exit_code(made(body)) == 2
    assert "error: videos/a.mp4: is broken" in capsys.readouterr().err
    assert runs()["decode"].data.tags["error"] == "videos/a.mp4: is broken"
