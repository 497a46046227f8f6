"""About a hundred small clips whose frames carry their number: every codec, container and trait that videos come with.

Each is really encoded and knows, by how it was made, which number is on screen when. Encoders run on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.decode import Sampling, decode_frames
from tests.video.clips import HEIGHT, WIDTH, X264, barcode, encode, encode_with_program, numbers, program

COUNT, FPS = 60, 12
MS = Fraction(1, 1000)
X265 = "bframes=3:keyint=20:pools=1:frame-threads=1:log-level=none"

Make = Callable[[Path], object]


@dataclass(frozen=True)
class Footage:
    """make: writes the clip to a path. times_s: when each shown frame begins, from the first. first: its number.

    trait: what the clip is there for, a row of the tables.
    """

    name: str
    trait: str
    make: Make
    times_s: tuple[float, ...]
    first: int = 0

    def numbers_at(self, moments_s: Sequence[float] | np.ndarray) -> list[int]:
        """The numbers on screen at the moments, by definition: of the last frame that began; each once."""
        shown = (max(i for i, begins in enumerate(self.times_s) if begins <= t + 1e-6) for t in moments_s)
        return sorted({self.first + i for i in shown})

    def at(self, folder: Path) -> Path:
        """The clip in this folder, made when it is not there yet."""
        path = folder / self.name
        if not path.exists():
            partial_ = folder / f"partial_{self.name}"
            self.make(partial_)
            partial_.rename(path)
        return path


def even(count: int = COUNT, fps: float = FPS) -> tuple[float, ...]:
    return tuple(i / fps for i in range(count))


# dense, then sparse, then dense: average rates say nothing here
VARIABLE_MS = tuple(np.cumsum([0, *[40 if i < 20 or i >= 50 else 250 for i in range(1, COUNT)]]).tolist())
LATE_MS = tuple(100_000 + round(i * 1000 / FPS) for i in range(COUNT))

h264 = {
    "closed": {**X264, "bf": "3", "g": "20", "b-pyramid": "none"},
    "open": {**X264, "bf": "3", "g": "20", "x264-params": "open-gop=1"},
    "pyramid": {**X264, "bf": "4", "g": "20", "b-pyramid": "normal", "b_strategy": "0"},
    "intra_refresh": {**X264, "bf": "0", "g": "12", "intra-refresh": "1"},
    "no_b": {**X264, "bf": "0", "g": "20"},
    "all_intra": {**X264, "bf": "0", "g": "1"},
    "one_group": {**X264, "bf": "3", "g": "250"},
    "interlaced": {**X264, "bf": "2", "g": "20", "x264-params": "interlaced=1"},
    "slices": {**X264, "bf": "2", "g": "20", "x264-params": "slices=4"},
}
hevc = {
    "closed": X265 + ":open-gop=0:b-pyramid=0",
    "open": X265,
    "pyramid": X265 + ":open-gop=0:bframes=4:b-adapt=0",
    "layers": X265 + ":open-gop=0:temporal-layers=3",
}
vp9 = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10", "g": "20"}
av1 = {"preset": "12", "svtav1-params": "lp=1", "g": "20"}
mpeg = {"bf": "2", "g": "12", "qscale": "4", "flags": "+qscale"}


def _catalogue() -> list[Footage]:
    made: list[Footage] = []

    def add(name: str, trait: str, make: Make, times: Sequence[float] = even(), first: int = 0) -> None:
        made.append(Footage(name, trait, make, tuple(times), first))

    def pyav(name: str, trait: str, codec: str, shown: Sequence[float] = even(), **how: Any) -> None:
        add(name, trait, partial(encode, codec=codec, **{"count": len(shown), **how}), shown)

    def x264(name: str, trait: str, kind: str = "closed", shown: Sequence[float] = even(), **how: Any) -> None:
        pyav(name, trait, "libx264", shown, options=h264[kind], **how)

    def x265(name: str, trait: str, kind: str = "closed", shown: Sequence[float] = even(), **how: Any) -> None:
        options = {"preset": "ultrafast", "x265-params": hevc[kind]}
        pyav(name, trait, "libx265", shown, options=options, **how)

    def tool(name: str, trait: str, *options: str, fps: int = FPS) -> None:
        add(name, trait, partial(_tool, options=options, fps=fps), even(fps=fps))

    fragmented = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

    # H.264
    for kind in h264:
        x264(f"h264_{kind}.mp4", f"H.264, {kind.replace('_', ' ')}", kind)
    for kind, suffixes in {
        "closed": ("mov", "mkv", "ts", "flv", "avi", "mpg"),
        "open": ("mkv", "mov", "ts", "mpg"),
        "pyramid": ("mkv", "avi", "ts", "flv"),
        "intra_refresh": ("mkv", "ts"),
        "no_b": ("avi", "flv"),
        "interlaced": ("mkv", "ts"),
    }.items():
        for suffix in suffixes:
            x264(f"h264_{kind}.{suffix}", f"H.264, {kind.replace('_', ' ')}", kind)
    for kind in ("closed", "open", "pyramid"):
        x264(f"h264_{kind}_fragmented.mp4", "fragmented mp4", kind, muxer=fragmented)
    # HEVC
    for kind, suffixes in {
        "closed": ("mp4", "ts"),
        "open": ("mp4", "mkv", "mov", "ts"),
        "pyramid": ("mp4", "mkv", "flv"),
        "layers": ("mkv",),
    }.items():
        for suffix in suffixes:
            x265(f"hevc_{kind}.{suffix}", f"HEVC, {kind}", kind)
    x265("hevc_open_fragmented.mp4", "fragmented mp4", "open", muxer=fragmented)
    # VP8, VP9, AV1
    vp8 = ("-c:v", "libvpx", "-b:v", "400k", "-deadline", "good", "-cpu-used", "5", "-g", "20", "-f", "matroska")
    tool("vp8.webm", "VP8", *vp8[:-1], "webm")
    for suffix, muxer in (("webm", "webm"), ("mkv", "matroska")):
        hidden = ("-auto-alt-ref", "1", "-lag-in-frames", "12", "-f", muxer)
        add(f"vp8_hidden.{suffix}", "VP8, hidden frames", partial(_two_passes, options=(*vp8[:-2], *hidden)))
    for suffix in ("webm", "mkv", "mp4"):
        pyav(f"vp9.{suffix}", "VP9", "libvpx-vp9", options=vp9)
        pyav(f"av1.{suffix}", "AV1", "libsvtav1", options=av1)
    pyav("vp9_fragmented.mp4", "fragmented mp4", "libvpx-vp9", options=vp9, muxer=fragmented)
    pyav("av1_fragmented.mp4", "fragmented mp4", "libsvtav1", options=av1, muxer=fragmented)
    # MPEG-1, -2, -4, MJPEG and what old files hold
    for suffix in ("mpg", "ts", "mkv"):
        pyav(f"mpeg1.{suffix}", "MPEG-1", "mpeg1video", even(fps=25), fps=25, options=mpeg)
    for suffix in ("mpg", "ts", "mkv", "mp4", "avi"):
        pyav(f"mpeg2_open.{suffix}", "MPEG-2, open", "mpeg2video", even(fps=25), fps=25, options=mpeg)
    for suffix in ("mpg", "ts"):
        closed = {**mpeg, "flags": "+cgop+qscale", "sc_threshold": "1000000000"}
        pyav(f"mpeg2_closed.{suffix}", "MPEG-2, closed", "mpeg2video", even(fps=25), fps=25, options=closed)
    for suffix in ("avi", "mp4", "mov", "mkv", "ts"):
        pyav(f"mpeg4_b.{suffix}", "MPEG-4, B-frames", "mpeg4", options=mpeg)
    pyav("mpeg4_no_b.avi", "MPEG-4", "mpeg4", options={**mpeg, "bf": "0"})
    # this encoder packs P and B into one chunk, repeats the first frame for one step and keeps the last to itself
    packed = partial(_tool, options=("-c:v", "libxvid", "-bf", "2", "-q:v", "4", "-f", "avi"), fps=FPS)
    add("mpeg4_packed.avi", "MPEG-4, packed B-frames", packed, [0.0, *(i / FPS for i in range(2, COUNT))])
    for suffix in ("avi", "mov", "mkv", "mp4"):
        pyav(f"mjpeg.{suffix}", "MJPEG", "mjpeg", pix_fmt="yuvj420p", options={"qscale": "3", "flags": "+qscale"})
    pyav("flv1.flv", "Sorenson H.263", "flv", options={"qscale": "3", "flags": "+qscale"})
    # clocks
    variable = tuple(ms / 1000 for ms in VARIABLE_MS)
    for suffix in ("mp4", "mkv", "mov", "ts", "flv"):
        x264(f"variable.{suffix}", "variable frame rate", "pyramid", variable, times=VARIABLE_MS, clock=MS)
    pyav("variable.webm", "variable frame rate", "libvpx-vp9", variable, options=vp9, times=VARIABLE_MS, clock=MS)
    x265("variable_hevc.mp4", "variable frame rate", "open", variable, times=VARIABLE_MS, clock=MS)
    plain = {**mpeg, "bf": "0"}
    holes = [i + 20 * (i >= 30) for i in range(COUNT)]  # AVI says "as before" with an empty packet
    pyav("variable.avi", "variable frame rate", "mpeg4", [i / FPS for i in holes], options=plain, times=holes)
    for suffix in ("mp4", "mkv", "ts"):
        x264(f"late.{suffix}", "start at 100 s", "pyramid", times=LATE_MS, clock=MS)
    pyav(
        "late.mpg", "start at 100 s", "mpeg2video", even(fps=25), fps=25, options=mpeg, times=range(2500, 2500 + COUNT)
    )
    add("late_sound.mp4", "picture after the sound", partial(_late_picture, muxer={}))
    add("late_sound.mkv", "picture after the sound", partial(_late_picture, muxer={}))
    for name, trait, shift in (
        ("negative.ts", "negative start", ("-output_ts_offset", "-2")),
        ("negative.mkv", "negative start", ("-output_ts_offset", "-0.2")),  # its first packets get no time
        ("no_times.mkv", "no times", ("-output_ts_offset", "-9")),
        ("wrap.ts", "clock that wraps", ("-output_ts_offset", "95441.5", "-mpegts_copyts", "1")),
        ("no_edit_list.mp4", "start after 0", ("-use_editlist", "0")),
    ):
        add(name, trait, partial(_copied, kind="closed", after=("-avoid_negative_ts", "disabled", *shift)))
    x264("ntsc.mp4", "30000/1001", shown=[i * 1.001 / 30 for i in range(COUNT)], fps=Fraction(30_000, 1001))
    x264("slow.mp4", "one frame in 4 s", shown=[4.0 * i for i in range(12)], fps=Fraction(1, 4))
    # edit lists
    for name, kind, suffix in (("h264", "pyramid", "mp4"), ("h264", "closed", "mov"), ("h264_open", "open", "mp4")):
        cut = partial(_copied, kind=kind, before=("-ss", "2.25"))
        add(f"cut_{name}.{suffix}", "edit list", cut, even(COUNT - 27), first=27)
    hidden = partial(_copied, kind="closed", after=("-avoid_negative_ts", "disabled", "-output_ts_offset", "-2"))
    add("negative.mov", "edit list", hidden, even(COUNT - 24), first=24)
    add("cut_end.mp4", "edit list", partial(_ending, seconds=3.0), even(36))
    # pictures
    for degrees in (90, 180, 270):
        for suffix in ("mp4", "mov", "mkv"):
            add(f"turned_{degrees}.{suffix}", "rotation", partial(_turned, degrees=degrees))
        add(f"mirrored_{degrees}.mp4", "rotation", partial(_turned, degrees=degrees, hflip=True))
    odd = {"size": (97, 161), "picture": partial(barcode, height=97, width=161)}
    x264("odd.mp4", "odd size", pix_fmt="yuv444p", **odd)
    pyav("odd.webm", "odd size", "libvpx-vp9", options=vp9, **odd)
    pyav("odd.avi", "odd size", "mpeg4", options=mpeg, **odd)
    pyav("odd.mov", "odd size", "mjpeg", pix_fmt="yuvj420p", options={"qscale": "3", "flags": "+qscale"}, **odd)
    x264("deep.mp4", "10 bits", pix_fmt="yuv420p10le")
    x265("deep_hevc.mkv", "10 bits", pix_fmt="yuv420p10le")
    tool("deep.webm", "10 bits", "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10le", "-cpu-used", "8", "-g", "20")
    pyav("deep_av1.mp4", "10 bits", "libsvtav1", options=av1, pix_fmt="yuv420p10le")
    x264("wide_pixels.mp4", "pixels not square", sar=Fraction(4, 3))
    x264("wide_pixels.mkv", "pixels not square", sar=Fraction(4, 3))
    # one frame
    for suffix in ("mp4", "mkv", "ts", "flv", "avi"):
        x264(f"one.{suffix}", "one frame", shown=[0.0])
    pyav("one.webm", "one frame", "libvpx-vp9", [0.0], options=vp9)
    pyav("one.mpg", "one frame", "mpeg2video", [0.0], fps=25, options=mpeg)
    # beside the picture
    for suffix in ("mp4", "mkv", "mov", "ts", "flv"):
        x264(f"sound.{suffix}", "sound longer than picture", "pyramid", audio_s=9.0)
    add("cover_first.mp4", "cover art", partial(_covered, first=True))
    add("cover_last.mp4", "cover art", partial(_covered, first=False))
    add("cover.mkv", "cover art", _attached)
    return made


def _tool(path: Path, options: Sequence[str], fps: int) -> None:
    encode_with_program(path, *options, count=COUNT, fps=fps)


def _two_passes(path: Path, options: Sequence[str]) -> None:
    log = ("-passlogfile", str(path.with_suffix("")))
    for number in ("1", "2"):
        encode_with_program(path, "-pass", number, *log, *options, count=COUNT, fps=FPS)
    for used in path.parent.glob(f"{path.stem}-*.log"):
        used.unlink()


def _copied(path: Path, kind: str, before: Sequence[str] = (), after: Sequence[str] = ()) -> None:
    """A clip copied packet by packet with options of the input and of the output."""
    whole = encode(path.with_name(f"whole_{path.name}"), count=COUNT, options=h264[kind])
    program(*before, "-i", whole, "-c", "copy", *after, path)
    whole.unlink()


def _ending(path: Path, seconds: float) -> None:
    """An edit list that ends before the frames do: its one entry's duration is made shorter."""
    encode(path, count=COUNT, options=h264["pyramid"])
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 4 + 4 + 4  # name, version and flags, number of entries; durations are in ms here
    data[at : at + 4] = round(seconds * 1000).to_bytes(4, "big")
    path.write_bytes(data)


