"""What is heard of FFmpeg's log: of real clips, whole and damaged, and of single lines sent through its log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av import logging

from ntlbg.video.complaints import Listener, listening
from tests.video.footage import FOOTAGE


def complaints(path: Path, ask: Callable[[Listener], str | None]) -> tuple[list[str], str]:
    """What `ask` answers after each step of reading and decoding a file, and the last error that was heard."""
    said = []
    with listening() as ears, av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        ears.heard()
        for packet in container.demux(stream):
            said.append(ask(ears))
            try:
                stream.codec_context.decode(packet)
            except av.FFmpegError:
                continue
            finally:
                said.append(ask(ears))
        ears.heard()
        return [line for line in said if line is not None], ears.last


def overwritten(name: str, folder: Path) -> Path:
    """A tenth of the file, from its middle, is noise."""
    data = bytearray(FOOTAGE[name].at(folder).read_bytes())
    size = len(data) // 10
    data[len(data) // 2 : len(data) // 2 + size] = np.random.default_rng(size).bytes(size)
    path = folder / f"overwritten_{name}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name", ["h264_open.mkv", "h264_closed.flv", "h264_closed.ts", "hevc_open.mkv", "vp9.mkv", "mpeg4_no_b.avi"]
)
@pytest.mark.parametrize("ask", [Listener.decoder, Listener.reader])
def test_nothing_is_said_of_a_whole_clip(tmp_path, name: str, ask: Callable[[Listener], str | None]) -> None:
    """A complaint is a sign of damage, so a healthy video gives none."""
    assert complaints(FOOTAGE[name].at(tmp_path), ask)[0] == []


@pytest.mark.parametrize(("name", "codec"), [("h264_closed.flv", "h264"), ("mpeg4_no_b.avi", "mpeg4")])
def test_a_decoder_that_paints_over_damage_is_heard(tmp_path, name: str, codec: str) -> None:
    """Noise in the packets is complained about by the decoder, and kept as the last error after the lines are gone."""
    said, last = complaints(overwritten(name, tmp_path), Listener.decoder)
    assert said
    assert all(line.startswith(f"{codec}: ") for line in said)
    assert last.startswith(f"{codec}: ")


def test_a_reader_that_skips_damage_is_heard_as_reader_only(tmp_path) -> None:
    """Matroska's reader steps over noise: that is no complaint of the decoder, which never saw the packets."""
    path = overwritten("h264_closed.mkv", tmp_path)
    said, _ = complaints(path, Listener.reader)
    assert said
    assert all(line.startswith("matroska,webm: ") for line in said)
    assert complaints(path, Listener.decoder)[0] == []


def test_an_early_end_is_no_skipped_damage(clips) -> None:
    """A cut file shows in its length; what Matroska's reader says of it is remembered, but not as damage."""
    said, last = complaints(clips.cut("h264_b.mkv"), Listener.reader)
    assert said == []
    assert "ended prematurely" in last


@pytest.mark.parametrize(
    ("level", "who", "what", "decoder", "reader"),
    [
        (logging.ERROR, "h264", "never said before", True, False),
        (logging.FATAL, "av1", "never said before", True, False),
        (logging.WARNING, "h264", "never said before", False, False),
        (logging.INFO, "h264", "concealing 51 DC, 51 AC, 51 MV errors in P frame", True, False),
        (logging.INFO, "h264", "not concealing", False, False),
        (logging.ERROR, "h264", "mmco: unref short failure", False, False),
        (logging.ERROR, "h264", "illegal mmco: unref short failure", True, False),
        (logging.ERROR, "hevc", "VPS 0 does not exist", False, False),
        (logging.ERROR, "hevc", "PPS id out of range: 0", True, False),
        (logging.ERROR, "swscaler", "never said before", False, False),
        (logging.ERROR, "flv", "Packet mismatch 1 2 3", False, True),
        (logging.WARNING, "flv", "Packet mismatch 1 2 3", False, False),
        (logging.ERROR, "matroska,webm", "Element exceeds its parent", False, True),
        (logging.ERROR, "matroska,webm", "File ended prematurely", False, False),
    ],
)
def test_lines_that_change_no_picture_are_left_out_by_name(level: int, who: str, what: str, decoder, reader) -> None:
    """Errors count unless they are known to be harmless; below errors, only concealment does."""
    with listening() as ears:
        logging.log(level, who, what + "\n")
        assert ears.decoder() == (f"{who}: {what}" if decoder else None)
        logging.log(level, who, what + "\n")
        assert ears.reader() == (f"{who}: {what}" if reader else None)


def test_the_first_complaint_is_found_among_harmless_lines() -> None:
    """All lines since the last question are looked at, and each question forgets them."""
    with listening() as ears:
        for what in ("VPS 1 does not exist", "first", "second"):
            logging.log(logging.ERROR, "hevc", what)
        assert ears.decoder() == "hevc: first"
        assert ears.decoder() is None
        assert ears.heard() == []
        assert ears.last == "hevc: second"


def test_the_same_complaint_is_heard_of_the_next_file() -> None:
    """FFmpeg's log swallows a line that repeats the one before; here it counts each time."""
    for _ in range(2):
        with listening() as ears:
            logging.log(logging.ERROR, "h264", "the same words")
            logging.log(logging.ERROR, "h264", "the same words")
            assert [what for _, _, what in ears.heard()] == ["the same words"] * 2


def test_a_block_inside_a_block_shares_its_listener() -> None:
    """The inner block's end leaves the outer one listening; a block after both starts with nothing."""
    with listening() as outer:
        with listening() as inner:
            logging.log(logging.ERROR, "h264", "inside")
        assert inner is outer
        logging.log(logging.ERROR, "h264", "outside")
        assert [what for _, _, what in outer.heard()] == ["inside", "outside"]
    with listening() as later:
        assert later is not outer
        assert later.last == ""
        assert later.heard() == []


def test_the_log_is_left_as_it_was() -> None:
    """Level and swallowing of repeats are put back, after an error too."""
    before = None, True
    logging.set_level(None)
    logging.set_skip_repeated(True)
    with listening():
        assert (logging.get_level(), logging.get_skip_repeated()) == (logging.INFO, False) != before
    assert (logging.get_level(), logging.get_skip_repeated()) == before
    with pytest.raises(FileNotFoundError), listening():
        av.open("nowhere.mp4")
    assert (logging.get_level(), logging.get_skip_repeated()) == before
    with listening() as ears:
        logging.log(logging.ERROR, "h264", "after the error")
        assert ears.decoder() == "h264: after the error"


def test_other_threads_are_not_heard() -> None:
    """A complaint about a video that another thread reads says nothing about this one."""
    with listening() as ears:
        other = threading.Thread(target=logging.log, args=(logging.ERROR, "h264", "of another video"))
        other.start()
        other.join()
        assert ears.heard() == []
