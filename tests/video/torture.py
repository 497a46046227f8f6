"""Broken and hostile inputs, each with the outcomes that it may end in and what may be kept of it.

The healthy clips behind them carry a number in every frame (see `clips`): 96 frames at 12 per second, a key frame every
12. So what is kept can be judged frame by frame: `judge` says which frames are wrong and which moments went missing
without a word.
"""

from __future__ import annotations

import gzip
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

from ntlbg.video import plan
from tests.video.clips import X264, barcode, encode, numbers

COUNT, FPS = 96, 12
_H264 = {**X264, "bf": "2", "g": "12", "keyint_min": "12"}
_HEVC = "bframes=2:keyint=12:min-keyint=12:open-gop=0:pools=1:frame-threads=1:log-level=none"
_MPEG4 = {"bf": "0", "g": "12", "qscale": "4"}
_VP9 = {"deadline": "realtime", "cpu-used": "8", "g": "12"}

HEALTHY: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "h264.mp4": ("libx264", _H264, {"movflags": "+faststart"}),
    "late_index.mp4": ("libx264", _H264, {}),
    "h264.mkv": ("libx264", _H264, {}),
    "hevc.mov": ("libx265", {"preset": "ultrafast", "x265-params": _HEVC}, {"movflags": "+faststart"}),
    "vp9.webm": ("libvpx-vp9", _VP9, {}),
    "mpeg4.avi": ("mpeg4", _MPEG4, {}),
    "h264.ts": ("libx264", _H264, {}),
    "h264.flv": ("libx264", _H264, {}),
    "mpeg2.ts": (
        "mpeg2video",
        {"bf": "2", "g": "12", "qscale": "4", "flags": "+cgop", "sc_threshold": "1000000000"},
        {},
    ),
}


