"""The folder of a selection."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ntlbg.cli.output import frame_name, write
from ntlbg.errors import InputError
from ntlbg.store import write_atomic
from tests.cli.chosen import chosen


def test_names_sort_as_the_frames_do() -> None:
    """In time order, for hours and for hundreds of frames."""
    times = [0.0, 9.5, 10.25, 3599.999, 36000.0]
    names = [frame_name(i + 1, t, 5) for i, t in enumerate(times)]
    assert names == sorted(names)
    assert names[1] == "02_00009.500s.png"
    assert frame_name(7, 1, 200).startswith("007_")


def test_an_earlier_selection_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    """Frames of the last run go; files that are not ours stay."""
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "01_holiday.png").write_text("mine too")
    write(chosen(8), tmp_path)
    write(chosen(3), tmp_path)
    told = json.loads((tmp_path / "selection.json").read_text())
    assert len(told["frames"]) == 3
    assert {p.name for p in tmp_path.iterdir()} == {
        *told["frames"], "contact_sheet.png", "timeline.png", "selection.json", "notes.txt", "01_holiday.png",
    }  # fmt: skip


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file in its place is one sentence, and the file stays."""
    file = tmp_path / "file"
    file.write_text("here")
    for wrong in (file, file / "below"):
        with pytest.raises(InputError, match="file") as error:
            write(chosen(2), wrong)
        assert error.value.hint
    assert file.read_text() == "here"


def test_a_disk_that_fills_up_leaves_the_earlier_selection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever file no longer fits: no old one is gone or changed, no new one is there."""
    write(chosen(8), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for fits in range(6):
        left: Iterator[int] = iter(range(fits))

        def full(path: Path, data: bytes | str, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError(errno.ENOSPC, "No space left on device")
            write_atomic(path, data)

        monkeypatch.setattr("ntlbg.cli.output.write_atomic", full)
        with pytest.raises(InputError, match="no space left"):
            write(chosen(3), tmp_path)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
