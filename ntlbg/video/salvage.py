"""What a damaged video still has: frames of clean groups, and the stretches of time that are missing.

Damage spreads: a picture that was coded wrongly is copied by those after it, until a key frame. So a group of packets
(a key frame up to the next) is clean when every packet of it is, and only then are its frames kept. Of a group with any
sign of damage nothing is kept, the pictures before the sign included: the first sign need not be the first fault. The
decoder then starts anew at the next key frame, and pictures that look back over it are left out.

A moment is shown by the frame that the packets say was on screen. Where that frame is not clean the moment has none:
nothing is held over a hole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.video import plan
from ntlbg.video.backends.contract import Clip, Shown
from ntlbg.video.complaints import Listener, listening
from ntlbg.video.index import PacketIndex
from ntlbg.video.open import decoder_of, open_video, picture_stream, reason_of

# Decoders that give nothing out before a key frame, and do not mark every picture that they start from.
_SILENT = ("h264", "hevc", "vp9")
_LATEST = 1 << 62  # ticks; a header may declare an end beyond what 64 bits count

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


class Damage:
    """Stretches of time without a clean frame.

    cause: the first sign. inside: whether more than the very end is lost. starts: where groups of packets begin.
    """

    def __init__(self, index: PacketIndex) -> None:
        self.cause = ""
        self.inside = False
        self.lost: set[int] = set()  # groups
        self._index = index
        self._holes: list[tuple[int, int]] = []
        self._step = max(1, int(np.median(np.diff(index.shown)))) if index.shown.size > 1 else 1
        self.starts = [0, *(np.flatnonzero(index.keys[1:]) + 1).tolist()]
        self.end = min(_LATEST, index.origin + round((index.end_s + max(index.missing_s, 0.0)) / index.tick_s))
        self.end = max(self.end, int(index.shown[-1]) + 1)

    def group_of(self, position: int) -> int:
        return int(np.searchsorted(self.starts, position, "right")) - 1

    def packets(self, group: int) -> range:
        following = (*self.starts, self._index.pts.size)[group + 1]
        return range(self.starts[group], following)

    def _begins(self, group: int) -> int:
        """When the first of a group's packets is shown; where none has a time, when the frame before it was."""
        packets = self.packets(group)
        shown = self._index.pts[packets][~self._index.hidden[packets]]
        if shown.size:
            return int(shown.min())
        earlier = self._index.pts[: packets.start][~self._index.hidden[: packets.start]]
        return int(earlier.max()) if earlier.size else self._index.origin

    def packet(self, position: int, sign: str) -> None:
        """A packet shows damage: its group is lost. Nothing refers to the last packet: of the file's end, it alone."""
        if position == self._index.pts.size - 1 and not self._index.hidden[position]:
            self.frame(int(self._index.pts[position]), sign)
        else:
            self.group(self.group_of(position), sign)

    def group(self, group: int, sign: str) -> None:
        if group in self.lost:
            return
        self.lost.add(group)
        self.inside = True
        following = group + 1 < len(self.starts)
        # the pictures before the next key frame look back into this group
        until = int(self._index.pts[self.starts[group + 1]]) if following else self.end
        self.stretch(self._begins(group), until, sign)

    def gap(self, position: int, sign: str) -> None:
        """Packets are missing before a position, and with them perhaps the pictures before the next key frame."""
        total = self._index.pts.size
        for group in sorted({self.group_of(max(position - 1, 0)), self.group_of(min(position, total - 1))}):
            # what is missing before a key frame belongs to the group before it
            if group != self.group_of(position) or not self._index.keys[position]:
                self.group(group, sign)
                begins = self._begins(group)
                earlier = self._index.shown[: np.searchsorted(self._index.shown, begins)]
                if earlier.size:
                    self.stretch(int(earlier[-1]) + self._step, begins, sign)

    def open_end(self) -> None:
        """The file may end between pictures that belong together.

        Where frames are reordered, a gap beside the last packet's frame is where those after it would have been.
        """
        pts, shown = self._index.pts, self._index.shown
        if self._index.hidden[-1] or np.all(np.diff(pts) > 0):
            return
        at = int(np.searchsorted(shown, pts[-1]))
        for before, after in zip(
            shown[max(at - 1, 0) : at + 1].tolist(), shown[max(at - 1, 0) + 1 : at + 2].tolist(), strict=False
        ):
            if after - before > 1.5 * self._step:
                self.stretch(before + self._step, after, "ends early")

    def frame(self, ticks: int, sign: str) -> None:
        """One frame is lost, up to the next."""
        later = self._index.shown[np.searchsorted(self._index.shown, ticks, "right") :]
        self.stretch(ticks, int(later[0]) if later.size else self.end, sign)

    def everything(self, sign: str) -> None:
        self.inside = True
        self.stretch(self._index.origin, self.end, sign)

    def stretch(self, begins: int, ends: int, sign: str) -> None:
        self.cause = self.cause or sign
        if begins < ends:
            self._holes.append((begins, ends))

    def holes(self) -> Array:
        """[h, 2] ticks, merged and in order."""
        merged: list[list[int]] = []
        for begins, ends in sorted(self._holes):
            if merged and begins <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], ends)
            else:
                merged.append([begins, ends])
        return np.array(merged, dtype=np.int64).reshape(-1, 2)

    def covers(self, ticks: Array) -> Array:
        """Which ticks lie in a hole: bool [n]."""
        holes = self.holes()
        if not len(holes):
            return np.zeros(len(ticks), dtype=bool)
        latest = np.searchsorted(holes[:, 0], ticks, "right") - 1
        return (latest >= 0) & (ticks < holes[latest, 1])


