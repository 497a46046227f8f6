"""Where a checkpoint lies, and what is refused."""

from __future__ import annotations

import json
import shutil

import pytest

from ntlbg.errors import InputError
from ntlbg.modeling.checkpoint import Checkpoint, locate, read_pointer, write_pointer

COMMIT = "0" * 40


def test_a_folder_is_known_by_its_files(checkpoint, tmp_path):
    """A copy elsewhere has the same identity; a changed byte of the weights another; a changed card the same."""
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    assert locate(copy).identity() == locate(checkpoint).identity()
    (copy / "README.md").write_text("a card")
    assert locate(copy).identity() == locate(checkpoint).identity()
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert locate(copy).identity() != locate(checkpoint).identity()


def test_a_pointer_leads_to_the_checkpoint(checkpoint, tmp_path):
    """A folder with pointer.json stands for what it points to, a folder or a Hub id with its revision."""
    write_pointer(tmp_path, Checkpoint(str(checkpoint), None))
    assert locate(tmp_path) == locate(checkpoint)
    write_pointer(tmp_path, Checkpoint("owner/name", COMMIT))
    assert locate(tmp_path) == Checkpoint("owner/name", COMMIT)
    assert read_pointer(tmp_path / "pointer.json") == ("owner/name", COMMIT)


def test_a_pointer_to_a_pointer_is_refused(tmp_path):
    """Pointers cannot go in circles."""
    write_pointer(tmp_path, Checkpoint(str(tmp_path), None))
    with pytest.raises(InputError, match="itself a pointer"):
        locate(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"source": 3}', '{"source": "a/b", "revision": 4}'])
def test_a_broken_pointer_is_named(tmp_path, content):
    """One sentence with the file's name."""
    (tmp_path / "pointer.json").write_text(content)
    with pytest.raises(InputError, match=r"pointer\.json"):
        locate(tmp_path)


def test_a_hub_id_needs_a_revision():
    """What a branch holds can change under the same name."""
    with pytest.raises(InputError, match="no pinned revision"):
        locate("Qwen/Qwen2-VL-7B-Instruct")
    assert locate("Qwen/Qwen2-VL-7B-Instruct", COMMIT).identity() == {
        "source": "Qwen/Qwen2-VL-7B-Instruct",
        "revision": COMMIT,
    }


def test_pickled_weights_are_refused(tmp_path):
    """A folder whose weights are not safetensors is not opened."""
    (tmp_path / "config.json").write_text(json.dumps({}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(InputError, match="safetensors"):
        locate(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    """The path stands in the sentence."""
    with pytest.raises(InputError, match="nowhere"):
        locate(tmp_path / "nowhere")
