import json
import sqlite3
from collections import Counter

import pandas as pd
import pytest

from tests.end_to_end.project import BENCHMARKS

SELECTORS = {"uniform", "random", "topk_nms", "kmedoids", "ntlbg"}
TRAINED, STAGES = ("ntlbg", "uniform"), ("select", "joint", "full")
pytestmark = pytest.mark.timeout(1500)


def test_the_last_lines_are_the_comparison_and_where_to_look(first_run):
    """`make run` exits 0 and ends with the table and the reports' paths."""
    _, done = first_run
    assert done.code == 0, done.out
    tail = done.out[-40000:]
    names = ("LongVideoBench", "Video-MME", "MLVU")
    for word in (*names, *SELECTORS, "blind", "oracle"):
        assert word in tail
    last = "\n".join(done.out.splitlines()[-4:])
    assert all(f"reports/comparison.{suffix}" in last for suffix in ("html", "md", "json"))


def test_only_the_lock_and_the_reports_are_new_for_git(project):
    """Whatever a run writes is ignored, or is a tracked result."""
    changed = [line[3:] for line in project.git("status", "--porcelain", "-uall").splitlines()]
    assert changed
    assert all(name == "dvc.lock" or name.startswith("reports/") for name in changed), changed


def test_answers_and_error_rows_are_all_questions(project):
    """In every arm and benchmark, each test question has exactly one row, answered or an error."""
    questions = pd.read_parquet(project.root / "data/accepted/questions.parquet")
    for name, told in project.comparison()["benchmarks"].items():
        asked = set(questions.question_id[(questions.benchmark == name) & (questions.split == "test")])
        rows = pd.read_parquet(project.root / f"reports/evaluation/{name}.parquet")
        assert told["questions"] == len(asked)
        for arm, of_arm in rows.groupby("arm"):
            assert Counter(of_arm.question_id) == Counter(asked), arm
        for arm in told["arms"]:
            assert arm["answered"] + arm["errors"] == len(asked)


def test_every_arm_reads_k_frames_of_the_same_questions(project):
    """Selectors differ in the frames alone: equal k, equal prompts, equal questions; blind reads none."""
    for name in BENCHMARKS:
        rows = pd.read_parquet(project.root / f"reports/evaluation/{name}.parquet")
        assert SELECTORS | {"blind", "oracle"} == set(rows.selector)
        untrained = rows[rows.presentation == "frames"]
        frames = untrained.groupby("selector")["indices"].apply(lambda of_arm: set(map(len, of_arm)))
        assert frames["blind"] == {0}
        assert all(frames[s] == {8} for s in [*SELECTORS, "oracle"])
        assert (rows.groupby("question_id").prompt_sha256.nunique() == 1).all()


def test_mlflow_holds_a_parent_its_stages_and_every_arm(project):
    """One parent, a child per stage, and a nested run per arm and benchmark with the columns that people compare."""
    with sqlite3.connect(project.root / "mlflow.db") as db:
        parents = dict(db.execute("select run_uuid, value from tags where key = 'mlflow.parentRunId'"))
        names = dict(db.execute("select run_uuid, name from runs"))
        params = {}
        for run, key, value in db.execute("select run_uuid, key, value from params"):
            params.setdefault(run, {})[key] = value
        metrics = {}
        for run, key in db.execute("select run_uuid, key from latest_metrics"):
            metrics.setdefault(run, set()).add(key)
    roots = [run for run in names if run not in parents]
    assert len(roots) == 1
    stages = {names[run] for run, parent in parents.items() if parent == roots[0]}
    assert stages == set(project.lock()["stages"])
    nested = [run for run, parent in parents.items() if parent != roots[0]]
    arms = [run for run in nested if "benchmark" in params[run]]
    told = {(params[run]["benchmark"], params[run]["selector"], params[run]["k"]) for run in arms}
    assert told >= {(b, s, "8") for b in BENCHMARKS for s in [*SELECTORS, "oracle"]}
    assert all("accuracy" in metrics[run] for run in arms)


def test_every_stage_of_training_leaves_a_model_for_each_selector(project):
    """Weights, settings and history, and a nested run with the stage, the selector and the terms of its loss."""
    for stage in STAGES:
        for selector in TRAINED:
            folder = project.root / "models" / stage / selector
            settings = json.loads((folder / "ntlbg.json").read_text())
            assert (settings["stage"], settings["selector"]) == (stage, selector)
            assert (folder / "ntlbg.safetensors").is_file()
            assert (folder / "lora").is_dir() == (stage != "select")
            assert json.loads((folder / "history.json").read_text())["history"]
    with sqlite3.connect(project.root / "mlflow.db") as db:
        names = {name for (name,) in db.execute("select name from runs")}
        curves = {key for (key,) in db.execute("select key from metrics where step > 0")}
    assert names >= {f"{stage} · {selector}" for stage in STAGES for selector in TRAINED}
    assert curves >= {f"{selector}.{term}" for selector in TRAINED for term in ("loss", "task", "constraint")}


def test_the_comparison_tells_what_training_brings(project):
    """Trained arms at equal visual tokens and their differences, for each benchmark and for all of them pooled."""
    told = project.comparison()
    for figures in [*told["benchmarks"].values(), told["pooled"]]:
        arms = {arm["arm"]: arm for arm in figures["arms"]}
        for selector in TRAINED:
            names = [f"{selector}-48-rich:{stage}" for stage in ("untrained", *STAGES[:-1])]
            for name in [*names, f"{selector}-48-rich", f"{selector}-28-hybrid", f"{selector}-8"]:
                assert arms[name]["visual_tokens"] == 48
                assert arms[name]["errors"] == 0
        pairs = {(entry["family"], entry["arm"], entry["against"]) for entry in figures["paired"]}
        assert ("selectors", "ntlbg-48-rich", "uniform-48-rich") in pairs
        assert ("stages", "ntlbg-48-rich:joint", "ntlbg-48-rich:select") in pairs
        assert {("gains", "ntlbg-48-rich", a) for a in ("blind", "ntlbg-48-rich:untrained")} <= pairs
        assert {("tokens", "ntlbg-48-rich", "ntlbg-8"), ("tokens", "ntlbg-28-hybrid", "ntlbg-48-rich")} <= pairs
    assert told["pooled"]["questions"] == sum(figures["questions"] for figures in told["benchmarks"].values())
    for suffix in ("md", "html"):
        assert "What training brings" in (project.root / f"reports/comparison.{suffix}").read_text()


def test_a_second_run_does_nothing(project):
    """No stage runs again, `dvc status` is clean, and the comparison is printed all the same."""
    again = project.run()
    assert again.code == 0
    assert not again.ran
    assert "ntlbg" in again.out
    assert "up to date" in project.command("-m", "dvc", "status").out
