"""`ntlbg train`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from ntlbg.cli.main import run
from ntlbg.errors import InputError
from ntlbg.modeling.settings import read_settings
from ntlbg.training.loop import _Loop
from tests.evaluation.small_world import TextOnly
from tests.training import world as worlds

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with params.yaml, data/ and models/ as earlier stages leave them."""
    folders = worlds.make(tmp_path)
    for name, place in (
        ("accepted", "data/accepted"),
        ("frames", "data/frames"),
        ("features", "data/features"),
        ("answerer", "models/answerer"),
    ):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        folders[name].rename(tmp_path / place)
    document = yaml.safe_load((ROOT / "params.yaml").read_text())
    smoke = document["tiers"]["smoke"]
    smoke["training"] = worlds.params(max_steps=2, selectors=["ntlbg", "uniform"]).model_dump(mode="json")
    smoke["modeling"] = worlds.modeling().model_dump(mode="json")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NTLBG_STORE", str(tmp_path / "store"))
    monkeypatch.setattr("ntlbg.features.encoders.load_encoder", lambda *a, **k: TextOnly())
    return tmp_path


def test_all_stages_are_trained_for_every_selector(project, capsys):
    """Into the folders where the pipeline has them; one line for each."""
    run_command("train")
    for stage in ("select", "joint", "full"):
        for selector in ("ntlbg", "uniform"):
            settings = read_settings(project / "models" / stage / selector)
            assert (settings.stage, settings.selector) == (stage, selector)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert all("2 updates on 8 questions" in line for line in lines)


def test_what_a_killed_run_had_finished_is_kept(project, capsys, monkeypatch):
    """The next run takes the updates that are missing and no other, says so, and leaves no checkpoint behind."""
    taken, killed, update = [], [], _Loop._update

    def counted(loop: _Loop, step: int) -> dict[str, float]:
        if (loop.stage, step) == ("full", 1) and not killed:
            killed.append(True)
            raise KeyboardInterrupt
        taken.append((loop.stage, step))
        return update(loop, step)

    monkeypatch.setattr(_Loop, "_update", counted)
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        run(["train", "--selector", "ntlbg"])
    files = [f for stage in ("select", "joint") for f in (project / "models" / stage / "ntlbg").rglob("*.*")]
    before = {f: f.read_bytes() for f in files}
    assert len(before) > 6
    assert taken == [("select", 0), ("select", 1), ("joint", 0), ("joint", 1), ("full", 0)]
    capsys.readouterr()
    taken.clear()
    run_command("train", "--selector", "ntlbg")
    assert taken == [("full", 0), ("full", 1)]
    assert {f: f.read_bytes() for f in files} == before
    lines = capsys.readouterr().out.splitlines()
    assert ["was finished, kept: " in line for line in lines] == [True, True, False]
    assert not list(project.rglob("*.checkpoints"))


def test_a_finished_stage_of_other_settings_is_not_kept(project, capsys, monkeypatch):
    """Another seed is another run, although a checkpoint lies there."""
    monkeypatch.setattr("ntlbg.cli.train.shutil", SimpleNamespace(rmtree=lambda *_, **__: None))  # killed before
    options = ("--selector", "ntlbg", "--stage", "select")
    run_command("train", *options)
    document = yaml.safe_load((project / "params.yaml").read_text())
    (project / "params.yaml").write_text(yaml.safe_dump(document | {"seed": 5}))
    run_command("train", *options)
    run_command("train", *options)
    assert ["kept" in line for line in capsys.readouterr().out.splitlines()] == [False, False, True]


def test_single_stages_and_selectors_can_be_named(project):
    """A later stage goes on from the folder of the one before."""
    run_command("train", "--stage", "select", "--selector", "ntlbg", "--out", "mine")
    run_command("train", "--stage", "joint", "--selector", "ntlbg", "--out", "mine")
    assert sorted(p.parent.name for p in (project / "mine").glob("*/ntlbg")) == ["joint", "select"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--stage", "last"), "there is no stage `last`"),
        (("--params", "none.yaml"), "none.yaml: there is no such file"),
        (("--stage", "joint", "--selector", "ntlbg"), "is missing"),
        (("--selector", "best"), "there is no selector `best`"),
    ],
)
def test_a_mistake_is_one_sentence(project, capsys, arguments, sentence):
    """And exit code 2."""
    with pytest.raises(SystemExit) as ended:
        run(["train", *arguments])
    assert ended.value.code == InputError.exit_code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said


def run_command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(list(arguments))
    assert ended.value.code == 0
