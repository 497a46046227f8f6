"""The typed ways in which reading a video ended."""

from __future__ import annotations

from enum import StrEnum


class DecodeOutcome(StrEnum):
    """How reading one video ended. OK and TRUNCATED leave frames, CORRUPT may; what was read is in its timestamps."""

    OK = "ok"
    TRUNCATED = "truncated"  # frames up to the cut are kept; `covered_s` says how far
    OPEN_FAILED = "open_failed"  # missing, not a regular file, or no container we allow
    NO_VIDEO = "no_video"  # no picture track, or only cover art
    UNSUPPORTED_CODEC = "unsupported_codec"
    CORRUPT = "corrupt"  # damaged; frames of clean groups are kept, `missing_s` says which seconds have none
    EMPTY = "empty"  # a picture track without a picture
    TIMEOUT = "timeout"  # the worker was killed after `limit_s`
    CRASHED = "crashed"  # the worker died
