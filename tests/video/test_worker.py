"""One video into one folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import worker
from ntlbg.video.decode import Sampling
from ntlbg.video.shard import ShardWriter
from ntlbg.video.worker import FACTS, decode_to_folder, failure, frames_file, lasting, stamp
from tests.video.conftest import Clips

SAMPLING = Sampling(1.0, 100, (32, 48))


def test_frames_and_facts_agree(clips: Clips, tmp_path: Path) -> None:
    """facts.json counts what frames.npy holds."""
    path = str(clips["h264_b.mp4"])
    facts = decode_to_folder(path, str(tmp_path), SAMPLING, "auto", stamp(path))
    assert json.loads((tmp_path / FACTS).read_text()) == facts
    assert len(np.load(tmp_path / frames_file("raw"))) == facts["frames"] == len(facts["timestamps_s"]) == 4


def test_a_broken_video_leaves_facts_only(clips: Clips, tmp_path: Path) -> None:
    """No frames.npy, no numbers, and a detail that does not name this copy's path."""
    broken = clips.cut("h264_b.mp4", 0.5)
    facts = decode_to_folder(str(broken), str(tmp_path), SAMPLING, "auto", stamp(str(broken)))
    assert sorted(facts) == ["detail", "frames", "log", "outcome", "timestamps_s"]
    assert str(broken.parent) not in facts["detail"]
    assert facts["log"] == "mov,mp4,m4a,3gp,3g2,mj2: moov atom not found"
    assert sorted(p.name for p in tmp_path.iterdir()) == [FACTS]


def test_too_little_memory_is_an_outcome(clips: Clips, tmp_path: Path, monkeypatch) -> None:
    """A header that claims a giant picture must not stop the run."""

    def giant(*args: object, **kwargs: object) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "read_into", giant)
    path = str(clips["h264_b.mp4"])
    assert decode_to_folder(path, str(tmp_path), SAMPLING, "auto", stamp(path))["outcome"] == "crashed"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OverflowError("first\nint too large"), "OverflowError: int too large"),
        (IndexError(), "IndexError"),
    ],
)
def test_an_error_that_nobody_expected_is_an_outcome(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    """What one file sets off stops no other; its row tells the type and the last line. It is not remembered."""

    def fails(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(worker, "read_into", fails)
    path = str(clips["h264_b.mp4"])
    facts = decode_to_folder(path, str(tmp_path), SAMPLING, "auto", stamp(path))
    assert (facts["outcome"], facts["detail"]) == ("crashed", f"cannot be decoded ({told})")
    assert facts["outcome"] not in worker.LASTING
    assert [p.name for p in tmp_path.iterdir()] == [FACTS]


def test_what_the_output_refuses_is_no_outcome(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is not the video's fault: it is raised, on whatever frame it is met."""

    def full(*frame: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = str(clips["h264_b.mp4"])
    monkeypatch.setattr(ShardWriter, "add", full)
    with pytest.raises(OSError, match="No space left"):
        decode_to_folder(path, str(tmp_path), SAMPLING, "auto", stamp(path))
    with pytest.raises(OSError, match="No such file"):
        decode_to_folder(path, str(tmp_path / "nowhere"), SAMPLING, "auto", stamp(path))


def test_what_the_source_refuses_is_an_outcome(clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the system's errors only those of the output are raised."""

    def gone(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(worker, "read_into", gone)
    path = str(clips["h264_b.mp4"])
    facts = decode_to_folder(path, str(tmp_path), SAMPLING, "auto", stamp(path))
    assert (facts["outcome"], facts["detail"]) == ("open_failed", "cannot be read (stale file handle)")


def test_only_what_the_bytes_decide_lasts(clips: Clips, tmp_path: Path) -> None:
    """A refusal by one backend, a time-out and a missing file may pass; frames and damage do not."""
    path = str(clips["h264.ts"])
    read, refused = (decode_to_folder(path, str(tmp_path), SAMPLING, how, stamp(path)) for how in ("auto", "decord"))
    assert lasting(read)
    assert refused["outcome"] == "unsupported_codec"
    assert not lasting(refused)
    assert lasting(failure(DecodeOutcome.CORRUPT, "is damaged"))
    assert not lasting(failure(DecodeOutcome.TIMEOUT, "took long"))
