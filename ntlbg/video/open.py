"""The one safe open. Every container that the project reads is opened here and nowhere else.

Videos are hostile input. A file named .mp4 may be a playlist that names other files, a FIFO that never answers,
or a device; and FFmpeg itself follows `http:`, `concat:`, `subfile:` names. So: the name must lead to a regular
file, FFmpeg gets an absolute path (which it cannot take for a protocol), only the `file` protocol is allowed,
and only self-contained containers are: no playlists, no image sequences, no text.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# A picture larger than any that is filmed (8K, and stereo for headsets, are below) is a trap: 16,000 × 16,000 grey
# pixels are a few bytes in the file and a gigabyte in a decoder. FFmpeg looks at it before it asks for memory.
MAX_PIXELS = 1 << 26

OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv",
    "max_pixels": str(MAX_PIXELS),
}

_PROTOCOL = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]*:")

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def regular_file(path: str | Path) -> os.stat_result:
    """The status of a regular, non-empty file (links are followed); VideoError with OPEN_FAILED otherwise."""
    try:
        status = os.stat(path)  # noqa: PTH116 (Path would fold `http://` into `http:/` in messages)
    except FileNotFoundError:
        if _PROTOCOL.match(str(path)):
            raise VideoError(
                f"{path}: is an address, not a file",
                DecodeOutcome.OPEN_FAILED,
                hint="videos are read from local files only; download it first",
            ) from None
        raise VideoError(f"{path}: no such file", DecodeOutcome.OPEN_FAILED) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoError(f"{path!s}: cannot be read ({reason.lower()})", DecodeOutcome.OPEN_FAILED) from None
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise VideoError(f"{path}: is {kind}, not a regular file", DecodeOutcome.OPEN_FAILED)
    if status.st_size == 0:
        raise VideoError(f"{path}: is empty (0 bytes)", DecodeOutcome.OPEN_FAILED)
    return status


@contextmanager
def open_video(path: str | Path) -> Iterator[InputContainer]:
    """An open container for the block.

    Raises VideoError (OPEN_FAILED) for what is missing, not a regular file, or no container that we allow.
    """
    regular_file(path)
    try:
        container = av.open(os.path.abspath(path), mode="r", options=dict(OPTIONS))  # noqa: PTH100
    except MemoryError:
        raise
    except (av.FFmpegError, OSError, ValueError, UnicodeError) as error:
        raise VideoError(
            f"{path}: is no video file that can be opened ({reason_of(error)})",
            DecodeOutcome.OPEN_FAILED,
            hint="allowed containers: mp4, mov, mkv, webm, avi, ts, mpeg, flv",
        ) from None
    with container:
        yield container


def picture_stream(container: InputContainer, path: str | Path) -> VideoStream:
    """The picture track: cover art and thumbnails do not count; the default track wins, then the first.

    It decodes on one thread: parallelism is over videos. Raises VideoError (NO_VIDEO, UNSUPPORTED_CODEC).
    """
    from av.stream import Disposition

    art = Disposition.attached_pic | Disposition.timed_thumbnails
    tracks = [s for s in container.streams.video if not s.disposition & art]
    if not tracks:
        detail = "only cover art" if container.streams.video else "no picture track"
        raise VideoError(f"{path}: has {detail}", DecodeOutcome.NO_VIDEO)
    stream = next((s for s in tracks if s.disposition & Disposition.default), tracks[0])
    if stream.codec_context is None:
        raise VideoError(f"{path}: its video codec is not supported by this FFmpeg", DecodeOutcome.UNSUPPORTED_CODEC)
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise VideoError(
            f"{path}: its pictures of {width} × {height} pixels are larger than any that are read here",
            DecodeOutcome.UNSUPPORTED_CODEC,
        )
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def decoder_of(stream: VideoStream) -> VideoCodecContext:
    """The decoder for a picture track that notices most damage, on one thread. Pixels are equal whichever it is.

    FFmpeg's own VP9 decoder takes any bytes for pictures; libvpx finds packets that end too early or too late. What it
    yields carries no display matrix: that stays with the stream. dav1d looks at what follows a picture when asked to.
    """
    native = stream.codec_context
    if native.name == "libdav1d":
        native.options = {**native.options, "strict": "1"}
    # this build of libvpx reads 8 bits with halved colour only
    if native.name != "vp9" or native.pix_fmt != "yuv420p" or "libvpx-vp9" not in av.codecs_available:
        return native
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    decoder.thread_count = 1
    decoder.options = dict(native.options)
    decoder.extradata = native.extradata
    for told in ("color_range", "colorspace", "color_primaries", "color_trc"):
        setattr(decoder, told, getattr(native, told))
    return decoder


def reason_of(error: Exception) -> str:
    """What FFmpeg or the system says, without numbers and paths: equal on every machine."""
    text = getattr(error, "strerror", None) or str(error).partition(":")[0] or type(error).__name__
    return text[:1].lower() + text[1:]
