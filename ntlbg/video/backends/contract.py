"""What a backend is, and what it is given: a clip whose packets were read once.

A backend yields the frames that are on screen at the wanted moments one by one, each once, with its true time:
nothing collects a whole video. A backend that cannot be trusted with a clip refuses it beforehand and says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.errors import VideoError
from ntlbg.video.index import PacketIndex, read_index
from ntlbg.video.open import open_video, picture_stream
from ntlbg.video.probe import VideoFacts, facts_of, first_orientation
from ntlbg.video.render import Orientation, Renderer
from ntlbg.video.untimed import decoded_stamps, times_by_order


class NotProvenError(Exception):
    """A backend did not yield what it promised: forget its frames, another one must answer."""


class Shown(NamedTuple):
    """ticks: true time since the first frame, in ticks of the clip's clock. pixels: uint8 [h, w, 3], upright."""

    ticks: int
    pixels: Array


@dataclass(frozen=True, eq=False)
class Clip:
    """One video whose container was opened and whose packets were read; decoded only where they carry no times.

    track: number of the picture track in the container. stored: what its header says, width and height as stored, not
    turned.
    """

    path: str | Path
    track: int
    index: PacketIndex
    stored: VideoFacts

    @classmethod
    def open(cls, path: str | Path) -> Clip:
        """Raises VideoError: OPEN_FAILED, NO_VIDEO, UNSUPPORTED_CODEC and EMPTY. Damage stands in the index."""
        with open_video(path) as container:
            stream = picture_stream(container, path)
            track = stream.index  # not after the block: a closed container's streams hold stale memory
            index = read_index(container, stream, path)
            stored = facts_of(container, stream)
        if index is None:
            raise VideoError(f"{path}: has a picture track without a picture", DecodeOutcome.EMPTY)
        if index.untimed and index.whole:
            by_order = times_by_order(decoded_stamps(path), index.step or index.last_length)
            if by_order.size:
                index = replace(index, by_order=by_order, ordered=True)
        return cls(path, track, index, stored)

    def wanted(self, moments_s: Array) -> Array:
        """Which frames are on screen at the moments, each once: int64 positions in `index.shown`, increasing."""
        shown = self.index.shown
        targets = plan.in_ticks(moments_s, self.index.tick_s) + int(shown[0])
        return np.unique(plan.shown_at(shown, targets))

    def renderer(self, size: tuple[int, int]) -> Renderer:
        """What makes pixels of this clip's frames at `size` = (h, w)."""
        # one of the decoders does not tell how its frames are turned (see `decoder_of`)
        if self.stored.codec == "vp9":
            return Renderer(self.path, size, self.turn)
        return Renderer(self.path, size, noted=self._note)

    def _note(self, turn: Orientation) -> None:
        """A backend has seen a frame: `turn` need not decode one. Frames of one video are turned alike."""
        self.__dict__.setdefault("turn", turn)

    @cached_property
    def turn(self) -> Orientation:
        """How stored pixels become upright: decodes the first frame, unless a backend has seen one."""
        with open_video(self.path) as container:
            return first_orientation(container, picture_stream(container, self.path))


class Backend(Protocol):
    """name: as in params.yaml."""

    name: ClassVar[str]

    def refuses(self, clip: Clip) -> str | None:
        """Why this backend is not to be trusted with a clip, as the end of a sentence; None: it is."""
        ...

    def frames(self, clip: Clip, moments_s: Array, size: tuple[int, int]) -> Iterator[Shown]:
        """The frames on screen at each moment, in order, each once, at `size` = (h, w).

        moments_s: [n] float64, increasing, seconds from the first frame.
        Raises VideoError, or NotProvenError when it finds that it is not to be trusted after all.
        """
        ...