class Healthy:
    """Healthy clips by name, made when first asked for; by the folder that they are kept in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            codec, options, muxer = HEALTHY[name]
            # MPEG-2 knows few frame rates: its frames are stamped as if they came at 12 per second
            fps = 24 if codec == "mpeg2video" else FPS
            times = [2 * i for i in range(COUNT)] if codec == "mpeg2video" else None
            encode(path, codec, count=COUNT, fps=fps, times=times, clock=Fraction(1, fps), options=options, muxer=muxer)
        return path


class Judged(NamedTuple):
    """wrong: (time, number) of frames that are not those of their time. silent: moments without a frame or a hole."""

    wrong: list[tuple[float, int]]
    silent: list[float]


def judge(
    frames: np.ndarray, times_s: list[float], missing_s: list[list[float]], fps: float, *, late: bool = False
) -> Judged:
    """Compare what was kept of a clip, sampled at `fps`, with the whole clip. frames: uint8 [T, h, w, 3].

    late: it may begin with a later frame than the first; then only its order and its distances are judged.
    """
    found = numbers(frames)
    if late:
        first = found[0] - times_s[0] * FPS
        return Judged([(t, n) for t, n in zip(times_s, found, strict=True) if n != round(first + t * FPS)], [])
    wrong = [(t, n) for t, n in zip(times_s, found, strict=True) if n != round(t * FPS)]
    moments = plan.target_times((COUNT - 1) / FPS, fps, 10_000)
    silent = [
        float(moment)
        for moment in moments
        if int((moment + plan.SLACK_S) * FPS) not in found
        and not any(begins - plan.SLACK_S <= moment < ends for begins, ends in missing_s)
    ]
    return Judged(wrong, silent)


@dataclass(frozen=True)
class World:
    """Where inputs are made. canary: a video that only a followed reference would open; port: one that listens."""

    healthy: Healthy
    folder: Path
    canary: Path
    port: int

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path


@dataclass(frozen=True)
class Torment:
    """One input. make: writes it and returns its name in the table of videos. ends: outcomes that are right.

    cut: its container declares no length, so a piece of it is only a shorter video. beheaded: nor does it tell where it
    begins, so a piece without its start begins later. keeps: of 32 frames, so many at least. other: its pictures or its
    clock are not the standard clip's.
    """

    name: str
    make: Callable[[World], Path | str]
    ends: frozenset[str]
    cut: bool = False
    beheaded: bool = False
    keeps: int = 0
    other: bool = False


def catalogue() -> dict[str, Torment]:
    made: dict[str, Torment] = {}

    def add(name: str, make: Callable[[World], Path | str], *ends: str, **traits: Any) -> None:
        assert name not in made
        made[name] = Torment(name, make, frozenset(ends), **traits)

    for name, special in _SPECIAL.items():
        add(name, special, "open_failed")
    for name, address in _ADDRESSES.items():
        add(name, lambda world, a=address: a.format(canary=world.canary, port=world.port), "open_failed")
    for name, content in _CONTENTS.items():
        add(name, lambda world, n=name, c=content: world.write(f"{n}.mp4", c), "open_failed")
    for name, text in _LISTS.items():
        add(
            name,
            lambda world, n=name, t=text: world.write(
                f"{n}.mp4", t.format(canary=world.canary, name=world.canary.name, port=world.port)
            ),
            "open_failed",
        )
    for name, (make, *ends) in _TRACKS.items():
        add(name, make, *ends, other=True)
    for source in ("h264.mp4", "h264.mkv", "h264.ts"):
        mpeg = source.endswith(".ts")
        for share in (3, 10, 20, 30, 40, 50, 60, 70, 80, 97):
            ends = ("ok", "truncated") if mpeg else ("empty",) if share == 3 else ("truncated",)
            add(f"cut_{share}_{source}", _cut(source, share), *ends, cut=mpeg, keeps=share * 32 // 100 - 2)
    for share in (50, 99):
        add(f"cut_{share}_late_index.mp4", _cut("late_index.mp4", share), "open_failed")
    for source in ("h264.mp4", "h264.mkv", "hevc.mov", "vp9.webm", "mpeg4.avi", "h264.ts", "h264.flv", "mpeg2.ts"):
        keeps = 0 if source == "mpeg4.avi" else 20  # without times, nothing after the damage; here, its first group
        # what lies in the samples of an mp4, or under a checksum, is known to be there
        tail = "corrupt" if source in ("h264.mp4", "h264.mkv", "hevc.mov") else "truncated"
        for what, fill in (("zeros", bytes), ("noise", _noise)):
            add(f"middle_{what}_{source}", _overwritten(source, 0.45, 0.15, fill), "corrupt", keeps=keeps)
            end = _overwritten(source, 0.8, 0.2, fill)
            add(f"tail_{what}_{source}", end, tail, cut=source.endswith(".ts"), keeps=24)
    for source in ("h264.mp4", "h264.mkv", "mpeg4.avi"):
        add(f"head_zeros_{source}", _overwritten(source, 0.0, 0.02, bytes), "open_failed")
    add("head_zeros_h264.ts", _overwritten("h264.ts", 0.0, 0.02, bytes), "corrupt", beheaded=True, keeps=28)
    for source in ("h264.mp4", "h264.mkv", "h264.ts", "h264.flv", "hevc.mov"):
        add(f"lost_reference_{source}", _without(source, lambda n: n == 25), "corrupt", keeps=28)
    for source in ("h264.mp4", "hevc.mov"):
        add(f"lost_first_key_{source}", _without(source, lambda n: n == 0), "corrupt", beheaded=True, keeps=28)
        add(f"lost_key_{source}", _without(source, lambda n: n == 36), "corrupt", keeps=24)
    for name, (source, lie, *ends) in _LIES.items():
        make = lambda world, n=name, s=source, x=lie: _lied(world, n, s, x)  # noqa: E731
        add(f"lie_{name}", make, *ends, other=name.startswith("no_"))
    add("resolution_change.ts", _resolution_change, "ok")
    add("encrypted.mp4", _encrypted, "corrupt")
    add("matroska_in.mp4", lambda world: world.write("matroska_in.mp4", world.healthy["h264.mkv"].read_bytes()), "ok")
    add("list_before_video.mp4", _list_before_video, "ok")
    add("ü ' %03d [a]:b.mp4", lambda w: w.write("ü ' %03d [a]:b.mp4", w.healthy["h264.mp4"].read_bytes()), "ok")
    add("jump_of_20_hours.ts", _jump, "ok", other=True)
    add("bomb_of_zlib.mkv", _zlib_bomb, "corrupt", other=True)
    add("bomb_of_pixels.mp4", _pixel_bomb, "unsupported_codec", other=True)
    return made


# --- names that are no files, and files that are no videos ------------------------------------------------------------


def _fifo(world: World) -> Path:
    os.mkfifo(world.folder / "fifo.mp4")
    return world.folder / "fifo.mp4"


def _directory(world: World) -> Path:
    (world.folder / "directory.mp4").mkdir()
    return world.folder / "directory.mp4"


def _socket(world: World) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(world.folder / "socket.mp4"))
    return world.folder / "socket.mp4"


def _linked(name: str, target: str) -> Callable[[World], Path]:
    def make(world: World) -> Path:
        (world.folder / name).symlink_to(target)
        return world.folder / name

    return make


def _pattern(world: World) -> Path:
    world.write("001.mp4", world.healthy["h264.mp4"].read_bytes())
    return world.folder / "%03d.mp4"


_SPECIAL: dict[str, Callable[[World], Path | str]] = {
    "gone": lambda world: world.folder / "gone.mp4",
    "fifo": _fifo,
    "directory": _directory,
    "socket": _socket,
    "loop": _linked("loop.mp4", "loop.mp4"),
    "dangling": _linked("dangling.mp4", "nowhere.mp4"),
    "device": _linked("device.mp4", "/dev/zero"),
    "terminal": _linked("terminal.mp4", "/dev/tty"),
    "kernel_file": lambda world: "/proc/self/maps",
    "long_name": lambda world: world.folder / f"{'a' * 300}.mp4",
    "nul_in_name": lambda world: f"{world.folder}/nul\0byte.mp4",
    "pattern": _pattern,
    "wildcard": lambda world: world.folder / "*.mp4",
    "no_name": lambda world: "",
}

_ADDRESSES = {
    "http": "http://127.0.0.1:{port}/a.mp4",
    "https": "https://127.0.0.1:{port}/a.mp4",
    "tcp": "tcp://127.0.0.1:{port}",
    "rtsp": "rtsp://127.0.0.1:{port}/a",
    "rtmp": "rtmp://127.0.0.1:{port}/a",
    "ftp": "ftp://127.0.0.1:{port}/a.mp4",
    "file": "file:{canary}",
    "concat": "concat:{canary}|{canary}",
    "subfile": "subfile,,start,0,end,9,,:{canary}",
    "cache": "cache:{canary}",
    "async": "async:{canary}",
    "crypto": "crypto:{canary}",
    "pipe": "pipe:0",
    "descriptor": "fd:0",
    "data_address": "data:video/mp4;base64,AAAA",
    "generator": "lavfi:testsrc",
}


def _noise(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a4944415478da6360000000020001e5"
    "27d4a60000000049454e44ae426082"
)

_CONTENTS: dict[str, bytes | str] = {
    "zero_bytes": b"",
    "one_byte": b"\0",
    "text": "a lecture on desert stars\n" * 200,
    "zeros": bytes(1 << 16),
    "noise": _noise(1 << 17),
    "html": "<!doctype html><video src='file:///etc/passwd'></video>" * 20,
    "ansi_art": "\x1b[31mred\x1b[0m\r\n" * 500,
    "subtitles": "1\n00:00:01,000 --> 00:00:02,000\nhello\n" * 50,
    "png": _PNG,
    "gif": b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;",
    "wave": b"RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\x10\0\0"
    + b"\x80" * 4096,
    "archive": b"PK\3\4" + _noise(4096),
    "packed": gzip.compress(_noise(4096), mtime=0),
    "program": b"\x7fELF\2\1\1" + _noise(4096),
    "pickle": b"\x80\4cposix\nsystem\n(S'true'\ntR.",
    "only_a_brand": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "endless_box": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2\0\0\0\1moov\xff\xff\xff\xff\xff\xff\xff\xff",
    "nested_boxes": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
    + b"".join(struct.pack(">I4s", 8 * (20_000 - i), b"moov" if i == 0 else b"udta") for i in range(20_000)),
    "only_a_header_of_matroska": bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61"),
}

_LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{canary}'\n",
    "ffconcat_beside": "ffconcat version 1.0\nfile {name}\n",
    "ffconcat_address": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.mp4\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls_address": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "hls_of_lists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:{port}/a.m3u8\n",
    "hls_key": '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-KEY:METHOD=AES-128,URI="{canary}"\n#EXTINF:4,\n{canary}\n'
    "#EXT-X-ENDLIST\n",
    "hls_start": '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-MAP:URI="{canary}"\n#EXTINF:4,\n{canary}\n#EXT-X-ENDLIST\n',
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="v" mimeType="video/mp4" bandwidth="1"><BaseURL>{canary}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "asx": "<asx version='3.0'><entry><ref href='http://127.0.0.1:{port}/a.wmv'/></entry></asx>",
    "svg": "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file://{canary}'>]>"
    "<svg xmlns='http://www.w3.org/2000/svg'><image href='{canary}'/>&x;</svg>",
    "vobsub": "# VobSub index file, v7\nsize: 720x576\nid: en, index: 0\ntimestamp: 00:00:01:000, filepos: 000000000\n",
    "script": "#!/bin/sh\ncat {canary}\n",
}


# --- videos without pictures ------------------------------------------------------------------------------------------


def _sound(world: World) -> Path:
    path = world.folder / "sound.mp4"
    with av.open(str(path), "w") as out:
        _silence(out, out.add_stream("aac", rate=16000, layout="mono"))
    return path


def _silence(out: av.container.OutputContainer, track: av.AudioStream) -> None:
    for at in range(0, 16000, 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 16000, at
        out.mux(track.encode(frame))
    out.mux(track.encode())


def _cover(world: World) -> Path:
    path = world.folder / "cover.mp4"
    with av.open(str(path), "w") as out:
        track = out.add_stream("aac", rate=16000, layout="mono")
        art = out.add_stream("mjpeg", rate=1)
        art.width, art.height, art.pix_fmt = 64, 64, "yuvj420p"
        art.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame(64, 64, "yuvj420p")
        picture.pts = 0
        out.mux(art.encode(picture) + art.encode())
        _silence(out, track)
    return path


def _no_picture(world: World) -> Path:
    path = world.folder / "no_picture.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        out.start_encoding()
    return path


def _unknown_codec(world: World) -> Path:
    data = world.healthy["vp9.webm"].read_bytes()
    return world.write("unknown_codec.webm", data.replace(b"V_VP9", b"V_XYZ"))


_TRACKS: dict[str, tuple[Any, ...]] = {
    "sound_alone": (_sound, "no_video"),
    "cover_art": (_cover, "no_video"),
    "no_picture": (_no_picture, "open_failed"),
    "unknown_codec": (_unknown_codec, "unsupported_codec"),
}


# --- damage -----------------------------------------------------------------------------------------------------------


def _cut(source: str, percent: int) -> Callable[[World], Path]:
    def make(world: World) -> Path:
        data = world.healthy[source].read_bytes()
        return world.write(f"cut_{percent}_{source}", data[: len(data) * percent // 100])

    return make


def _overwritten(source: str, at: float, share: float, fill: Callable[[int], bytes]) -> Callable[[World], Path]:
    def make(world: World) -> Path:
        data = bytearray(world.healthy[source].read_bytes())
        start, size = int(at * len(data)), int(share * len(data))
        data[start : start + size] = fill(size)
        return world.write(f"over_{at}_{fill.__name__}_{source}", data)

    return make


def _without(source: str, lost: Callable[[int], bool]) -> Callable[[World], Path]:
    """The clip copied packet by packet, but for some in coding order: the container has no sign of it."""

    def make(world: World) -> Path:
        path = world.folder / f"without_{next(n for n in range(COUNT) if lost(n))}_{source}"
        muxer = {"avoid_negative_ts": "disabled"}
        with av.open(str(world.healthy[source])) as whole, av.open(str(path), "w", options=muxer) as out:
            stream = whole.streams.video[0]
            copy = out.add_stream_from_template(stream)
            for n, packet in enumerate(p for p in whole.demux(stream) if p.size):
                if not lost(n):
                    packet.stream = copy
                    out.mux(packet)
        return path

    return make


# --- headers that lie -------------------------------------------------------------------------------------------------

Lie = Callable[[bytearray], None]


def _lied(world: World, name: str, source: str, lie: Lie) -> Path:
    data = bytearray(world.healthy[source].read_bytes())
    lie(data)
    return world.write(f"lie_{name}.{source.split('.')[1]}", data)


def _after(mark: bytes, skip: int, value: bytes) -> Lie:
    """Overwrite bytes `skip` after the end of a box's or element's name."""

    def lie(data: bytearray) -> None:
        at = data.index(mark) + len(mark) + skip
        data[at : at + len(value)] = value

    return lie


def _all(*lies: Lie) -> Lie:
    def lie(data: bytearray) -> None:
        for one in lies:
            one(data)

    return lie


def _double(value: float) -> bytes:
    return struct.pack(">d", value)


_CLOCK, _LENGTH = b"\x2a\xd7\xb1", b"\x44\x89"  # of Matroska: nanoseconds of a tick, and ticks
_MANY = struct.pack(">I", 2_000_000_000)
_LIES: dict[str, tuple[Any, ...]] = {
    # mdhd: version, created, modified, time scale, duration
    "duration": ("h264.mp4", _after(b"mdhd", 16, struct.pack(">I", 12288 * 8 * 1000)), "ok"),
    "no_clock": ("h264.mp4", _after(b"mdhd", 12, bytes(4)), "ok"),
    # stts and stsz: version, (size,) count
    "count_of_times": ("h264.mp4", _after(b"stts", 8, _MANY), "ok"),
    "count_of_sizes": ("h264.mp4", _after(b"stsz", 8, _MANY), "open_failed"),
    "one_size": ("h264.mp4", _after(b"stsz", 4, _MANY), "empty"),
    "no_time_passes": ("h264.mp4", _after(b"stts", 12, bytes(4)), "corrupt"),
    "chunks_beyond_the_end": ("h264.mp4", _after(b"stco", 8, _MANY), "empty"),
    "giant_picture": ("h264.mp4", _after(b"stsd", 40, b"\xff\xff\xff\xff"), "ok"),
    "edit_beyond_the_end": ("h264.mp4", _after(b"elst", 12, _MANY), "empty"),
    "frames": ("mpeg4.avi", _after(b"avih", 20, struct.pack("<I", 2_000_000_000)), "ok"),
    "length": ("mpeg4.avi", _after(b"strh", 36, struct.pack("<I", 2_000_000_000)), "truncated"),
    "no_rate": ("mpeg4.avi", _after(b"strh", 28, bytes(4)), "ok"),
    "endless": ("h264.mkv", _after(_LENGTH, 1, _double(1e300)), "corrupt"),
    "not_a_length": ("h264.mkv", _after(_LENGTH, 1, _double(float("nan"))), "corrupt"),
    "no_ticks": ("vp9.webm", _after(_CLOCK, 1, bytes(3)), "ok"),
    # more ticks than 64 bits count, of one and of ten nanoseconds
    "no_end_1": ("vp9.webm", _all(_after(_CLOCK, 1, b"\0\0\1"), _after(_LENGTH, 1, _double(1e19))), "truncated"),
    "no_end_10": ("vp9.webm", _all(_after(_CLOCK, 1, b"\0\0\n"), _after(_LENGTH, 1, _double(1e20))), "truncated"),
    "giant_track": ("vp9.webm", _after(b"\xb0", 1, b"\xff"), "ok"),
    "meta_duration": ("h264.flv", _after(b"duration", 1, _double(1e9)), "truncated"),
}


# --- the rest ---------------------------------------------------------------------------------------------------------


def _resolution_change(world: World) -> Path:
    """One track whose pictures double in size half-way, as a broadcast's do."""
    path = world.folder / "resolution_change.ts"
    with av.open(str(path), "w") as out:
        track = out.add_stream("libx264", rate=FPS)
        track.width, track.height, track.pix_fmt, track.options = 160, 96, "yuv420p", dict(_H264)
        for begins, height, width in ((0, 96, 160), (COUNT // 2, 192, 320)):
            encoder: Any = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.options = width, height, "yuv420p", dict(_H264)
            encoder.time_base, encoder.thread_count = Fraction(1, FPS), 1
            for i in (*range(begins, begins + COUNT // 2), None):
                frame = None
                if i is not None:
                    frame = av.VideoFrame.from_ndarray(barcode(i, height, width), format="rgb24")
                    frame.pts, frame.time_base = i, Fraction(1, FPS)
                for packet in encoder.encode(frame):
                    packet.stream, packet.time_base = track, Fraction(1, FPS)
                    out.mux(packet)
    return path


def _encrypted(world: World) -> Path:
    key = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "00" * 15 + "01", "encryption_kid": "00" * 15 + "02"}
    path = world.folder / "encrypted.mp4"
    with av.open(str(world.healthy["h264.mp4"])) as whole, av.open(str(path), "w", options=key) as out:
        copy = out.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return path


def _list_before_video(world: World) -> Path:
    """A box that nobody reads holds a playlist; the offsets behind it move along."""
    text = f"#EXTM3U\n#EXTINF:4,\nhttp://127.0.0.1:{world.port}/a.ts\n{world.canary}\n".encode()
    box = struct.pack(">I4s", 8 + len(text), b"free") + text
    return world.write("list_before_video.mp4", world.healthy["late_index.mp4"].read_bytes() + box)


def _jump(world: World) -> Path:
    times = [i if i < 24 else i + 20 * 3600 * FPS for i in range(48)]
    return encode(world.folder / "jump.ts", count=48, times=times, clock=Fraction(1, FPS), options=_H264)


def _ebml(name: str, content: bytes) -> bytes:
    return bytes.fromhex(name) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _zlib_bomb(world: World) -> Path:
    """Matroska with compressed blocks: each of 9 kilobytes becomes one of 9 megabytes."""
    import zlib

    block = zlib.compress(bytes(9_000_000), 9)
    compression = _ebml("6d80", _ebml("6240", _ebml("5034", _ebml("4254", b"\0"))))
    video = _ebml("e0", _ebml("b0", b"\x02\x80") + _ebml("ba", b"\x01\x68"))
    track = _ebml("d7", b"\1") + _ebml("73c5", b"\1") + _ebml("83", b"\1") + _ebml("86", b"V_VP9") + compression + video
    blocks = b"".join(_ebml("a3", b"\x81" + struct.pack(">h", 80 * i) + b"\x80" + block) for i in range(20))
    segment = _ebml("1549a966", _ebml("2ad7b1", b"\x0f\x42\x40")) + _ebml("1654ae6b", _ebml("ae", track))
    segment += _ebml("1f43b675", _ebml("e7", b"\0") + blocks)
    return world.write("bomb_of_zlib.mkv", _ebml("1a45dfa3", _ebml("4282", b"matroska")) + _ebml("18538067", segment))


def _pixel_bomb(world: World) -> Path:
    """H.264 whose parameter set speaks of 16,000 × 16,000 pixels: 384 megabytes for each picture that is held."""
    bits = "01001101" + "00000000" + "00111110"  # main profile, level 6.2
    for value in (0, 0, 0, 4, 0):  # id, frame count bits, order type, order bits, (references below)
        bits += _golomb(value)
    bits = bits[: -len(_golomb(0))] + _golomb(16) + "0" + _golomb(999) + _golomb(999) + "1" + "1" + "0" + "0" + "1"
    unit = b"\x67" + int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    unit = unit.replace(b"\0\0\0", b"\0\0\3\0")
    data = bytearray(world.healthy["late_index.mp4"].read_bytes())  # what comes after its index needs no new place
    at = data.index(b"avcC") + 4 + 5
    old = int.from_bytes(data[at + 1 : at + 3], "big")
    grown = len(unit) - old
    data[at + 1 : at + 3 + old] = struct.pack(">H", len(unit)) + unit
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1", b"avcC"):
        place = data.index(box, data.index(b"moov")) - 4
        size = int.from_bytes(data[place : place + 4], "big")
        data[place : place + 4] = struct.pack(">I", size + grown)
    return world.write("bomb_of_pixels.mp4", data)


def _golomb(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits
