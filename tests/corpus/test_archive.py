"""Archives are hostile: what may leave one, and what must not."""

from __future__ import annotations

import contextlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ntlbg.corpus.archive import Caps, take
from ntlbg.errors import InputError

CONTENT = b"a film" * 100


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def named(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def zip_with(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for info, data in members:
            zipped.writestr(info, data)
    return path


def zip_link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


GOOD = (named("pkg/film.mp4"), CONTENT)
TARS = {
    "parent": (named("pkg/../../evil"), b"x"),
    "absolute": (named("/etc/evil"), b"x"),
    "symlink": (named("pkg/link", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b""),
    "hard link": (named("pkg/link", type=tarfile.LNKTYPE, linkname="../../etc/passwd"), b""),
    "device": (named("pkg/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3), b""),
    "fifo": (named("pkg/pipe", type=tarfile.FIFOTYPE), b""),
    "doubled": (named("pkg/film.mp4"), b"another"),
    "doubled in disguise": (named("pkg/./film.mp4"), b"another"),
    "backslash": (named("pkg\\..\\evil"), b"x"),
    "drive": (named("c:/evil"), b"x"),
}
ZIPS: dict[str, tuple[zipfile.ZipInfo | str, bytes]] = {
    "parent": ("../evil", b"x"),
    "absolute": ("/etc/evil", b"x"),
    "symlink": (zip_link("pkg/link"), b"/etc/passwd"),
    "backslash": ("pkg\\..\\evil", b"x"),
}


def nothing_but(folder: Path, archive: Path) -> bool:
    return [p for p in folder.rglob("*") if p.is_file()] == [archive]


def test_the_wanted_file_comes_out_of_a_tar_and_of_a_zip(tmp_path: Path) -> None:
    """A sound archive yields the bytes of the one file asked for, under the caller's name."""
    take(tar_with(tmp_path / "a.tar.gz", GOOD, (named("other"), b"y")), "pkg/film.mp4", tmp_path / "one")
    take(zip_with(tmp_path / "a.zip", ("pkg/film.mp4", CONTENT)), "pkg/film.mp4", tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == CONTENT
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("bad", TARS, ids=str)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_one_unsafe_entry_of_a_tar_refuses_it(tmp_path: Path, bad: str, first: bool) -> None:
    """Wherever the unsafe entry stands, the error names it and nothing is written, the good file included."""
    members = (TARS[bad], GOOD) if first else (GOOD, TARS[bad])
    archive = tar_with(tmp_path / "a.tar.gz", *members)
    with pytest.raises(InputError, match="entry") as error:
        take(archive, "pkg/film.mp4", tmp_path / "out")
    assert str(archive) in error.value.sentence
    assert nothing_but(tmp_path, archive)


@pytest.mark.parametrize("bad", ZIPS, ids=str)
def test_one_unsafe_entry_of_a_zip_refuses_it(tmp_path: Path, bad: str) -> None:
    """The same for zip archives, whose links hide in the attributes."""
    archive = zip_with(tmp_path / "a.zip", ("pkg/film.mp4", CONTENT), ZIPS[bad])
    with pytest.raises(InputError, match="entry"):
        take(archive, "pkg/film.mp4", tmp_path / "out")
    assert nothing_but(tmp_path, archive)


def _too_many(path: Path) -> tuple[Path, Caps]:
    return tar_with(path, GOOD, *((named(f"f{i}"), b"") for i in range(20))), Caps(files=10)


def _too_large(path: Path) -> tuple[Path, Caps]:
    return tar_with(path, GOOD, (named("large"), bytes(5000))), Caps(bytes=4000)


def _bomb(path: Path) -> tuple[Path, Caps]:
    return tar_with(path, GOOD, (named("zeros"), bytes(8 << 20))), Caps(ratio=50)


@pytest.mark.parametrize("make", [_too_many, _too_large, _bomb])
def test_an_archive_beyond_the_caps_is_refused(tmp_path: Path, make: Callable[[Path], tuple[Path, Caps]]) -> None:
    """Too many files, too many bytes, or a bomb: refused from the listing, nothing written."""
    archive, caps = make(tmp_path / "a.tar.gz")
    with pytest.raises(InputError, match="unpacks to more than"):
        take(archive, "pkg/film.mp4", tmp_path / "out", caps)
    assert nothing_but(tmp_path, archive)


@pytest.mark.parametrize("suffix", ["a.tar.gz", "a.zip"])
def test_a_cut_archive_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    """A truncated download is one sentence and no file."""
    whole = tmp_path / suffix
    if suffix.endswith("zip"):
        zip_with(whole, ("pkg/film.mp4", CONTENT))
    else:
        tar_with(whole, GOOD)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(InputError, match="damaged"):
        take(whole, "pkg/film.mp4", tmp_path / "out")
    assert nothing_but(tmp_path, whole)


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    """The listing's size is what the caps judge, so the content must have exactly that size."""
    archive = zip_with(tmp_path / "a.zip", ("pkg/film.mp4", CONTENT))
    data = archive.read_bytes()
    true, lie = len(CONTENT).to_bytes(4, "little"), (len(CONTENT) - 100).to_bytes(4, "little")
    archive.write_bytes(data.replace(true, lie))
    with pytest.raises(InputError):
        take(archive, "pkg/film.mp4", tmp_path / "out")
    assert nothing_but(tmp_path, archive)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Asking for a missing entry, or for a folder, says so."""
    archive = tar_with(tmp_path / "a.tar.gz", GOOD, (named("folder", type=tarfile.DIRTYPE), b""))
    for name in ("pkg/other.mp4", "folder"):
        with pytest.raises(InputError, match="there is no file"):
            take(archive, name, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("at", [0.5, 0.9, 0.999])
def test_a_spoilt_archive_is_one_sentence_and_no_file(tmp_path: Path, suffix: str, at: float) -> None:
    """Whichever checksum notices, and whether in the listing or in the middle of the file."""
    archive = tmp_path / f"a.tar.{suffix}"
    noise = np.random.default_rng(0).bytes(2_000_000)  # more than one block of bz2
    with tarfile.open(archive, f"w:{suffix}") as tar:  # type: ignore[call-overload]
        info = named("pkg/film.mp4")
        info.size = len(noise)
        tar.addfile(info, io.BytesIO(noise))
    data = bytearray(archive.read_bytes())
    data[int(len(data) * at) - 1] ^= 0xFF
    archive.write_bytes(data)
    with contextlib.suppress(InputError):  # what is spoilt after the file's own bytes need not be noticed
        take(archive, "pkg/film.mp4", tmp_path / "out")
        assert len((tmp_path / "out").read_bytes()) == len(noise)
        return
    assert nothing_but(tmp_path, archive)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's refusal passes on; a file that was there before is not touched."""
    archive = tar_with(tmp_path / "a.tar.gz", GOOD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ntlbg.corpus.archive._copy", full)
    with pytest.raises(OSError, match="No space"):
        take(archive, "pkg/film.mp4", tmp_path / "out")
    assert nothing_but(tmp_path, archive)
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError):
        take(archive, "pkg/film.mp4", tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"
