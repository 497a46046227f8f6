"""Weights that come with an installed package: found without importing the package, and checked before use."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from ntlbg.errors import InputError


def package_file(package: str, name: str, sha256: str) -> Path:
    """The path of file `name` inside an installed `package`, when its bytes have this sha256.

    Raises InputError naming the package or file when it is missing or has other bytes.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(
            f"the embedded encoder needs the package `{package}`, which is not installed",
            hint="`make setup` installs it; or choose another encoder: a folder or a Hub id of a CLIP or SigLIP model",
        )
    path = Path(spec.submodule_search_locations[0]) / name
    if not path.is_file():
        raise InputError(f"{path}: the package `{package}` lacks this file", hint="install the package again")
    check_sha256(path, sha256)
    return path


def check_sha256(path: Path, sha256: str) -> None:
    """Raises InputError when the bytes of `path` are not the expected ones."""
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise InputError(
            f"{path}: these are not the expected weights (sha256 {found[:16]}…, expected {sha256[:16]}…)",
            hint="install the package that holds it again",
        )
