"""The maker of the shipped tables."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.features import make_conse
from ntlbg.features.minilm import MiniLM


def wheel(path: Path) -> Path:
    lists = {
        "imagenet_synsets.txt": "n2\nn1\n",
        "imagenet_synset_to_lemma.txt": "n1\ttench, Tinca tinca\nn2\tgoldfish, Carassius auratus\n",
        "imagenet_synset_to_definition.txt": "n1\ta freshwater fish\nn2\ta small golden fish\n",
    }
    with zipfile.ZipFile(path, "w") as zipped:
        for name, text in lists.items():
            zipped.writestr(make_conse.INFO + name, text)
    return path


def test_a_class_is_its_first_name_and_half_its_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the network's order, unit rows in float16."""
    monkeypatch.setattr(make_conse, "check_sha256", lambda *_: None)
    tables = make_conse.make(wheel(tmp_path / "timm.whl"))
    text = MiniLM()
    expected = text.encode_one("a photo of goldfish") + 0.5 * text.encode_one("a small golden fish")
    np.testing.assert_allclose(tables["classes"][0], expected / np.linalg.norm(expected), atol=1e-3)
    assert tables["classes"].shape == (2, 384)
    assert {t.dtype for t in tables.values()} == {np.dtype(np.float16)}


def test_another_wheel_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lists are taken from one known wheel; nothing is written from another."""
    with pytest.raises(InputError, match="sha256"):
        make_conse.names_and_definitions(wheel(tmp_path / "timm.whl"))
    assert make_conse.main([str(tmp_path / "timm.whl"), str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
    assert make_conse.main([]) == 2
    assert "usage" in capsys.readouterr().err
