"""A table of videos to a folder of frames."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pandas as pd
import psutil
import pytest

from ntlbg.errors import InputError, StoreError
from ntlbg.features.extract import extract_all
from ntlbg.features.index import load_features
from ntlbg.features.params import FeaturesParams
from ntlbg.store import Store, file_digest, file_stem, key
from ntlbg.video import pool
from ntlbg.video.decode import Sampling
from ntlbg.video.outcomes import read_outcomes
from ntlbg.video.params import VideoParams
from ntlbg.video.pool import decode_all, frames_key
from ntlbg.video.storage import open_shard, shard_of
from tests.features.conftest import Colours
from tests.processes import alive_after
from tests.video.clips import numbers
from tests.video.conftest import Clips
from tests.video.footage import FOOTAGE
from tests.video.jobs import changed_while_read, deadly_to_auto, stuck_on_some, unreadable_half_way

PARAMS = VideoParams(fps=1.0, max_frames=100, size=(32, 48), limit_s=60, workers=2)


def table(paths: dict[str, Path]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "video_id": name,
                "path": str(path),
                "size": path.stat().st_size if path.is_file() else 0,
                "blake3": file_digest(path) if path.is_file() else "",
            }
            for name, path in paths.items()
        ],
        columns=["video_id", "path", "size", "blake3"],
    )


@pytest.fixture
def videos(clips: Clips, tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name in ("h264_b.mp4", "vp9.webm", "mpeg4_b.avi"):
        made[name.split(".")[0]] = Path(shutil.copy(clips[name], tmp_path / name))
    return made


def test_every_video_gets_its_frames_and_its_row(videos: dict[str, Path], tmp_path: Path) -> None:
    """Right frames under the id's file name, true timestamps in the table, sorted by id."""
    out = decode_all(table(videos), PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert (out.decoded, out.reused, out.counts) == (3, 0, {"ok": 3})
    rows = read_outcomes(tmp_path / "out")
    assert list(rows) == sorted(videos)
    for name, row in rows.items():
        frames = np.load(tmp_path / "out" / f"{file_stem(name)}.npy", mmap_mode="r")
        assert numbers(frames) == [0, 12, 24, 36]
        assert frames.shape == (row["frames"], 32, 48, 3)
        assert row["timestamps_s"] == pytest.approx([0, 1, 2, 3])
        assert row["source_blake3"] == file_digest(videos[name])
        assert (row["width"], row["height"], row["frame_count"]) == (160, 96, 48)
        assert row["covered_s"] == pytest.approx(4, abs=0.01)


def test_one_more_video_decodes_one_video(clips: Clips, videos: dict[str, Path], tmp_path: Path) -> None:
    """The store remembers: the second run decodes nothing, one added video decodes one."""
    store, into = Store(tmp_path / "store"), tmp_path / "out"
    decode_all(table(videos), PARAMS, store=store, into=into)
    first = (into / "outcomes.parquet").read_bytes()
    again = decode_all(table(videos), PARAMS, store=store, into=into)
    assert (again.decoded, again.reused) == (0, 3)
    assert (into / "outcomes.parquet").read_bytes() == first
    more = {**videos, "new": clips["h264.mov"]}
    added = decode_all(table(more), PARAMS, store=store, into=into)
    assert (added.decoded, added.reused) == (1, 3)
    fewer = decode_all(table({"new": clips["h264.mov"]}), PARAMS, store=store, into=into)
    assert (fewer.decoded, fewer.reused) == (0, 1)
    assert sorted(p.name for p in into.iterdir()) == ["new.npy", "outcomes.parquet", "quarantine.parquet"]


def test_the_key_holds_all_that_changes_frames(videos: dict[str, Path], tmp_path: Path) -> None:
    """Another rate, cap, size, sampling or storage decodes again; workers, limit and an exact backend do not."""
    store, into, one = Store(tmp_path / "store"), tmp_path / "out", {"a": videos["h264_b"]}
    decode_all(table(one), PARAMS, store=store, into=into)
    same = {"workers": 1, "limit_s": 50.0, "backend": "pyav_sequential"}
    assert decode_all(table(one), PARAMS.model_copy(update=same), store=store, into=into).reused == 1
    for change in ({"fps": 2.0}, {"max_frames": 2}, {"size": (32, 32)}, {"sampling": "keyframe"}, {"storage": "jpeg"}):
        assert decode_all(table(one), PARAMS.model_copy(update=change), store=store, into=into).decoded == 1


def test_a_backend_with_pixels_of_its_own_has_keys_of_its_own() -> None:
    """`auto` and those that equal it share one key, the one from before there was a choice; no other gets theirs."""
    sampling = Sampling(1.0, 100, (32, 48))
    exact = {frames_key("abc", sampling, backend=name) for name in ("auto", "pyav_gated", "pyav_sequential")}
    assert exact == {frames_key("abc", sampling)}
    others = {frames_key("abc", sampling, backend=name) for name in ("ffmpeg", "decord", "torchcodec")}
    assert len(exact | others) == 4


def test_frames_of_another_backend_never_pass_for_those_of_auto(videos: dict[str, Path], tmp_path: Path) -> None:
    """decord scales itself: its frames and those of `auto` lie side by side in one store."""
    store, one = Store(tmp_path / "store"), table({"a": videos["h264_b"]})
    for backend in ("decord", "auto"):
        named = PARAMS.model_copy(update={"backend": backend})
        out = decode_all(one, named, store=store, into=tmp_path / backend)
        assert (out.decoded, out.counts) == (1, {"ok": 1})
    fresh = tmp_path / "fresh"
    decode_all(one, PARAMS, store=Store(tmp_path / "other"), into=fresh)
    assert (tmp_path / "auto" / "a.npy").read_bytes() == (fresh / "a.npy").read_bytes()
    assert (tmp_path / "auto" / "a.npy").read_bytes() != (tmp_path / "decord" / "a.npy").read_bytes()


@pytest.mark.parametrize("backend", ["decord", "pyav_gated", "torchcodec"])
def test_what_a_backend_refuses_is_not_remembered(tmp_path: Path, backend: str) -> None:
    """A refusal says nothing of the file: `auto` reads it from the same store, and a package may be installed later."""
    store, one = Store(tmp_path / "store"), table({"a": FOOTAGE["h264_closed.ts"].at(tmp_path)})
    named = PARAMS.model_copy(update={"backend": backend})
    for _ in range(2):
        out = decode_all(one, named, store=store, into=tmp_path / "out")
        if out.counts == {"ok": 1}:  # a torchcodec that is installed
            return
        assert (out.decoded, out.counts) == (1, {"unsupported_codec": 1})
    out = decode_all(one, PARAMS, store=store, into=tmp_path / "out")
    assert (out.decoded, out.counts) == (1, {"ok": 1})


def test_key_frames_alone_where_they_are_asked_for(tmp_path: Path) -> None:
    """Of a video with a key frame every 20 frames, the one on screen at each moment, with its own time."""
    path = FOOTAGE["h264_closed.mp4"].at(tmp_path)
    asked = PARAMS.model_copy(update={"fps": 0.5, "sampling": "keyframe"})
    decode_all(table({"a": path}), asked, store=Store(tmp_path / "store"), into=tmp_path / "out")
    (row,) = read_outcomes(tmp_path / "out").values()
    np.testing.assert_allclose(row["timestamps_s"], [0, 20 / 12, 40 / 12], atol=0.0011)


def test_raw_frames_keep_the_key_that_they_had() -> None:
    """A store of before there was a choice of storage stays valid."""
    before = {"version": pool.VERSION, "av": av.__version__, "fps": 1.0, "max_frames": 100, "size": [32, 48]}
    sampling = Sampling(1.0, 100, (32, 48))
    assert frames_key("abc", sampling) == key(room="video", source="abc", **before)
    assert frames_key("abc", sampling, "jpeg") != frames_key("abc", sampling)


def test_jpeg_frames_are_those_that_raw_ones_are(clips: Clips, videos: dict[str, Path], tmp_path: Path) -> None:
    """The same rows, times and pictures, also of a damaged video whose spoilt frames are let go; in files of their own,
    with equal bytes from run to run; and a raw folder is taken over whole."""
    damaged = bytearray(clips["h264_b.mkv"].read_bytes())
    damaged[len(damaged) // 3 : len(damaged) // 3 + 600] = bytes(600)
    videos["damaged"] = tmp_path / "damaged.mkv"
    videos["damaged"].write_bytes(damaged)
    raw_params = PARAMS.model_copy(update={"fps": 4.0})
    params = raw_params.model_copy(update={"storage": "jpeg"})
    raw, into, store = tmp_path / "raw", tmp_path / "out", Store(tmp_path / "store")
    for folder in (raw, into):
        decode_all(table(videos), raw_params, store=store, into=folder)
    assert decode_all(table(videos), params, store=store, into=into).decoded == 4
    assert (into / "outcomes.parquet").read_bytes() == (raw / "outcomes.parquet").read_bytes()
    rows = read_outcomes(into)
    assert rows["damaged"]["outcome"] == "corrupt"
    assert 0 < rows["damaged"]["frames"] < rows["h264_b"]["frames"]
    for name, row in rows.items():
        kept = open_shard(shard_of(into, name), row["frames"])[:]
        exact = open_shard(shard_of(raw, name), row["frames"])[:]
        assert numbers(kept) == numbers(exact)
        assert np.abs(kept.astype(int) - exact).mean() < 4
    assert {p.name for p in into.iterdir() if p.suffix != ".parquet"} == {f"{name}.jpegs" for name in videos}
    decode_all(table(videos), params, store=Store(tmp_path / "other"), into=tmp_path / "again")
    once, again = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in (into, tmp_path / "again"))
    assert once == again


def test_features_of_jpeg_frames_are_near_those_of_raw_ones(videos: dict[str, Path], tmp_path: Path) -> None:
    """From the video to the feature file: other bytes, encoded anew, and almost the same numbers at the same times."""
    store, encoder = Store(tmp_path / "store"), Colours()
    for storage in ("raw", "jpeg"):
        params = PARAMS.model_copy(update={"storage": storage})
        decode_all(table(videos), params, store=store, into=tmp_path / storage)
        into = tmp_path / f"{storage}_features"
        assert extract_all(tmp_path / storage, encoder, FeaturesParams(), store=store, into=into).counts["encoded"] == 3
    for name in videos:
        exact, near = (
            load_features(tmp_path / f"{storage}_features" / f"{name}.safetensors").index for storage in ("raw", "jpeg")
        )
        assert near.timestamps_s.tolist() == exact.timestamps_s.tolist()
        assert near.features.tolist() != exact.features.tolist()
        np.testing.assert_allclose(near.features, exact.features, atol=2)


def test_equal_content_is_decoded_once(videos: dict[str, Path], tmp_path: Path) -> None:
    """Two ids of one file share an entry."""
    twin = Path(shutil.copy(videos["h264_b"], tmp_path / "twin.mp4"))
    pair = table({"a": videos["h264_b"], "b": twin})
    out = decode_all(pair, PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert (out.decoded, out.reused, out.counts) == (1, 1, {"ok": 2})


def test_order_of_the_table_and_workers_change_no_byte(videos: dict[str, Path], tmp_path: Path) -> None:
    """Equal inputs, equal files."""
    made = []
    for n, rows in enumerate((table(videos), table(videos).iloc[::-1])):
        into = tmp_path / f"out{n}"
        params = PARAMS.model_copy(update={"workers": n + 1})
        decode_all(rows, params, store=Store(tmp_path / f"store{n}"), into=into)
        made.append({p.name: p.read_bytes() for p in into.iterdir()})
    assert made[0] == made[1]


def test_broken_videos_get_rows_and_stop_nothing(clips: Clips, videos: dict[str, Path], tmp_path: Path) -> None:
    """Missing, changed, empty, text, FIFO, directory, cut and corrupt: each typed, the healthy ones decoded."""
    (tmp_path / "zero.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video")
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "folder.mp4").mkdir()
    shutil.copy(clips["h264_b.mkv"], tmp_path / "changed.mkv")
    garbage = bytearray(clips["h264_b.mp4"].read_bytes())
    garbage[9000:13000] = np.random.default_rng(0).bytes(4000)
    (tmp_path / "garbage.mp4").write_bytes(garbage)
    paths = videos | {
        name.split(".")[0]: tmp_path / name
        for name in ("zero.mp4", "text.mp4", "fifo.mp4", "folder.mp4", "changed.mkv", "garbage.mp4", "gone.mp4")
    }
    paths["cut"] = clips.cut("h264_b.mkv", 0.5)
    rows = table(paths)
    (tmp_path / "changed.mkv").write_bytes((tmp_path / "changed.mkv").read_bytes() + b"x")
    store = Store(tmp_path / "store")
    out = decode_all(rows, PARAMS, store=store, into=tmp_path / "out")
    got = read_outcomes(tmp_path / "out")
    assert {name: row["outcome"] for name, row in got.items()} == {
        **dict.fromkeys(videos, "ok"),
        **dict.fromkeys(("zero", "text", "fifo", "folder", "changed", "gone"), "open_failed"),
        "garbage": "corrupt",
        "cut": "truncated",
    }
    assert out.counts == {"corrupt": 1, "ok": 3, "open_failed": 6, "truncated": 1}
    assert out.refused == 6  # of the damaged one, clean groups are kept
    for name, row in got.items():
        has = row["outcome"] in ("ok", "truncated", "corrupt")
        assert (tmp_path / "out" / f"{file_stem(name)}.npy").exists() == has
        assert (row["width"] is None) == (not has)
        assert bool(row["detail"]) == (row["outcome"] != "ok")
        assert str(tmp_path) not in row["detail"]
    assert "changed" in got["changed"]["detail"]
    # what the file's bytes decide is remembered; what may pass is tried again
    again = decode_all(rows, PARAMS, store=store, into=tmp_path / "out")
    assert (again.decoded, again.reused) == (1, 5)


def test_stuck_and_deadly_videos_cost_only_themselves(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TIMEOUT after limit_s and CRASHED after two workers, while the others finish; neither is remembered."""
    monkeypatch.setattr(pool, "decode_to_folder", stuck_on_some)
    for i, name in enumerate(("stuck", "deadly")):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(videos["h264_b"].read_bytes() + bytes(i + 1))
        videos[name] = path
    store, params = Store(tmp_path / "store"), PARAMS.model_copy(update={"limit_s": 5.0})
    out = decode_all(table(videos), params, store=store, into=tmp_path / "out")
    assert out.counts == {"crashed": 1, "ok": 3, "timeout": 1}
    rows = read_outcomes(tmp_path / "out")
    assert rows["stuck"]["outcome"] == "timeout"
    assert "5 s" in rows["stuck"]["detail"]
    assert not list((tmp_path / "store" / ".partial").iterdir())
    monkeypatch.undo()
    out = decode_all(table(videos), params, store=store, into=tmp_path / "out")
    assert (out.decoded, out.reused, out.counts) == (2, 3, {"ok": 5})


KILLED = """
import sys, pandas as pd
from pathlib import Path
from ntlbg.store import Store
from ntlbg.video.params import VideoParams
from ntlbg.video.pool import decode_all
here = Path(sys.argv[1])
params = VideoParams(fps=1.0, max_frames=100, size=(32, 48), limit_s=60, workers=1, storage=sys.argv[2])
decode_all(pd.read_parquet(here / "table.parquet"), params, store=Store(here / "store"), into=here / "out")
"""


@pytest.mark.parametrize("storage", ["raw", "jpeg"])
def test_a_killed_run_leaves_nothing_half_written(videos: dict[str, Path], tmp_path: Path, storage: str) -> None:
    """SIGKILL while a worker writes, after the first entry, while the folder is filled: the output folder is absent
    or whole, entries verify, workers end with their parent, and the next run finishes."""
    params = PARAMS.model_copy(update={"storage": storage})
    table(videos).to_parquet(tmp_path / "table.parquet")
    decode_all(table(videos), params, store=Store(tmp_path / "clean"), into=tmp_path / "want")
    want = {p.name: p.read_bytes() for p in (tmp_path / "want").iterdir()}
    moments = {
        "a worker writes": "store/.partial/decode-*/*/frames.*",
        "an entry exists": "store/frames/*/*/entry.json",
        "the folder is filled": ".out.*.partial",
    }
    for pattern in moments.values():
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), storage], stderr=subprocess.DEVNULL)
        while child.poll() is None and not any(tmp_path.glob(pattern)):
            time.sleep(0.001)
        workers = psutil.Process(child.pid).children(recursive=True) if child.poll() is None else []
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not alive_after(workers)
        if (tmp_path / "out").exists():
            assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == want
    out = decode_all(table(videos), params, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert (out.decoded + out.reused, out.counts) == (3, {"ok": 3})
    assert out.reused >= 1
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == want


def test_a_damaged_entry_is_made_again(videos: dict[str, Path], tmp_path: Path) -> None:
    """The store verifies what it gives out."""
    store, into, one = Store(tmp_path / "store"), tmp_path / "out", table({"a": videos["h264_b"]})
    decode_all(one, PARAMS, store=store, into=into)
    want = (into / "a.npy").read_bytes()
    (entry,) = (tmp_path / "store" / "frames").rglob("frames.npy")
    entry.unlink()
    entry.write_bytes(want[:-1] + b"\0")
    assert decode_all(one, PARAMS, store=store, into=into).decoded == 1
    assert (into / "a.npy").read_bytes() == want


def test_a_file_exchanged_while_it_is_read_is_refused(videos: dict[str, Path], tmp_path: Path) -> None:
    """Frames never go under the digest of other bytes."""
    from ntlbg.video.worker import decode_to_folder, stamp

    path = videos["h264_b"]
    before = stamp(str(path))
    os.utime(path, ns=(1, 1))
    (tmp_path / "w").mkdir()
    facts = decode_to_folder(str(path), str(tmp_path / "w"), Sampling(1, 9, (32, 48)), "auto", before)
    assert facts["outcome"] == "open_failed"
    assert not (tmp_path / "w" / "frames.npy").exists()


def test_files_that_vanish_or_grow_while_they_are_read_are_refused(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read is not what was recorded; the file beside them is untouched by it."""
    monkeypatch.setattr(pool, "decode_to_folder", changed_while_read)
    for name in ("vanishing", "growing"):
        videos[name] = Path(shutil.copy(videos["h264_b"], tmp_path / f"{name}.mp4"))
        videos[name].write_bytes(videos[name].read_bytes() + name.encode())
    out = decode_all(table(videos), PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert out.counts == {"ok": 3, "open_failed": 2}
    rows = read_outcomes(tmp_path / "out")
    assert all("changed" in rows[name]["detail"] for name in ("vanishing", "growing"))


def test_a_source_that_the_system_refuses_half_way_costs_only_itself(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanishes between two looks, a disk that fails: a row each, which is not remembered; the store is not
    blamed, and the others are read."""
    monkeypatch.setattr(pool, "decode_to_folder", unreadable_half_way)
    for name in ("vanishing", "failing"):
        videos[name] = Path(shutil.copy(videos["vp9"], tmp_path / f"{name}.webm"))
        videos[name].write_bytes(videos[name].read_bytes() + name.encode())
    rows, store = table(videos), Store(tmp_path / "store")
    out = decode_all(rows, PARAMS, store=store, into=tmp_path / "out")
    assert out.counts == {"ok": 3, "open_failed": 2}
    told = {name: row["detail"] for name, row in read_outcomes(tmp_path / "out").items()}
    assert told["failing"] == "cannot be read (input/output error)"
    assert "changed" in told["vanishing"]
    monkeypatch.undo()
    assert decode_all(rows, PARAMS, store=store, into=tmp_path / "out").counts == {"ok": 4, "open_failed": 1}


def test_a_program_that_hangs_ends_with_its_worker(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TIMEOUT, and neither the worker nor what it started goes on."""
    hangs, begun = tmp_path / "hangs", tmp_path / "begun"
    hangs.write_text(f"#!/bin/sh\necho $$ > {begun}\nexec sleep 600\n")
    hangs.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(hangs))
    params = PARAMS.model_copy(update={"backend": "ffmpeg", "limit_s": 5.0, "workers": 1})
    out = decode_all(table({"a": videos["h264_b"]}), params, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert out.counts == {"timeout": 1}
    number = int(begun.read_text())
    if psutil.pid_exists(number):
        assert not alive_after([psutil.Process(number)], patience_s=20)


def test_what_hung_or_died_is_read_by_another_backend(
    videos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One retry, by another program: a video that only one decoder cannot take is not lost; a named backend is kept."""
    monkeypatch.setattr(pool, "decode_to_folder", deadly_to_auto)
    one = table({"a": videos["h264_b"]})
    out = decode_all(one, PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert out.counts == {"ok": 1}
    assert numbers(np.load(tmp_path / "out" / "a.npy")) == [0, 12, 24, 36]
    named = PARAMS.model_copy(update={"backend": "pyav_sequential"})
    out = decode_all(one, named, store=Store(tmp_path / "other"), into=tmp_path / "out")
    assert out.counts == {"ok": 1}


def test_an_id_twice_is_an_error_of_the_table(videos: dict[str, Path], tmp_path: Path) -> None:
    """One id, one file of frames."""
    rows = pd.concat([table({"a": videos["h264_b"]}), table({"a": videos["vp9"]})])
    with pytest.raises(InputError, match="`a` is there twice"):
        decode_all(rows, PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")


def test_no_videos_make_an_empty_table(tmp_path: Path) -> None:
    """An empty corpus is a table without rows."""
    out = decode_all(table({}), PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert len(out) == 0
    assert read_outcomes(tmp_path / "out") == {}


def test_hostile_ids_stay_in_the_folder(videos: dict[str, Path], tmp_path: Path) -> None:
    """An id is data, not a path."""
    ids = ["../../evil", "/etc/passwd", "<script>", "ü", "a" * 300]
    rows = table(dict.fromkeys(ids, videos["h264_b"]))
    decode_all(rows, PARAMS, store=Store(tmp_path / "store"), into=tmp_path / "out")
    assert sorted(read_outcomes(tmp_path / "out")) == sorted(ids)
    assert len(list((tmp_path / "out").glob("*.npy"))) == len(ids)


def test_a_store_that_cannot_be_written_is_told(videos: dict[str, Path], tmp_path: Path) -> None:
    """One sentence with the store's name and what to do, whoever met the refusal first."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot store") as told:
        decode_all(table(videos), PARAMS, store=Store(tmp_path / "file" / "store"), into=tmp_path / "out")
    assert "NTLBG_STORE" in str(told.value.hint)
    assert not (tmp_path / "out").exists()
