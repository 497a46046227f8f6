"""The command that makes the shipped checkpoints."""

from __future__ import annotations

import json

import pytest

from ntlbg.backbone import make_shipped
from ntlbg.backbone.assess import checking_plans, filmed
from ntlbg.backbone.params import EncoderParams
from ntlbg.backbone.provide import SHIPPED_FOLDER, copy_shipped, manifest
from ntlbg.backbone.tiny_qwen import FRAME


def test_what_is_installed_passes_the_check_of_what_is_shipped(tmp_path):
    """Manifest and files agree, a part installed again replaces the old one, other parts stay."""
    shipped, known = tmp_path / "shipped", manifest()
    for part in make_shipped.PARTS:
        make_shipped.install(part, SHIPPED_FOLDER / part, EncoderParams(), known[part]["measured"], shipped)
    more = {**known["encoder"]["measured"], "more": 2}
    make_shipped.install("encoder", SHIPPED_FOLDER / "encoder", EncoderParams(), more, shipped)
    again = json.loads((shipped / "manifest.json").read_text())
    assert again["encoder"]["measured"]["more"] == 2
    for part in make_shipped.PARTS:
        into = tmp_path / part
        into.mkdir()
        copy_shipped(part, into, folder=shipped)
        assert {p.name for p in into.iterdir()} == set(again[part]["files"])


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


def test_the_shipped_answerer_reads_a_film_it_never_saw():
    """One freshly filmed video: with the evidence before it, it answers most questions about single moments."""
    films = {"seen combinations": [filmed(plan, FRAME) for plan in checking_plans(8, 1)]}
    table = make_shipped.assess_answerer(SHIPPED_FOLDER / "answerer", films)["seen combinations"]["oracle"]
    assert table["one_moment"][0] >= 0.75
    assert table["one_moment"][1] == 4


def test_the_card_tells_what_the_manifest_holds():
    """Every figure of the manifest stands on the card beside the checkpoints."""
    card = make_shipped.card(manifest())
    assert card == (SHIPPED_FOLDER / "README.md").read_text()
    assert f"{manifest()['encoder']['measured']['relevance_auc']['one_moment']:.3f}" in card
