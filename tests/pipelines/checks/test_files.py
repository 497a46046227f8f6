"""What lies on disk where a video should lie."""

from __future__ import annotations

import os

import pytest
from blake3 import blake3

from pipelines.checks.files import FILE, MISSING, OTHER, UNREADABLE, OnDisk, look


@pytest.fixture
def video(tmp_path):
    """A file of five bytes."""
    path = tmp_path / "v.mp4"
    path.write_bytes(b"12345")
    return path


def test_a_file_is_told_with_size_and_digest(video):
    """The digest is that of the bytes, and is read only when asked for."""
    assert look(str(video), size=5, digest=True) == OnDisk(FILE, 5, blake3(b"12345").hexdigest())
    assert look(str(video), size=5, digest=False) == OnDisk(FILE, 5, None)


def test_a_file_of_another_size_is_not_read_through(video):
    """A wrong size is enough to know; hashing it would only take time."""
    assert look(str(video), size=6, digest=True) == OnDisk(FILE, 5, None)


def test_a_link_to_a_file_is_a_file(video, tmp_path):
    """Download caches keep links to their files."""
    (tmp_path / "link.mp4").symlink_to(video)
    assert look(str(tmp_path / "link.mp4"), size=5, digest=False).found == FILE


@pytest.mark.parametrize("name", ["", "none.mp4", "v.mp4/inside.mp4", "nul\0.mp4"])
def test_what_is_not_there_is_missing(video, tmp_path, name):
    """Also an empty path, a path through a file and one with a NUL."""
    assert look(str(tmp_path / name) if name else "", size=5, digest=True) == OnDisk(MISSING)


def test_a_dangling_link_is_missing(tmp_path):
    """A link whose file is gone leads nowhere."""
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    assert look(str(tmp_path / "link"), size=5, digest=True) == OnDisk(MISSING)


def test_folders_and_pipes_are_not_opened(tmp_path):
    """A named pipe would block for ever, so it is told by its kind alone."""
    os.mkfifo(tmp_path / "pipe")
    assert look(str(tmp_path / "pipe"), size=5, digest=True) == OnDisk(OTHER)
    assert look(str(tmp_path), size=5, digest=True) == OnDisk(OTHER)


def test_a_loop_of_links_and_an_endless_name_are_not_readable(tmp_path):
    """The system's refusals become an outcome of this one video."""
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert look(str(tmp_path / "a"), size=5, digest=True) == OnDisk(UNREADABLE)
    assert look("x" * 5000, size=5, digest=True) == OnDisk(UNREADABLE)
