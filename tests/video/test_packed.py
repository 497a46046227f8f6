"""frames.jpegs: written frame by frame, read frame by frame, and refused by name when it is not what was written."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.video.packed import ENTRY, HEADER, MAGIC, JpegFrames, JpegWriter

H, W = 8, 24


def flat(values: list[int], size: tuple[int, int] = (H, W)) -> Array:
    """Frames of one grey level each, which JPEG keeps exactly: uint8 [n, h, w, 3]."""
    return np.broadcast_to(np.array(values, np.uint8)[:, None, None, None], (len(values), *size, 3))


def write(path: Path, frames: Array) -> Path:
    with JpegWriter(path, frames.shape[1:3]) as out:
        for i, frame in enumerate(frames):
            out.add(frame, float(i))
    return path


def picture(size: tuple[int, int] = (H, W), mode: str = "RGB", kind: str = "JPEG", **how: object) -> bytes:
    packed = io.BytesIO()
    Image.new(mode, size[::-1]).save(packed, kind, **how)
    return packed.getvalue()


def file_of(pictures: list[bytes], size: tuple[int, int] = (H, W), ends: list[int] | None = None) -> bytes:
    """A file as the writer leaves it, with a true index of whatever pictures, or with other ends."""
    index = np.zeros(len(pictures), ENTRY)
    index["end"] = HEADER.size + np.cumsum([len(one) for one in pictures]) if ends is None else ends
    index["crc"] = [crc32(one) for one in pictures]
    told = index.tobytes()
    return HEADER.pack(MAGIC, *size, len(pictures), crc32(told)) + b"".join(pictures) + told


@given(
    before=st.lists(st.integers(0, 255), max_size=5), after=st.lists(st.integers(0, 255), max_size=9), data=st.data()
)
@settings(max_examples=60)
def test_what_is_kept_comes_out(
    before: list[int], after: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After a restart, and without what was let go; frames and times stay together; any slice and any places."""
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(after), max_size=len(after))), dtype=bool)
    path = tmp_path_factory.getbasetemp() / "any.jpegs"
    with JpegWriter(path, (H, W)) as out:
        for frame in flat(before):
            out.add(frame, 0.0)
        out.restart()
        for i, frame in enumerate(flat(after)):
            out.add(frame, float(i))
        out.keep(kept)
        out.add(flat([77])[0], 100.0)
    values = [*np.array(after, np.uint8)[kept].tolist(), 77]
    assert out.times == [*np.flatnonzero(kept).tolist(), 100.0]
    frames = JpegFrames(path)
    assert frames.shape == (len(values), H, W, 3)
    assert (frames[:] == flat(values)).all()
    cut = data.draw(st.slices(len(values)))
    assert (frames[cut] == flat(values)[cut]).all()
    places = np.array(data.draw(st.lists(st.integers(-len(values), len(values) - 1))), dtype=int)
    got = frames[places]
    assert got.dtype == np.uint8
    assert (got == flat(values)[places]).all()
    write(path.with_name("direct.jpegs"), flat(values))
    assert path.read_bytes() == path.with_name("direct.jpegs").read_bytes()


