"""One pass over the packets of a video, without decoding: when frames are shown, how far the file reaches, and
which groups of packets stand alone.

Times are ticks of the stream's clock. AVI keeps no display times: there the k-th frame shown gets the k-th
decoding time, whatever order the packets come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.complaints import listening
from ntlbg.video.errors import VideoError
from ntlbg.video.integrity import broken_stretches
from ntlbg.video.open import open_video, reason_of
from ntlbg.video.order import misplaced
from ntlbg.video.references import ONE_EACH, facts_reader
from ntlbg.video.syntax import Syntax

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# A healthy file may end a little before its header says (rounding, a last frame without a length).
CUT_S, CUT_SHARE = 0.5, 0.01


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """What the packets of one picture track say.

    pts: [n] int64 display time of each packet, in coding order (AVI: decoding times). hidden: [n] bool, packets
    outside an edit list, or with times that cannot be: decoded, never shown. keys: [n] bool, packets that the container
    calls key frames, which proves nothing. starts: [g] positions where a group of packets begins that needs nothing
    before it, or None when that is not proven for the whole file. lonely: [n] bool, packets that no other packet needs.
    damaged: [n] bool, packets that are marked as incomplete, lie in a broken stretch of the file (see `integrity`),
    hold what no encoder writes (see `syntax`) or carry times that cannot be (see `order`). lost: positions before which
    packets are missing, n for the end. tick_s: seconds per tick. cut: reading stopped with an error. by_order: [T]
    times of the frames in the order in which they are decoded, where packets alone do not tell (see `untimed`).
    """

    pts: Array
    hidden: Array
    lonely: Array
    keys: Array
    damaged: Array
    lost: tuple[int, ...]
    starts: Array | None
    tick_s: float
    timed: bool  # packets carry real display times, each its own
    one_each: bool  # every packet holds one picture, so as many frames must come out
    zero: int | None  # when the first frame of an unharmed file is shown; None: its container may begin at any time
    ordered: bool  # the k-th frame that comes out gets the k-th time of `shown`: AVI, and where there is `by_order`
    untimed: bool  # some packets carry no time at all, so `pts` holds guesses
    step: float  # usual ticks between frames, as the header says; 0: it does not
    last_length: int  # how long the last frame is shown, in ticks
    cut: bool
    missing_s: float  # by how much the track falls short of what the file declares; ≤ 0: it does not
    by_order: Array | None = None

    @cached_property
    def shown(self) -> Array:
        """Sorted display times of the frames that are shown."""
        if self.by_order is not None:
            return self.by_order
        return np.unique(self.pts[~self.hidden])

    @cached_property
    def origin(self) -> int:
        """The tick from which seconds count: the first frame's; where frames before it are lost, the clock's zero."""
        first = int(self.shown[0])
        return min(first, self.zero) if self.zero is not None and (0 in self.lost or self.headless) else first

    @cached_property
    def headless(self) -> bool:
        """The first packet is no key frame, though there are some."""
        return bool(self.keys.any() and not self.keys[0])

    @cached_property
    def key_times_s(self) -> Array:
        """When the pictures that need no other one are shown, in seconds from the first frame; empty if not proven."""
        if self.starts is None or self.hidden.any():
            return np.zeros(0)
        return np.sort(self.pts[self.starts] - self.origin) * self.tick_s

    @cached_property
    def last_s(self) -> float:
        """The last frame's time in seconds from the first frame."""
        return float(self.shown[-1] - self.origin) * self.tick_s

    @cached_property
    def end_s(self) -> float:
        """How far the frames reach, the last frame's own length included."""
        return self.last_s + self.last_length * self.tick_s

    @cached_property
    def truncated(self) -> bool:
        return self.missing_s > CUT_S + CUT_SHARE * self.end_s + 2 * self.last_length * self.tick_s

    @cached_property
    def whole(self) -> bool:
        """Nothing in the packets speaks of damage; a file that merely ends early is whole up to its end."""
        return not (self.damaged.any() or self.lost or self.headless or (self.cut and not self.truncated))

    def duration_s(self, declared_s: float) -> float:
        """The length of the picture track, in seconds: as declared, as far as the packets bear it out.

        A header may say too little (MPEG program streams are estimated) or tell the length of a longer sound track.
        """
        if self.truncated or declared_s - self.end_s <= CUT_S:
            return max(declared_s, self.end_s)
        return self.end_s