def damage_of(index: PacketIndex) -> Damage:
    """What the packets alone show."""
    damage = Damage(index)
    total = index.pts.size
    if 0 in index.lost:
        damage.inside = True
        damage.stretch(index.origin, int(index.shown[0]), "packets are missing")
    if index.timed:
        _note_packets(index, damage)
    partial = index.damaged[-1] and index.missing_s > index.last_length * index.tick_s
    early = total in index.lost or index.cut or index.truncated or partial
    if index.timed and (early or index.zero is None):
        damage.open_end()
    if early:
        damage.stretch(min(damage.end, index.origin + round(index.end_s / index.tick_s)), damage.end, "ends early")
    return damage


def _note_packets(index: PacketIndex, damage: Damage) -> None:
    if index.headless:
        damage.stretch(index.origin, int(index.shown[0]), "does not begin with a key frame")
        damage.group(0, "does not begin with a key frame")
    for position in np.flatnonzero(index.damaged).tolist():
        damage.packet(position, "a packet is incomplete or overwritten")
    for position in index.lost:
        if 0 < position < index.pts.size:
            damage.gap(position, "packets are missing")


def salvage(clip: Clip, moments_s: Array, size: tuple[int, int]) -> tuple[Iterator[Shown], Damage]:
    """Frames on screen at the moments, some of which may turn out to lie in a hole, and the damage.

    The damage is complete when the frames are exhausted; then those that it covers have to be forgotten.
    """
    damage = damage_of(clip.index)
    return _shown(clip, moments_s, size, damage), damage


def _shown(clip: Clip, moments_s: Array, size: tuple[int, int], damage: Damage) -> Iterator[Shown]:
    index = clip.index
    if index.timed:
        decoded = _by_time
    elif index.ordered and index.by_order is None:
        decoded = _by_order
    else:
        damage.everything("is damaged, and its packets carry no times of their own")
        return
    targets = plan.in_ticks(moments_s, index.tick_s) + index.origin
    places = np.unique(plan.shown_at(index.shown, targets[targets >= index.shown[0]]))
    wanted = set(index.shown[places].tolist())
    to_pixels = clip.renderer(size)
    last = index.origin - 1
    with listening() as ears, open_video(clip.path) as container:
        stream = picture_stream(container, clip.path)
        for ticks, frame in decoded(_Source(container, stream, ears), index, damage):
            if ticks not in wanted:
                continue
            if ticks <= last:
                damage.everything("frames come out of order")
                return
            wanted.remove(ticks)
            last = ticks
            yield Shown(ticks - index.origin, to_pixels(frame))
    for ticks in sorted(wanted):
        if not damage.covers(np.array([ticks])).any():
            damage.inside = True
            damage.frame(ticks, "a frame does not come out")


