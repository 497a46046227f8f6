"""Take one file out of an archive that nobody vouches for.

The whole listing is judged before a byte is written: one link, device, absolute or `..` name, doubled name, or a
listing beyond the caps refuses the archive. Nothing is ever written under a name that the archive chose: the caller
names the target. `tarfile`'s own "data" filter is not relied on; it has been bypassed before.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ntlbg.errors import InputError

CHUNK = 1 << 20
# what the libraries raise at bytes that are not what they should be
DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, lzma.LZMAError),
    *(EOFError, NotImplementedError, ValueError),
)


@dataclass(frozen=True)
class Caps:
    """What an archive may claim. bytes: of all files unpacked; ratio: unpacked to packed."""

    files: int = 2_000
    bytes: int = 1 << 30
    ratio: float = 50.0


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    kind: str  # "file", "folder", or what it is instead


def _place(name: str) -> str | None:
    """Why `name` would leave the folder it is unpacked into, or None."""
    if not name or "\0" in name:
        return "has an empty or broken name"
    if "\\" in name or ":" in name.split("/")[0]:
        return "has a name that other systems read as a path of theirs"
    if name.startswith("/"):
        return "has an absolute name"
    if ".." in PurePosixPath(name).parts:
        return "climbs out with `..`"
    return None


def _judge(archive: Path, entries: Iterable[_Entry], caps: Caps) -> dict[str, _Entry]:
    """All entries by name. Raises InputError naming the archive and its first unsafe entry."""
    packed = archive.stat().st_size
    seen: dict[str, _Entry] = {}
    total = 0
    for entry in entries:
        bad = _place(entry.name)
        if bad is None and entry.kind not in ("file", "folder"):
            bad = f"is a {entry.kind}"
        name = PurePosixPath(entry.name).as_posix()
        if bad is None and name in seen and entry.kind == "file":
            bad = "appears twice"
        if bad is not None:
            raise InputError(
                f"{archive}: entry `{entry.name[:120]}` {bad}", hint="nothing was unpacked; get the archive again"
            )
        seen[name] = entry
        total += entry.size
        if len(seen) > caps.files or total > caps.bytes or total > caps.ratio * packed + CHUNK:
            raise InputError(
                f"{archive}: unpacks to more than {caps.files} files, {caps.bytes} bytes or {caps.ratio:g} times "
                "its size",
                hint="nothing was unpacked; get the archive again",
            )
    return seen


def _tar_entries(tar: tarfile.TarFile) -> Iterator[_Entry]:
    for member in tar:
        if member.issparse():
            kind = "sparse file"
        elif member.isreg():
            kind = "file"
        elif member.isdir():
            kind = "folder"
        elif member.issym() or member.islnk():
            kind = "link"
        else:
            kind = "device or other special file"
        yield _Entry(member.name, member.size, kind)


def _zip_entries(zipped: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in zipped.infolist():
        mode = stat.S_IFMT(info.external_attr >> 16)
        if info.flag_bits & 0x1:
            kind = "encrypted file"
        elif mode == stat.S_IFLNK:
            kind = "link"
        elif mode not in (0, stat.S_IFREG, stat.S_IFDIR):
            kind = "device or other special file"
        else:
            kind = "folder" if info.is_dir() else "file"
        # `orig_filename` is what the archive says; `filename` is already tidied up by zipfile
        yield _Entry(info.orig_filename, info.file_size, kind)


@contextmanager
def _member(archive: Path, name: str, caps: Caps) -> Iterator[tuple[IO[bytes], int]]:
    """The opened member and the size that the listing claims for it."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            entry = _wanted(archive, name, _judge(archive, _zip_entries(zipped), caps))
            with zipped.open(name) as opened:
                yield opened, entry.size
        return
    with tarfile.open(archive) as tar:
        entry = _wanted(archive, name, _judge(archive, _tar_entries(tar), caps))
        reader = tar.extractfile(name)
        if reader is None:
            raise InputError(f"{archive}: entry `{name}` is not a file")
        with reader:
            yield reader, entry.size


def _wanted(archive: Path, name: str, entries: dict[str, _Entry]) -> _Entry:
    entry = entries.get(name)
    if entry is None or entry.kind != "file":
        raise InputError(f"{archive}: there is no file `{name}` in it", hint="is it the archive of another version?")
    return entry


def take(archive: Path, name: str, target: Path, caps: Caps = Caps()) -> None:
    """Write the file `name` of a tar (any compression) or zip `archive` to `target`, which must not exist.

    Raises InputError naming the archive and entry when it is unsafe, damaged, or longer than it claims; `target` is
    then not there. A full disk is an OSError, and leaves none either.
    """
    try:
        with _member(archive, name, caps) as (source, claimed), target.open("xb") as out:
            try:
                _copy(archive, name, source, claimed, out)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
    except DAMAGED as error:
        raise _damaged(archive, error) from error
    except OSError as error:
        if error.errno is not None:  # a full disk, say; bz2 has no error class of its own
            raise
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> InputError:
    return InputError(f"{archive}: is damaged ({error})", hint="nothing was unpacked; get it again")


def _copy(archive: Path, name: str, source: IO[bytes], claimed: int, out: IO[bytes]) -> None:
    written = 0
    while chunk := source.read(CHUNK):
        written += len(chunk)
        if written > claimed:
            raise InputError(f"{archive}: entry `{name}` is longer than its listing says")
        out.write(chunk)
    if written != claimed:
        raise InputError(f"{archive}: entry `{name}` is shorter than its listing says")
