"""From stored frames to feature files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ntlbg.errors import InputError
from ntlbg.features.encoders import load_encoder
from ntlbg.features.extract import Shown, encoding_processes, extract_all, features_of
from ntlbg.features.index import Features, load_features
from ntlbg.features.params import FeaturesParams
from ntlbg.processes import cores
from ntlbg.records.arrays import Array
from ntlbg.store import Store, file_stem
from tests.features.conftest import Colours, noise

PARAMS = FeaturesParams(batch=4)


def row(video_id: str, frames: int, outcome: str = "ok") -> dict[str, Any]:
    return {
        "video_id": video_id,
        "outcome": outcome,
        "native_fps": 25.0,
        "frame_count": frames * 25,
        "duration_s": float(frames),
        "timestamps_s": [float(i) for i in range(frames)],
    }


def write(folder: Path, videos: dict[str, Array], extra: tuple[dict[str, Any], ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    for video_id, frames in videos.items():
        np.save(folder / f"{file_stem(video_id)}.npy", frames)
    rows = [row(v, len(f)) for v, f in videos.items()] + list(extra)
    pq.write_table(pa.Table.from_pylist(rows), folder / "outcomes.parquet")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_every_video_with_frames_gets_a_file(tmp_path: Path, store: Store, colours: Colours) -> None:
    """One file per readable video, none for a broken one, with the frames' own features and times."""
    frames = write(
        tmp_path / "frames",
        {"a": noise(9, 8, 8), "b/../odd id": noise(5, 8, 8, 1)},
        (row("broken", 0, "corrupt"),),
    )
    counts = extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "out").counts
    assert counts == {"encoded": 2, "reused": 0, "skipped": 1, "frames": 14}
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(
        ["a.safetensors", file_stem("b/../odd id") + ".safetensors"]
    )
    found = load_features(tmp_path / "out" / "a.safetensors")
    np.testing.assert_allclose(found.index.features, noise(9, 8, 8).reshape(9, -1, 3).mean(axis=1) + 1, rtol=1e-5)
    assert found.index.timestamps_s.tolist() == list(range(9))
    assert (found.index.video_id, found.index.native_fps, found.encoder) == ("a", 25.0, "colours")


def test_the_second_run_encodes_nothing(tmp_path: Path, store: Store, colours: Colours) -> None:
    """Same frames, same encoder: all reused, and the files are equal to the byte."""
    frames = write(tmp_path / "frames", {"a": noise(9, 8, 8)})
    extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "one")
    counts = extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "two").counts
    assert (counts["encoded"], counts["reused"], colours.frames) == (0, 1, 9)
    assert (tmp_path / "one/a.safetensors").read_bytes() == (tmp_path / "two/a.safetensors").read_bytes()


def test_one_more_video_encodes_one_and_one_less_removes_one(tmp_path: Path, store: Store, colours: Colours) -> None:
    """The folder holds exactly what is asked for; only the new video is encoded."""
    out = tmp_path / "out"
    extract_all(write(tmp_path / "frames", {"a": noise(9, 8, 8)}), colours, PARAMS, store=store, into=out)
    both = write(tmp_path / "frames", {"a": noise(9, 8, 8), "b": noise(5, 8, 8, 1)})
    assert extract_all(both, colours, PARAMS, store=store, into=out).counts["frames"] == 5
    extract_all(write(tmp_path / "frames", {"b": noise(5, 8, 8, 1)}), colours, PARAMS, store=store, into=out)
    assert [p.name for p in out.iterdir()] == ["b.safetensors"]


