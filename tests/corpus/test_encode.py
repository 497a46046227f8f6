"""Files that frames are encoded to."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from ntlbg.corpus.encode import CODECS, codec, encode
from ntlbg.errors import InputError
from ntlbg.store import file_digest

CODE = """
import sys
from pathlib import Path
from tests.corpus.test_encode import clip
from ntlbg.corpus.encode import encode
encode(clip(), Path(sys.argv[1]), name=sys.argv[2], fps=12)
"""

# blake3 of the clip below, as each codec writes it
DIGESTS = {
    "h264-mp4": "b321b69c53f445c2",
    "h264-mov": "343383aa621ea70e",
    "hevc-mkv": "e810ee1866b955a8",
    "vp9-webm": "0a59fd722a157619",
    "mpeg4-avi": "478629b8ec2e7bce",
}


def clip(n: int = 30) -> list[np.ndarray]:
    """A moving bright square on a gradient with a little noise, 96 × 160."""
    rng = np.random.default_rng(0)
    frames = []
    for i in range(n):
        frame = np.tile(np.linspace(0, 150, 160)[None, :, None], (96, 1, 3)) + rng.normal(0, 4, (96, 160, 3))
        frame[30:60, 4 * i : 4 * i + 30] = (220, 30, 40)
        frames.append(np.clip(frame, 0, 255).astype(np.uint8))
    return frames


@pytest.mark.parametrize("name", CODECS)
def test_every_frame_is_there_at_its_time(tmp_path: Path, name: str) -> None:
    """As many frames as went in, at 12 a second, in the container and codec that the name says, near in colour."""
    path = tmp_path / f"x{codec(name).suffix}"
    assert encode(clip(), path, name=name, fps=12) == 30
    with av.open(str(path)) as container:
        assert codec(name).container.split(",")[0] in container.format.name
        stream = container.streams.video[0]
        assert stream.average_rate == 12
        frames = list(container.decode(stream))
    assert len(frames) == 30
    if name != "mpeg4-avi":  # AVI has no presentation times of its own
        assert [float(f.time or 0) for f in frames] == pytest.approx([i / 12 for i in range(30)], abs=2e-3)
    for i in (0, 15, 29):
        picture = frames[i].to_ndarray(format="rgb24").astype(int)
        assert abs(picture - clip()[i]).mean() < 14


@pytest.mark.parametrize("name", CODECS)
def test_same_frames_same_bytes_in_another_process(tmp_path: Path, name: str) -> None:
    """No date, random id or thread timing reaches the file."""
    here, there = tmp_path / f"a{codec(name).suffix}", tmp_path / f"b{codec(name).suffix}"
    encode(clip(), here, name=name, fps=12)
    subprocess.run([sys.executable, "-c", CODE, str(there), name], check=True, cwd=Path(__file__).parents[2])
    assert hashlib.sha256(here.read_bytes()).digest() == hashlib.sha256(there.read_bytes()).digest()


@pytest.mark.parametrize("name", CODECS)
def test_the_bytes_are_those_of_earlier_versions(tmp_path: Path, name: str) -> None:
    """A corpus drawn again is the same corpus: other bytes need another ENCODER_VERSION."""
    if av.library_versions["libavcodec"] != (62, 28, 102):
        pytest.skip("the digests are those of the encoders in requirements.lock")
    path = tmp_path / "x"
    encode(clip(), path, name=name, fps=12)
    assert file_digest(path)[:16] == DIGESTS[name]


@pytest.mark.parametrize("name", CODECS)
def test_a_view_of_a_larger_picture_is_encoded_like_its_copy(tmp_path: Path, name: str) -> None:
    """Neither the memory's layout nor what becomes of it later reaches the file; 152 pixels are no round row."""

    def fleeting() -> Iterator[np.ndarray]:
        for frame in clip():
            yield frame[:, :152]
            frame[:] = 0

    encode(fleeting(), tmp_path / "view", name=name, fps=12)
    encode([frame[:, :152].copy() for frame in clip()], tmp_path / "copy", name=name, fps=12)
    assert file_digest(tmp_path / "view") == file_digest(tmp_path / "copy")


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """Frames that stop with an error, differ in size or do not exist leave neither file nor partial file."""

    def broken():  # type: ignore[no-untyped-def]
        yield from clip(3)
        raise RuntimeError("out of frames")

    with pytest.raises(RuntimeError, match="out of frames"):
        encode(broken(), tmp_path / "a.mp4", name="h264-mp4", fps=12)
    with pytest.raises(InputError, match="frame 1 has shape"):
        encode([clip(1)[0], clip(1)[0][:48]], tmp_path / "a.mp4", name="h264-mp4", fps=12)
    with pytest.raises(InputError, match="frame 0 is float64"):
        encode([clip(1)[0] / 255], tmp_path / "a.mp4", name="h264-mp4", fps=12)
    with pytest.raises(InputError, match="no frame"):
        encode([], tmp_path / "a.mp4", name="h264-mp4", fps=12)
    with pytest.raises(InputError, match="no codec `av2`"):
        encode(clip(1), tmp_path / "a.mp4", name="av2", fps=12)
    assert list(tmp_path.iterdir()) == []
