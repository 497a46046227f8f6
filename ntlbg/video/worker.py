"""What a decoding process does: one video into one folder. It imports neither torch nor pandas.

The folder gets its frames, as `storage` says (only if there are any), and, last, `facts.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import av

from ntlbg.records.arrays import Array
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

Given = TypeVar("Given")

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
    """Decode `path` into `folder`; return what facts.json holds.

    What goes wrong with the video becomes an outcome. Raises OSError where the folder cannot be written.
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
        with _Output(frames, sampling.size) as out:
            reading = read_into(out, path, sampling, backend=backend)
    except _RefusedError as refused:
        raise refused.error from None
    except BackendError as error:
        return failure(error.outcome, named_less(error.sentence, path)) | {PASSING: True}
    except VideoError as error:
        return failure(error.outcome, named_less(error.sentence, path))
    except MemoryError:  # also FFmpeg's
        return failure(DecodeOutcome.CRASHED, "needs more memory than a worker may use")
    except av.FFmpegError as error:
        return failure(DecodeOutcome.CORRUPT, f"is damaged ({reason_of(error)})")
    except OSError as error:
        return failure(DecodeOutcome.OPEN_FAILED, f"cannot be read ({reason_of(error)})")
    except Exception as error:  # whatever a hostile file set off, it costs this file alone; it is not remembered
        return failure(DecodeOutcome.CRASHED, named_less(f"cannot be decoded ({_told(error)})", path))
    return {
        "outcome": reading.outcome.value,
        "detail": named_less(reading.detail, path),
        **asdict(reading.facts),
        "covered_s": reading.covered_s,
        "missing_s": reading.missing_s,
        "frames": reading.frames,
        "timestamps_s": out.times,
    }


class _RefusedError(Exception):
    """The system refuses to keep frames."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Output:
    """The shard of a video as a sink. What the system refuses here is told apart from what it refuses of the video."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._shard = self._tried(shard_writer, path, size)

    @property
    def times(self) -> list[float]:
        return self._shard.times

    def add(self, pixels: Array, time_s: float) -> None:
        self._tried(self._shard.add, pixels, time_s)

    def restart(self) -> None:
        self._tried(self._shard.restart)

    def keep(self, kept: Array) -> None:
        self._tried(self._shard.keep, kept)

    def __enter__(self) -> _Output:
        return self

    def __exit__(self, *how: Any) -> None:
        self._tried(self._shard.__exit__, *how)

    @staticmethod
    def _tried(act: Callable[..., Given], *given: Any) -> Given:
        try:
            return act(*given)
        except OSError as error:
            raise _RefusedError(error) from error


def _told(error: Exception) -> str:
    """The type of an error, and the last line that it says."""
    last = next(reversed(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {last}" if last else type(error).__name__


def lasting(facts: dict[str, Any]) -> bool:
    """Whether the facts of a video are worth remembering: its bytes decide them, not the moment nor one backend."""
    return facts["outcome"] in LASTING and not facts.get(PASSING, False)


def failure(outcome: DecodeOutcome, detail: str) -> dict[str, Any]:
    """The facts of a video without frames: what is not known is left out, not made up."""
    return {"outcome": outcome.value, "detail": detail, "log": "", "frames": 0, "timestamps_s": []}


def named_less(sentence: str, path: str) -> str:
    """The sentence without the file's name: equal content under another name shares the facts."""
    return sentence.removeprefix(f"{path}: ")