class _Source:
    """Packets of an open container, and what a decoder makes of them."""

    def __init__(self, container: InputContainer, stream: VideoStream, ears: Listener) -> None:
        self._packets = (packet for packet in container.demux(stream) if packet.size)
        self._decoder = decoder_of(stream)
        self._ears = ears
        self.codec = stream.codec_context.name

    def next(self) -> av.Packet | None:
        """The next packet; None at the end, and where reading fails."""
        try:
            return next(self._packets, None)
        except MemoryError:
            raise
        except (av.FFmpegError, OSError):
            return None

    def decode(self, packet: av.Packet | None) -> tuple[list[VideoFrame], str]:
        """Frames, and the sign of damage that came with them, if any. None: what the decoder still holds."""
        self._ears.heard()
        try:
            frames = self._decoder.decode(packet)
        except MemoryError:
            raise
        except (av.FFmpegError, OSError) as error:
            return [], self._ears.decoder() or f"a packet does not decode ({reason_of(error)})"
        return frames, self._ears.decoder() or ""

    @property
    def reorders(self) -> bool:
        """Whether frames come out later than their packets go in, as far as the decoder knows."""
        return bool(self._decoder.has_b_frames)

    def emptied(self) -> list[VideoFrame]:
        """What the decoder still holds; it is as new afterwards."""
        frames, _ = self.decode(None)
        self._decoder.flush_buffers()
        return frames


def _by_time(source: _Source, index: PacketIndex, damage: Damage) -> Iterator[tuple[int, VideoFrame]]:
    """(ticks, frame) in the order of display; of groups that are known to be lost, nothing is decoded."""
    anew = True  # the decoder holds nothing
    for group in range(len(damage.starts)):
        span, fresh = damage.packets(group), anew
        key = int(index.pts[span.start])
        for i in span:
            packet = source.next()
            if packet is None or packet.pts != index.pts[i]:
                damage.everything("cannot be read a second time")
                return
            # pictures before the key frame look back over what is lost
            if group in damage.lost or index.damaged[i] or (anew and index.pts[i] < key):
                continue
            frames, sign = source.decode(packet)
            if fresh and frames:
                fresh = False
                if not frames[0].key_frame and source.codec not in _SILENT:
                    sign = sign or "a group does not begin with a key frame"
            if sign:
                damage.packet(i, sign)
            yield from _stamped(frames, damage)
        if group in damage.lost:
            yield from _stamped(source.emptied(), damage)
        anew = group in damage.lost
    frames, sign = source.decode(None)
    if sign:
        damage.group(len(damage.starts) - 1, sign)
    yield from _stamped(frames, damage)


def _stamped(frames: list[VideoFrame], damage: Damage) -> Iterator[tuple[int, VideoFrame]]:
    for frame in frames:
        if frame.pts is None:
            continue
        if not frame.is_corrupt:
            yield frame.pts, frame
        elif not damage.covers(np.array([frame.pts])).any():
            damage.inside = True
            damage.frame(frame.pts, "a frame is marked as damaged")


def _by_order(source: _Source, index: PacketIndex, damage: Damage) -> Iterator[tuple[int, VideoFrame]]:
    """(ticks, frame) where the k-th frame has the k-th time: after damage no frame's place in the row is known."""
    times = index.shown.tolist()
    total = index.pts.size
    lost = (*np.flatnonzero(index.damaged).tolist(), *(max(0, i - 1) for i in index.lost if i < total))
    known, out = min(lost, default=total), 0
    for i in range(total):
        frames: list[VideoFrame] = []
        packet, sign = source.next(), "a packet is incomplete or overwritten"
        if i != known and packet is not None:
            frames, sign = source.decode(packet)
            if len(frames) != 1 and not source.reorders:
                sign = sign or "a packet does not hold one frame"
        if sign or any(frame.is_corrupt for frame in frames):
            # before the last packet, what has come out is whole; before any other, the groups before its own
            whole = out if i == total - 1 else min(out, damage.starts[damage.group_of(i)])
            damage.inside |= i < total - 1
            damage.stretch(times[whole] if whole < len(times) else damage.end, damage.end, sign or "a frame is damaged")
            return
        yield from zip(times[out:], frames, strict=False)
        out += len(frames)
    frames, sign = source.decode(None)
    if sign:
        damage.inside = True
        damage.stretch(times[min(out, len(times) - 1)], damage.end, sign)
        return
    yield from zip(times[out:], frames, strict=False)