def test_pictures_stay_close(tmp_path: Path) -> None:
    """Colours and edges are a little changed, and no frame is another."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (5, 4, 6, 3), dtype=np.uint8)
    frames = coarse.repeat(8, axis=1).repeat(8, axis=2)
    got = JpegFrames(write(tmp_path / "f.jpegs", frames))[:]
    assert np.abs(got.astype(int) - frames).mean() < 3


def test_reading_one_frame_reads_no_other(tmp_path: Path) -> None:
    """Damage elsewhere is not met: only the picture that was asked for is opened."""
    path = write(tmp_path / "f.jpegs", flat([10, 20, 30]))
    content = bytearray(path.read_bytes())
    content[HEADER.size + 100] ^= 1
    path.write_bytes(content)
    frames = JpegFrames(path)
    assert (frames[1:] == flat([20, 30])).all()
    with pytest.raises(InputError, match=r"f\.jpegs: is damaged: frame 0 is not the one that was written"):
        frames[:1]


def test_an_end_of_the_video_is_an_index_error(tmp_path: Path) -> None:
    """As for any array."""
    with pytest.raises(IndexError):
        JpegFrames(write(tmp_path / "f.jpegs", flat([10])))[np.array([1])]


def test_a_frame_of_another_size_is_a_fault_of_the_code(tmp_path: Path) -> None:
    """Never stretched, never written."""
    with pytest.raises(ValueError, match="does not fit"), JpegWriter(tmp_path / "f.jpegs", (H, W)) as out:
        out.add(flat([1], (W, H))[0], 0.0)


def test_what_was_not_finished_is_no_shard(tmp_path: Path) -> None:
    """An error in the middle leaves a file that says so."""
    with contextlib.suppress(RuntimeError), JpegWriter(tmp_path / "f.jpegs", (H, W)) as out:
        out.add(flat([1])[0], 0.0)
        raise RuntimeError
    with pytest.raises(InputError, match=r"f\.jpegs: is damaged"):
        JpegFrames(tmp_path / "f.jpegs")


def test_every_cut_and_every_changed_byte_is_met(tmp_path: Path) -> None:
    """At any place: opening or reading all frames ends in one sentence with the file's name, never in other frames."""
    path = write(tmp_path / "f.jpegs", flat([10, 200]))
    whole = path.read_bytes()
    spoilt = [whole[:n] for n in range(0, len(whole), 7)] + [whole + b"\0"]
    for at in [*range(HEADER.size), *range(HEADER.size, len(whole), 5)]:
        spoilt.append(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
    for content in spoilt:
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"f\.jpegs: (is|holds)"):
            JpegFrames(path)[:]


LONG = picture(comment=b"x" * 400)
HOSTILE = {
    "nothing at all": b"",
    "an array": b"\x93NUMPY\x01\x00",
    "more frames than bytes": HEADER.pack(MAGIC, H, W, 1 << 63, 0) + b"x" * 100,
    "ends that go back": file_of([LONG, LONG], ends=[HEADER.size + 2 * len(LONG), HEADER.size + len(LONG)]),
    "an end beyond the file": file_of([LONG, LONG], ends=[1 << 62, HEADER.size + 2 * len(LONG)]),
    "a frame without bytes": file_of([LONG, b""]),
    "a first end inside the header": file_of([LONG, LONG], ends=[3, HEADER.size + 2 * len(LONG)]),
    "an index that wraps around": file_of([LONG, LONG], ends=[(1 << 64) - 1, HEADER.size + 2 * len(LONG)]),
    "no JPEG": file_of([b"x" * 900]),
    "a PNG picture": file_of([picture(kind="PNG") + b"\0" * 400]),
    "half a JPEG": file_of([picture()[:-30]]),
    "a header alone": file_of([picture()[:180]]),
    "another size": file_of([picture((W, H))]),
    "a larger picture": file_of([picture((4000, 4000))]),
    "grey": file_of([picture(mode="L")]),
    "four inks": file_of([picture(mode="CMYK")]),
    "a progressive picture": file_of([picture(progressive=True)]),
    "a picture of no height": file_of([picture()], (0, W)),
    "a bomb whose header says so": file_of([LONG, LONG], (65535, 65535)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_by_name(name: str, tmp_path: Path) -> None:
    """One sentence each, and no memory for what the file only claims."""
    path = tmp_path / "f.jpegs"
    path.write_bytes(HOSTILE[name])
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"f\.jpegs: is ") as told:
            JpegFrames(path)[:]
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert "decode" in str(told.value.hint)


@given(noise=st.binary(max_size=300), at=st.integers(0, 600))
@settings(max_examples=150)
def test_whatever_stands_in_a_picture_ends_in_a_sentence(
    noise: bytes, at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The index is true, the picture is not: its frame has the right shape or there is none."""
    sound = picture()
    path = tmp_path_factory.getbasetemp() / "noise.jpegs"
    path.write_bytes(file_of([sound[:at] + noise + sound[at + len(noise) :]]))
    said = ""
    try:
        assert JpegFrames(path)[:].shape == (1, H, W, 3)
    except InputError as error:
        said = error.sentence
    assert not said or "noise.jpegs: is damaged" in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As a damaged one is."""
    with pytest.raises(InputError, match=r"gone\.jpegs"):
        JpegFrames(tmp_path / "gone.jpegs")
