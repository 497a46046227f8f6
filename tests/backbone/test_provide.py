"""Where the models of a run come from."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from ntlbg.backbone.params import AnswererParams, BackboneParams, EncoderParams
from ntlbg.backbone.provide import SHIPPED_FOLDER, copy_shipped, manifest, provide_answerer, provide_encoder
from ntlbg.errors import InputError
from ntlbg.modeling.answerer import Answerer, Request
from ntlbg.records.prompt import Prompt

COMMIT = "a" * 40


def test_shipped_models_load_as_any_checkpoint_does(tmp_path):
    """The answerer through the answerer's door, the encoder through the features' door; no network is asked."""
    from ntlbg.features.encoders import load_encoder

    provide_encoder(BackboneParams(), tmp_path / "encoder")
    provide_answerer(BackboneParams(), tmp_path / "answerer")
    frames = np.zeros((2, 32, 48, 3), np.uint8)
    features, _ = load_encoder(tmp_path / "encoder").encode_frames(frames)
    assert len(features) == 2
    request = Request(frames, np.arange(2.0), Prompt("Which of these places is shown?"), ("desert", "cave"))
    assert np.isfinite(Answerer.load(tmp_path / "answerer").score_options([request])).all()


def test_what_is_shipped_is_small():
    """Both checkpoints together stay under 5 MB."""
    assert sum(f.stat().st_size for f in SHIPPED_FOLDER.rglob("*") if f.is_file()) <= 5_000_000


def test_every_shipped_file_is_listed_and_every_listed_file_shipped():
    """Nothing lies beside the manifest, and it says how each part was made and how good it is."""
    for part, entry in manifest().items():
        assert {f.name for f in (SHIPPED_FOLDER / part).iterdir()} == set(entry["files"])
        assert entry["measured"]
        assert entry["params"]["steps"] > 0


def test_shipped_difficulty_is_the_planned_one():
    """Relevance on one-moment questions of validation videos is imperfect, neither blind nor perfect."""
    assert 0.80 <= manifest()["encoder"]["measured"]["relevance_auc"]["one_moment"] <= 0.92


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_a_damaged_copy_is_named(tmp_path, damage):
    """A changed or missing file is one sentence with its name, and nothing is copied."""
    folder = tmp_path / "shipped"
    shutil.copytree(SHIPPED_FOLDER, folder)
    weights = folder / "answerer" / "model.safetensors"
    weights.unlink() if damage == "remove" else weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(InputError, match=r"model\.safetensors"):
        copy_shipped("answerer", into, folder=folder)
    assert not any(into.iterdir())


def test_elsewhere_means_a_pointer(tmp_path):
    """A folder or a pinned Hub id is pointed to, not copied."""
    provide_answerer(BackboneParams(), tmp_path / "own")
    own = BackboneParams(answerer=AnswererParams(source=str(tmp_path / "own")))
    provide_answerer(own, tmp_path / "a")
    pointer = json.loads((tmp_path / "a" / "pointer.json").read_text())
    assert pointer == {"source": str(tmp_path / "own"), "revision": None}
    Answerer.load(tmp_path / "a")
    hub = BackboneParams(encoder=EncoderParams(source="owner/name", revision=COMMIT))
    provide_encoder(hub, tmp_path / "b")
    assert json.loads((tmp_path / "b" / "pointer.json").read_text()) == {"source": "owner/name", "revision": COMMIT}


@pytest.mark.parametrize(
    ("source", "revision", "says"),
    [("owner/name", None, "no pinned revision"), ("/nowhere/at/all", None, "no folder"), (".", COMMIT, "no meaning")],
)
def test_a_source_that_leads_nowhere_is_named(tmp_path, source, revision, says):
    """Nothing is written for it."""
    params = BackboneParams(answerer=AnswererParams(source=source, revision=revision))
    with pytest.raises(InputError, match=says):
        provide_answerer(params, tmp_path / "into")
    assert not (tmp_path / "into" / "pointer.json").exists()
