"""Where a model's checkpoint lies: a folder, a folder with `pointer.json`, or a Hub id with a pinned revision.

`pointer.json` = {"source": <Hub id or folder>, "revision": <commit or null>}. Weights are read as safetensors only
and no code that comes with a checkpoint is ever run.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.store import canonical, file_digest, key, write_atomic

POINTER = "pointer.json"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Checkpoint:
    """source: an absolute folder, or a Hub id (then `revision` is set)."""

    source: str
    revision: str | None

    @property
    def local(self) -> bool:
        return self.revision is None

    def identity(self) -> dict[str, Any]:
        """What an answer depends on: the digest of every file of a folder, or the Hub id and revision."""
        if not self.local:
            return {"source": self.source, "revision": self.revision}
        folder = Path(self.source)
        files = {p.name: file_digest(p) for p in sorted(folder.iterdir()) if p.is_file() and counts(p)}
        # the folder's place is left out: the same checkpoint in another clone gives the same answers
        return {"files": key(**files)}


def counts(file: Path) -> bool:
    """Whether a file of a checkpoint folder can change an answer (a card or a licence cannot)."""
    return file.suffix in {".json", ".safetensors", ".jinja", ".txt", ".model"}


def locate(source: str | Path, revision: str | None = None) -> Checkpoint:
    """Resolve `source`. Raises InputError when it is neither a sound folder nor a pinned Hub id."""
    path = Path(source).expanduser()
    if (path / POINTER).is_file():
        target, revision = read_pointer(path / POINTER)
        if (Path(target) / POINTER).is_file():
            raise InputError(f"{path / POINTER}: points to a folder that is itself a pointer")
        return locate(target, revision)
    if path.is_dir():
        return Checkpoint(str(check_folder(path).resolve()), None)
    if HUB_ID.fullmatch(str(source)) and not path.exists():
        if not revision:
            raise InputError(
                f"{source}: no folder of this name, and as a Hub id it has no pinned revision",
                hint="give the commit of the checkpoint as `revision`, or the path of a downloaded folder",
            )
        return Checkpoint(str(source), str(revision))
    raise InputError(f"{source}: no such checkpoint folder", hint="give a folder or a Hub id such as owner/name")


def check_folder(folder: Path) -> Path:
    """The folder, when it holds a configuration and safetensors weights."""
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: not a checkpoint folder, config.json is missing")
    if not any(folder.glob("*.safetensors")):
        raise InputError(
            f"{folder}: no *.safetensors weights",
            hint="pickled weights are not read; convert the checkpoint to safetensors first",
        )
    return folder


def read_pointer(file: Path) -> tuple[str, str | None]:
    """(source, revision) of a pointer file."""
    try:
        content = json.loads(file.read_text())
        source, revision = content["source"], content.get("revision")
        if not isinstance(source, str) or not (revision is None or isinstance(revision, str)):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{file}: not a pointer {{source, revision}}") from error
    return source, revision


def write_pointer(folder: Path, checkpoint: Checkpoint) -> None:
    """Write `pointer.json` into `folder`, whole or not at all."""
    write_atomic(folder / POINTER, canonical({"revision": checkpoint.revision, "source": checkpoint.source}) + "\n")