@pytest.mark.parametrize("change", ["pixel", "time", "encoder", "dtype"])
def test_whatever_changes_a_feature_changes_its_key(
    tmp_path: Path, store: Store, colours: Colours, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another pixel, time, encoder or dtype is encoded anew, never answered from the store."""
    pixels = noise(9, 8, 8)
    frames = write(tmp_path / "frames", {"a": pixels})
    extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "out")
    if change == "pixel":
        pixels[3, 2, 1, 0] ^= 1
        write(frames, {"a": pixels})
    elif change == "time":
        moved = row("a", 9)
        moved["timestamps_s"][4] += 0.25
        pq.write_table(pa.Table.from_pylist([moved]), frames / "outcomes.parquet")
    elif change == "encoder":
        colours.identity = {"encoder": "other colours"}
    else:
        monkeypatch.setattr(Colours, "compute_in", lambda self, dtype: None)
        monkeypatch.setattr(Colours, "dtype", "float16")
    assert extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "out").counts["encoded"] == 1


def test_the_batch_size_changes_no_key(tmp_path: Path, store: Store, colours: Colours) -> None:
    """How many frames go through at once is a matter of speed."""
    frames = write(tmp_path / "frames", {"a": noise(9, 8, 8)})
    extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "out")
    for batch in (2, "auto"):
        params = FeaturesParams(batch=batch)
        assert extract_all(frames, colours, params, store=store, into=tmp_path / "out").counts["reused"]


def test_a_shard_that_does_not_fit_is_named(tmp_path: Path, store: Store, colours: Colours) -> None:
    """Too few frames, another type, a pickle or no file: one sentence with the shard's path, and no feature file."""
    frames = write(tmp_path / "frames", {"a": noise(9, 8, 8)})
    shard = frames / "a.npy"
    for spoil in (
        lambda: np.save(shard, noise(8, 8, 8)),
        lambda: np.save(shard, np.zeros((9, 8, 8, 3))),
        lambda: np.save(shard, np.array([object()]), allow_pickle=True),
        lambda: shard.write_bytes(b"\x93NUMPY"),
        shard.unlink,
    ):
        spoil()
        with pytest.raises(InputError, match=r"a\.npy"):
            extract_all(frames, colours, PARAMS, store=store, into=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_or_broken_table_is_named(tmp_path: Path, store: Store, colours: Colours) -> None:
    """Without outcomes there is nothing to encode, and that is said."""
    with pytest.raises(InputError, match=r"outcomes\.parquet"):
        extract_all(tmp_path, colours, PARAMS, store=store, into=tmp_path / "out")
    (tmp_path / "outcomes.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"outcomes\.parquet"):
        extract_all(tmp_path, colours, PARAMS, store=store, into=tmp_path / "out")


def test_of_the_latest_videos_the_same_object_is_returned(tmp_path: Path, store: Store, colours: Colours) -> None:
    """So that what is worked out for a video serves its next question; a few stay, and values do not depend on it."""
    shown = Shown("v", np.arange(9.0), 25.0, 225, 9.0)

    def of(seed: int) -> tuple[Features, bool]:
        shard = tmp_path / f"{seed}.npy"
        np.save(shard, noise(9, 8, 8, seed))
        return features_of(shard, shown, colours, store=store)

    first, encoded = of(0)
    assert encoded
    assert of(0) == (first, False)
    of(1)
    of(2)
    again, encoded = of(0)
    assert again is not first
    assert not encoded
    np.testing.assert_array_equal(again.index.features, first.index.features)


def test_processes_that_share_the_work_make_the_same_files(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of one alone, and the counts of all; an encoder that is loaded in each of them."""
    monkeypatch.setattr("ntlbg.features.extract.VIDEOS", 2)
    frames = write(
        tmp_path / "frames", {f"v{i}": noise(5 + i, 8, 8, i) for i in range(5)}, (row("broken", 0, "corrupt"),)
    )
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    one = extract_all(frames, Colours, PARAMS, store=store, into=alone)
    two = extract_all(frames, Colours, PARAMS, store=Store(tmp_path / "other"), into=shared, at_once=2)
    assert one.counts == two.counts == {"encoded": 5, "reused": 0, "skipped": 1, "frames": 35}
    assert {f.name: f.read_bytes() for f in alone.iterdir()} == {f.name: f.read_bytes() for f in shared.iterdir()}


def test_a_small_encoder_on_a_cpu_is_run_on_every_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a large one, nor one that lies elsewhere, nor on a GPU."""
    assert encoding_processes("cpu", tmp_path) == 1
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert encoding_processes("cpu", tmp_path) == cores()
    assert encoding_processes("cuda:0", tmp_path) == 1
    monkeypatch.setattr("ntlbg.features.extract.SMALL", 3)
    assert encoding_processes("cpu", tmp_path) == 1


def test_features_are_kept_under_the_dtype_of_the_encoder(clip_folder: Path, tmp_path: Path, store: Store) -> None:
    """An encoder that computes in less never answers for one in float32, whoever loaded it."""
    shard, shown = tmp_path / "v.npy", Shown("v", np.arange(9.0), 25.0, 225, 9.0)
    np.save(shard, noise(9, 32, 32))
    half, whole = (load_encoder(clip_folder, dtype=dtype) for dtype in ("bfloat16", "float32"))
    assert (half.dtype, whole.dtype) == ("bfloat16", "float32")
    assert half.computing != whole.computing == whole.identity
    less, _ = features_of(shard, shown, half, store=store)
    exact, encoded = features_of(shard, shown, whole, store=store)
    assert encoded
    np.testing.assert_allclose(exact.index.features, whole.encode_frames(noise(9, 32, 32))[0], rtol=1e-5)
    assert not np.array_equal(less.index.features, exact.index.features)
