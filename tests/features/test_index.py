"""Feature files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from ntlbg.errors import InputError
from ntlbg.features.index import Features, load_features, save_features
from ntlbg.records.arrays import Array
from ntlbg.records.video_index import VideoIndex


def index(basis: Array | None = None) -> VideoIndex:
    rng = np.random.default_rng(0)
    return VideoIndex(
        "vidéo 1",
        rng.normal(size=(4, 3)),
        np.array([0, 0.5, 1.25, 2]),
        29.97,
        60,
        2.002,
        np.eye(3) if basis is None else basis,
    )


@pytest.mark.parametrize("shape", [(4, 2), (4, 3, 2)])
def test_what_is_written_is_read(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Every array to the bit, every fact of the video, one view or several."""
    vectors = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    save_features(tmp_path / "f.safetensors", index(), vectors, "an encoder")
    found = load_features(tmp_path / "f.safetensors")
    for name in ("features", "timestamps_s", "basis", "video_id", "native_fps", "frame_count", "duration_s"):
        assert np.array_equal(getattr(found.index, name), getattr(index(), name))
    assert np.array_equal(found.vectors, vectors)
    assert found.encoder == "an encoder"


def test_equal_values_give_equal_bytes(tmp_path: Path) -> None:
    """Names and metadata are in sorted order, and other readers of safetensors accept the file."""
    path = tmp_path / "f.safetensors"
    written = set()
    for _ in range(3):
        save_features(path, index(), np.ones((4, 2)), "e")
        written.add(path.read_bytes())
    assert len(written) == 1
    with safe_open(path, "np") as opened:
        assert set(opened.keys()) == {"features", "vectors", "timestamps_s", "basis"}
    head = path.read_bytes()[8:200].decode()
    assert head.index("duration_s") < head.index("encoder") < head.index("frame_count") < head.index("video_id")


def test_a_video_without_directions_has_an_empty_basis(tmp_path: Path) -> None:
    """A video whose frames are all alike has no principal direction; the file holds none."""
    save_features(tmp_path / "f.safetensors", index(np.zeros((0, 3))), np.ones((4, 2)), "e")
    basis = load_features(tmp_path / "f.safetensors").index.basis
    assert basis is not None
    assert basis.shape == (0, 3)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """Missing, cut or foreign: one sentence with the path."""
    path = tmp_path / "f.safetensors"
    with pytest.raises(InputError, match="no such feature file"):
        load_features(path)
    save_features(path, index(), np.ones((4, 2)), "e")
    whole = path.read_bytes()
    for content in (whole[:-9], b"", b"text", b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(InputError, match=str(path)):
            load_features(path)


def test_vectors_must_fit_the_frames() -> None:
    """Another number of rows, or a value that is not finite, is refused."""
    for wrong in (np.ones((3, 2)), np.ones(4), np.full((4, 2), np.nan)):
        with pytest.raises(InputError):
            Features(index(), wrong)
