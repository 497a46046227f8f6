"""Which names lead to an encoder, and which are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntlbg.errors import InputError
from ntlbg.features.encoders import load_encoder
from tests.features.conftest import Colours


def test_a_hub_id_needs_a_commit() -> None:
    """A branch or no revision is refused before anything is asked of the Hub: its content may change."""
    with pytest.raises(InputError, match="revision is missing"):
        load_encoder("someone/clip")
    with pytest.raises(InputError, match="not a commit"):
        load_encoder("someone/clip", revision="main")


@pytest.mark.parametrize("name", ["nowhere", "a/b/c", "../x", ""])
def test_a_name_that_is_nothing_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it and says what can be named."""
    monkeypatch.chdir(tmp_path / "..")
    with pytest.raises(InputError) as error:
        load_encoder(name)
    assert error.value.hint


def test_a_pointer_leads_to_its_source(tmp_path: Path, clip_folder: Path) -> None:
    """A folder with a pointer.json stands for what it points to."""
    (tmp_path / "pointer.json").write_text(json.dumps({"source": str(clip_folder), "revision": None}))
    assert load_encoder(tmp_path).identity == load_encoder(clip_folder).identity


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"source": 3}', '{"source": "a/b", "revision": 1}'])
def test_a_broken_pointer_is_named(tmp_path: Path, content: str) -> None:
    """A pointer without a source is one sentence with its path."""
    (tmp_path / "pointer.json").write_text(content)
    with pytest.raises(InputError, match=r"pointer\.json"):
        load_encoder(tmp_path)


def test_pointers_do_not_chain(tmp_path: Path) -> None:
    """A pointer to a pointer, such as one to itself, ends."""
    (tmp_path / "pointer.json").write_text(json.dumps({"source": str(tmp_path), "revision": None}))
    with pytest.raises(InputError, match="another pointer"):
        load_encoder(tmp_path)


def test_a_video_keeps_its_shape(colours: Colours) -> None:
    """The decoded size keeps the aspect ratio, its shorter side is the encoder's, and extremes are bounded."""
    assert colours.size_for(1280, 720) == (8, 14)
    assert colours.size_for(720, 1280) == (14, 8)
    assert colours.size_for(100, 100) == (8, 8)
    assert colours.size_for(10_000, 10) == (8, 32)
    with pytest.raises(InputError, match="float32"):
        colours.compute_in("float16")


def test_a_device_that_is_not_there_is_told(clip_folder: Path) -> None:
    """Before anything is loaded, and in one sentence."""
    with pytest.raises(InputError, match="device `cuda:99` cannot be used"):
        load_encoder(clip_folder, device="cuda:99")
