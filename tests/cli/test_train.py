"""`ntlbg train`."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ntlbg.cli.main import run
from ntlbg.errors import InputError
from ntlbg.modeling.settings import read_settings
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
