"""One content-addressed store: it remembers what was computed, so that nothing is computed twice.

Key: blake3 of the canonical JSON of *every* input that can change the value (`key(...)`).
Layout: `<root>/<room>/<k0k1>/<key>/` holds the value's files and, written last, `entry.json`: name, size and
blake3 of each file. A folder without `entry.json` does not exist for readers.
Write order: files into `<root>/.partial/<random>`, fsync each, `entry.json`, fsync, rename, fsync the parent.
Reads verify; an entry that does not verify is removed and reported as missing. Values are never changed in place, and
a process reads a file's bytes for that once, until its size or one of its times changes.
The time of `entry.json` is when the value was last made or read; `ntlbg cache` lists, checks and removes values.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blake3 import blake3

from ntlbg.errors import StoreError

ENTRY = "entry.json"
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
HASHED = re.compile(r"x[0-9a-f]{32}")
PARTIAL = ".partial"  # the workshop below a store's root
ABANDONED_S = 24 * 3600.0  # nothing takes a day between two writes
SETTLED_NS = 2_000_000_000  # of a file changed just now, the next change may bear the same time
REMEMBERED = 65536  # digests
PIECE_BYTES = 1 << 18

_digests: dict[tuple[int, ...], str] = {}  # by device, inode, size and times: any change of a file changes one


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def key(**inputs: Any) -> str:
    """Hex key of a value made from `inputs` (JSON types only)."""
    return blake3(canonical(inputs).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """blake3 of a file's bytes, in hex; this process remembers it for as long as the file is left as it is.

    So the second question on a video of gigabytes reads none of them.
    """
    status = path.stat()
    seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    known = _digests.get(seen)
    if known is not None:
        return known
    digest = _hashed(path)
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS:
        if len(_digests) >= REMEMBERED:
            _digests.clear()
        _digests[seen] = digest
    return digest


def _hashed(path: Path) -> str:
    """blake3 of a file's bytes. They are read, not mapped: a mapped file that shrinks kills who looks at it."""
    found, piece = blake3(max_threads=1), memoryview(bytearray(PIECE_BYTES))
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(piece):
            found.update(piece[:count])
    return found.hexdigest()


def file_stem(identifier: str) -> str:
    """A safe, unique file name for an id that a user's file gave us: no separators, no dots, bounded length."""
    if PLAIN.fullmatch(identifier) and not HASHED.fullmatch(identifier):
        return identifier
    return "x" + blake3(identifier.encode()).hexdigest()[:32]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file whole or not at all: temporary name beside it, fsync, rename, fsync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("wb") as out:
            out.write(data.encode() if isinstance(data, str) else data)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def folder_atomic(path: Path) -> Iterator[Path]:
    """A fresh folder to fill; it takes the place of `path` when the block ends well, and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir()
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            shutil.rmtree(path)
        partial.replace(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@dataclass
class Store:
    """`Store(root).fetch("frames", key, make)` returns the folder of the value, making it when it is missing.

    `made` and `found` count per room what this process computed and what it only read.
    """

    root: Path
    made: dict[str, int] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)

    def folder(self, room: str, key: str) -> Path:
        return self.root / room / key[:2] / key

    def get(self, room: str, key: str) -> Path | None:
        """The verified folder of a value, or None."""
        if not self.verified(room, key):
            return None
        folder = self.folder(room, key)
        with suppress(OSError):  # a store that may only be read forgets when it was used
            os.utime(folder / ENTRY)
        self.found[room] = self.found.get(room, 0) + 1
        return folder

    def verified(self, room: str, key: str) -> bool:
        """Whether a value is there as it was stored; a damaged one is removed. To look is not to use it."""
        folder = self.folder(room, key)
        if not folder.exists():
            return False
        if not _sound(folder):
            shutil.rmtree(folder, ignore_errors=True)
            return False
        return True

    def drop(self, room: str, key: str) -> None:
        """Forget a value. It leaves the readers' sight at once, by a rename; whoever has its files open keeps them."""
        gone = self.root / PARTIAL / secrets.token_hex(8)
        try:
            gone.parent.mkdir(parents=True, exist_ok=True)
            self.folder(room, key).rename(gone)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.refused(error) from error
        shutil.rmtree(gone, ignore_errors=True)

    def put(self, room: str, key: str, write: Callable[[Path], None]) -> Path:
        """Store the files that `write` puts into the folder it is given."""
        partial = self.root / PARTIAL / secrets.token_hex(8)
        try:
            partial.mkdir(parents=True)
            write(partial)
            files = {}
            for file in sorted(p for p in partial.rglob("*") if p.is_file()):
                _sync(file)
                files[file.relative_to(partial).as_posix()] = [file.stat().st_size, file_digest(file)]
            write_atomic(partial / ENTRY, canonical({"files": files}))
            final = self.folder(room, key)
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.rename(final)
            except OSError:
                # another process stored the same value first; equal key means equal value
                if not _sound(final):
                    raise
            _sync(final.parent)
        except OSError as error:
            raise self.refused(error) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self.made[room] = self.made.get(room, 0) + 1
        return final

    def fetch(self, room: str, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of a value, made by `make(folder)` when the store does not hold it."""
        return self.get(room, key) or self.put(room, key, make)

    def refused(self, error: OSError) -> StoreError:
        """The system's refusal to write here, as a sentence."""
        return StoreError(
            f"{self.root}: cannot store a value ({error.strerror or error})",
            hint="free some space, or set NTLBG_STORE to a folder that can be written and has more",
        )

    def sweep(self) -> int:
        """Remove what killed processes left in the workshop; how many folders. Work at hand is younger, and stays."""
        removed = 0
        for left in self._left():
            try:
                latest = max(p.lstat().st_mtime for p in (left, *left.rglob("*")))
            except OSError:
                continue  # somebody is at work in it
            if time.time() - latest > ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
                removed += 1
        return removed

    def _left(self) -> list[Path]:
        try:
            return list((self.root / PARTIAL).iterdir())
        except OSError:
            return []

    @classmethod
    def default(cls) -> Store:
        """The store of this checkout or user: `NTLBG_STORE`, else `.ntlbg/store` in the working folder."""
        return cls(Path(os.environ.get("NTLBG_STORE") or ".ntlbg/store"))


def _sound(folder: Path) -> bool:
    """Whether every file of a value is there with the bytes that were stored."""
    try:
        entry = json.loads((folder / ENTRY).read_text())
        return all(
            (folder / name).stat().st_size == size and file_digest(folder / name) == digest
            for name, (size, digest) in entry["files"].items()
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return False
