"""Weights out of installed packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.errors import InputError
from ntlbg.features.weights import check_sha256, package_file


def test_a_missing_package_or_file_is_named() -> None:
    """Without its package the embedded encoder says which one is missing and how to get it."""
    with pytest.raises(InputError, match="`no_such_package`") as error:
        package_file("no_such_package", "x", "")
    assert error.value.hint
    with pytest.raises(InputError, match=r"no_such_file"):
        package_file("ntlbg", "no_such_file", "")


def test_the_sha256_decides(tmp_path: Path) -> None:
    """One changed byte is another file."""
    file = tmp_path / "w"
    file.write_bytes(b"")
    check_sha256(file, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    file.write_bytes(b"\0")
    with pytest.raises(InputError, match=str(file)):
        check_sha256(file, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
