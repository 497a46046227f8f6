"""The command that makes the shipped checkpoints."""

from __future__ import annotations

import json

import pytest

from ntlbg.backbone import make_shipped
from ntlbg.backbone.params import EncoderParams
from ntlbg.backbone.provide import SHIPPED_FOLDER, copy_shipped


def test_what_is_installed_passes_the_check_of_what_is_shipped(tmp_path):
    """Manifest and files agree, a part installed again replaces the old one, other parts stay."""
    shipped = tmp_path / "shipped"
    for part in make_shipped.PARTS:
        make_shipped.install(part, SHIPPED_FOLDER / part, EncoderParams(), {"figure": 1}, shipped)
    make_shipped.install("encoder", SHIPPED_FOLDER / "encoder", EncoderParams(), {"figure": 2}, shipped)
    manifest = json.loads((shipped / "manifest.json").read_text())
    assert manifest["encoder"]["measured"] == {"figure": 2}
    for part in make_shipped.PARTS:
        into = tmp_path / part
        into.mkdir()
        copy_shipped(part, into, folder=shipped)
        assert {p.name for p in into.iterdir()} == set(manifest[part]["files"])


def test_an_unknown_part_is_refused(capsys):
    """Before anything is drawn or trained."""
    with pytest.raises(SystemExit):
        make_shipped.main(["eyes"])
    assert "encoder or answerer" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_encoder_can_be_made_again(tmp_path):
    """The command gives an encoder whose measured difficulty is that of the shipped one, to two hundredths."""
    make_shipped.main(["encoder", "--into", str(tmp_path)])
    made, shipped = (json.loads((f / "manifest.json").read_text())["encoder"] for f in (tmp_path, SHIPPED_FOLDER))
    assert made["params"] == shipped["params"]
    a, b = (m["measured"]["relevance_auc"]["one_moment"] for m in (made, shipped))
    assert abs(a - b) <= 0.02


def test_shipped_figures_are_measured_again(tmp_path):
    """The manifest's figures are what the shipped answerer gives on freshly filmed videos of the same plans."""
    scenes = {"seen combinations": make_shipped.checking_scenes(2)["seen combinations"]}
    again = make_shipped.assess_answerer(SHIPPED_FOLDER / "answerer", scenes)
    assert again["seen combinations"]["oracle"]["one_moment"][0] >= 0.6
    assert again["seen combinations"]["oracle"]["one_moment"][1] == 8