def read_index(container: InputContainer, stream: VideoStream, path: str | Path) -> PacketIndex | None:
    """The index of a freshly opened container, which is at its end afterwards. None: there is no packet."""
    codec = stream.codec_context.name
    ordered = container.format.name == "avi"
    facts = facts_reader(codec, stream.codec_context.extradata) if _gateable(container) else None
    one_each = facts is not None and codec in ONE_EACH
    syntax = Syntax(codec, stream.codec_context.extradata)
    pts: list[int | None] = []
    dts: list[int | None] = []
    places: list[int] = []
    lengths: list[int] = []
    hidden: list[bool] = []
    keys: list[bool] = []
    damaged: list[bool] = []
    lost: list[int] = []
    idr: list[bool] = []
    lonely: list[bool] = []
    cut = False
    packets = container.demux(stream)
    with listening() as ears:
        ears.heard()  # what was said on opening has no place
        while True:
            try:
                packet = next(packets, None)
            except MemoryError:
                raise
            except (av.FFmpegError, OSError):
                cut = True
                break
            if ears.reader():
                lost.append(len(pts))
            if packet is None:
                break
            if packet.size == 0:  # the flush at the end, or an AVI frame that repeats the one before
                continue
            pts.append(packet.pts)
            dts.append(packet.dts)
            places.append(-1 if packet.pos is None else packet.pos)
            lengths.append(packet.duration or 0)
            hidden.append(packet.is_discard)
            keys.append(packet.is_keyframe)
            data = memoryview(packet)
            damaged.append(packet.is_corrupt or syntax.broken(data))
            if facts is not None:
                found = facts(data)
                if found is None or not found.base_layer:
                    facts = None  # not proven for this file; it is decoded packet by packet
                    continue
                idr.append(found.idr)
                lonely.append(found.lonely)
    if not pts or all(hidden):
        return None
    known = dts if ordered else pts
    timed = not ordered and None not in pts
    rate, tick = stream.average_rate or stream.guessed_rate, stream.time_base
    step = float(1 / (rate * tick)) if rate and tick else 0.0
    times = _filled(known, dts, step)
    away, key = np.array(hidden, dtype=bool), np.array(keys, dtype=bool)
    liars = misplaced(times, key, codec) if timed else np.zeros(times.size, dtype=bool)
    liars &= not np.all(away | liars)
    away, key = away | liars, key & ~liars
    timed = timed and np.unique(times[~away]).size == int((~away).sum())
    proven = facts is not None and timed
    tick_s = float(stream.time_base or 1)
    broken, lacking = _located(np.array(places, dtype=np.int64), container, path)
    last = int(np.flatnonzero(~away)[np.argmax(times[~away])])
    length = lengths[last] or _usual_gap(times[~away])
    return PacketIndex(
        pts=times,
        hidden=away,
        keys=key,
        lonely=np.array(lonely, dtype=bool) if proven else np.zeros(times.size, dtype=bool),
        damaged=np.array(damaged, dtype=bool) | broken | liars,
        lost=tuple(sorted({*lost, *lacking})),
        starts=closed_groups(times, np.array(idr, dtype=bool)) if proven else None,
        tick_s=tick_s,
        timed=timed,
        one_each=one_each and timed,
        zero=_zero(container.format.name, pts, dts, keys),
        ordered=ordered,
        untimed=None in known and not ordered,
        step=step,
        last_length=length,
        cut=cut,
        missing_s=_missing(container, stream, float(times[last] + length) * tick_s, path),
    )


