"""What a decoding process does: one video into one folder. It imports neither torch nor pandas.

The folder gets its frames, as `storage` says (only if there are any), and, last, `facts.json`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.complaints import listening
from ntlbg.video.decode import Sampling, read_into
from ntlbg.video.errors import BackendError, VideoError
from ntlbg.video.open import reason_of, regular_file
from ntlbg.video.storage import RAW, SUFFIXES, Storage, shard_writer

FACTS = "facts.json"
CHANGED = "has changed since the corpus was recorded"

# Bytes of the same file give the same of these every time, so they are worth remembering.
LASTING = frozenset(
    {
        DecodeOutcome.OK,
        DecodeOutcome.TRUNCATED,
        DecodeOutcome.NO_VIDEO,
        DecodeOutcome.UNSUPPORTED_CODEC,
        DecodeOutcome.CORRUPT,
        DecodeOutcome.EMPTY,
    }
)
PASSING = "passing"  # of facts that are one backend's word alone

_limited = False


def frames_file(storage: Storage) -> str:
    """The name of the file of frames in a folder of the store."""
    return f"frames{SUFFIXES[storage]}"


def stamp(path: str) -> tuple[int, int]:
    """Size and modification time: what tells that a file was exchanged while it was read."""
    status = regular_file(path)
    return status.st_size, status.st_mtime_ns


def decode_to_folder(
    path: str,
    folder: str,
    sampling: Sampling,
    backend: str,
    before: tuple[int, int],
    memory_mb: int | None = None,
    storage: Storage = RAW,
) -> dict[str, Any]:
    """Decode `path` into `folder`; return what facts.json holds. Never raises VideoError: it becomes an outcome.

    before: the file's stamp when its digest was taken. memory_mb: what this process may use from now on, beyond what it
    has; it stays limited.
    """
    if memory_mb is not None:
        limit_memory(memory_mb)
    out = Path(folder)
    frames = out / frames_file(storage)
    with listening() as ears:
        facts = _decode(path, frames, sampling, backend)
        ears.heard()
        facts["log"] = ears.last if facts["outcome"] != DecodeOutcome.OK else ""
    try:
        same = stamp(path) == before
    except VideoError:
        same = False
    if not same:
        facts = failure(DecodeOutcome.OPEN_FAILED, CHANGED)
    if not facts["frames"]:
        frames.unlink(missing_ok=True)
    (out / FACTS).write_text(json.dumps(facts, sort_keys=True))
    return facts


def limit_memory(more_mb: int) -> None:
    """Let this process take so many MB more than it has, once: a header may claim a picture of 4 giga-pixels.

    Only where the system tells how much a process has (Linux); elsewhere nothing is limited.
    """
    global _limited
    sizes = Path("/proc/self/statm")
    if _limited or not sizes.exists():
        return
    import resource

    now = int(sizes.read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = now + (more_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    _limited = True


def _decode(path: str, frames: Path, sampling: Sampling, backend: str) -> dict[str, Any]:
    try:
        with shard_writer(frames, sampling.size) as shard:
            reading = read_into(shard, path, sampling, backend=backend)
    except BackendError as error:
        return failure(error.outcome, named_less(error.sentence, path)) | {PASSING: True}
    except VideoError as error:
        return failure(error.outcome, named_less(error.sentence, path))
    except MemoryError:  # also FFmpeg's
        return failure(DecodeOutcome.CRASHED, "needs more memory than a worker may use")
    except av.FFmpegError as error:
        return failure(DecodeOutcome.CORRUPT, f"is damaged ({reason_of(error)})")
    return {
        "outcome": reading.outcome.value,
        "detail": named_less(reading.detail, path),
        **asdict(reading.facts),
        "covered_s": reading.covered_s,
        "missing_s": reading.missing_s,
        "frames": reading.frames,
        "timestamps_s": shard.times,
    }


def lasting(facts: dict[str, Any]) -> bool:
    """Whether the facts of a video are worth remembering: its bytes decide them, not the moment nor one backend."""
    return facts["outcome"] in LASTING and not facts.get(PASSING, False)


def failure(outcome: DecodeOutcome, detail: str) -> dict[str, Any]:
    """The facts of a video without frames: what is not known is left out, not made up."""
    return {"outcome": outcome.value, "detail": detail, "log": "", "frames": 0, "timestamps_s": []}


def named_less(sentence: str, path: str) -> str:
    """The sentence without the file's name: equal content under another name shares the facts."""
    return sentence.removeprefix(f"{path}: ")