def _turned(path: Path, degrees: int, hflip: bool = False) -> None:
    def stored(i: int) -> np.ndarray:
        upright = barcode(i)
        return np.rot90(upright[:, ::-1] if hflip else upright, -degrees // 90).copy()

    encode(
        path,
        count=COUNT,
        options=h264["closed"],
        picture=stored,
        size=stored(0).shape[:2],
        turn=lambda stream: stream.set_display_rotation(degrees, hflip=hflip),
    )


def _late_picture(path: Path, muxer: dict[str, str]) -> None:
    encode(path, count=COUNT, options=h264["pyramid"], times=range(24, 24 + COUNT), audio_s=7.0, muxer=muxer)


def _cover(path: Path) -> Path:
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as out:
        art = out.add_stream("mjpeg", rate=1)
        art.width, art.height, art.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(barcode(1023), format="rgb24")
        out.mux(art.encode(frame) + art.encode())
    return path


def _covered(path: Path, first: bool) -> None:
    """first: the cover is told before the film, so that it becomes track 0."""
    cover = _cover(path.with_suffix(".jpg"))
    whole = encode(path.with_name(f"whole_{path.name}"), count=COUNT, options=h264["closed"])
    tracks = ("-map", "0:v", "-map", "1:v", "-c", "copy", "-disposition:v:1", "attached_pic")
    program("-i", whole, "-i", cover, *tracks, path)
    for used in (cover, whole):
        used.unlink()
    if first:
        data = path.read_bytes()
        film, art = data.index(b"trak") - 4, data.index(b"udta", data.index(b"mdia")) - 4
        end = art + int.from_bytes(data[art : art + 4], "big")
        path.write_bytes(data[:film] + data[art:end] + data[film:art] + data[end:])


def _attached(path: Path) -> None:
    cover = _cover(path.with_suffix(".jpg"))
    kind = ("-metadata:s:t", "mimetype=image/jpeg", "-metadata:s:t", "filename=cover.jpg")
    _copied(path, "closed", after=("-attach", str(cover), *kind))
    cover.unlink()


FOOTAGE = {clip.name: clip for clip in _catalogue()}


def check(clip: Footage, path: Path, fps: float, backend: str) -> None:
    """Assert that a backend gives the right numbers, times, count and outcome at this rate."""
    targets = plan.target_times(clip.times_s[-1], fps, 1000)
    got = decode_frames(path, Sampling(fps, 1000, (32, 48)), backend=backend)
    want = clip.numbers_at(targets)
    assert numbers(got.frames) == want
    # Matroska, MPEG-TS and FLV round times; the first frame's own rounding adds to it
    np.testing.assert_allclose(got.timestamps_s, [clip.times_s[i - clip.first] for i in want], atol=0.0011)
    assert got.reading.outcome is DecodeOutcome.OK
    assert got.reading.facts.frame_count == len(clip.times_s)
    assert got.reading.covered_s == pytest.approx(clip.times_s[-1], abs=4.1)