def _zero(container: str, pts: list[int | None], dts: list[int | None], keys: list[bool]) -> int | None:
    if "mpeg" in container:
        return None
    if container == "flv":  # decoding begins at zero, so the first frame comes as late as any key frame does
        return next((p - d for p, d, key in zip(pts, dts, keys, strict=True) if key and p and d is not None), 0)
    return 0


def _located(places: Array, container: InputContainer, path: str | Path) -> tuple[Array, set[int]]:
    """Which packets lie in broken stretches of the file, [n] bool, and before which positions packets may be missing.

    places: [n] where each packet begins in the file, -1 where that is not known. Raises VideoError (OPEN_FAILED).
    """
    broken, lacking = np.zeros(places.size, dtype=bool), set()
    try:
        stretches = broken_stretches(path, container.format.name, len(container.streams))
    except OSError as error:  # FFmpeg has it open, but it is opened again by its name
        raise VideoError(f"{path}: cannot be read ({reason_of(error)})", DecodeOutcome.OPEN_FAILED) from None
    for start, end in stretches:
        broken |= (places >= start) & (places < end)
        after = np.flatnonzero(places >= end)
        lacking.add(int(after[0]) if after.size else places.size)
        before = np.flatnonzero((places >= 0) & (places < start))
        if before.size and container.format.name == "mpegts":
            broken[before[-1]] = True  # a picture goes on over many transport packets
    return broken, lacking


def closed_groups(pts: Array, idr: Array) -> Array | None:
    """Where groups start that show no picture on the other side of their borders; None if any border leaks.

    pts, idr: [n] in coding order. Returns positions [g], the first of them 0.
    """
    starts = np.flatnonzero(idr)
    if starts.size == 0 or starts[0] != 0:
        return None
    before = np.maximum.accumulate(pts)
    after = np.minimum.accumulate(pts[::-1])[::-1]
    inner = starts[1:]
    return starts if np.all(before[inner - 1] < after[inner]) else None


def _gateable(container: InputContainer) -> bool:
    names = set(container.format.name.split(","))
    return bool(names & {"mp4", "mov", "matroska", "webm"})


def _usual_gap(times: Array) -> int:
    gaps = np.diff(np.unique(times))
    return int(np.median(gaps)) if gaps.size else 0


def _filled(known: list[int | None], others: list[int | None], step: float) -> Array:
    """Times with holes filled by the other times, else by the usual step."""
    times, at = np.empty(len(known), dtype=np.int64), -max(step, 1.0)
    for i, (time, other) in enumerate(zip(known, others, strict=True)):
        at = time if time is not None else other if other is not None else at + max(step, 1.0)
        times[i] = round(at)
    return times


def _missing(container: InputContainer, stream: VideoStream, end_s: float, path: str | Path) -> float:
    """Seconds between the end of the track and the end that the header declares."""
    if stream.duration is not None and stream.time_base is not None:
        # an AVI whose chain is broken is shorter than the count of frames in its header
        length = max(stream.duration, stream.frames if container.format.name == "avi" else 0)
        return float((stream.start_time or 0) + length) * float(stream.time_base) - end_s
    if container.duration is None:
        return 0.0
    missing = container.duration / av.time_base - end_s
    others = [s for s in container.streams if s.type == "audio"]
    if missing <= CUT_S or not others:
        return missing
    # a picture track may honestly be shorter than the sound; a cut file loses both
    return min(missing, container.duration / av.time_base - _end_of(path, [s.index for s in others]))


def _end_of(path: str | Path, indices: list[int]) -> float:
    end = 0.0
    with open_video(path) as container:
        streams = [container.streams[i] for i in indices]
        try:
            for packet in container.demux(streams):
                if packet.pts is not None:
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        except (av.FFmpegError, OSError):
            pass
    return end
