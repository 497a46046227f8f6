"""The one safe open: nothing but the named regular file is read."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import av
import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.backends.registry import AUTO, BACKENDS
from ntlbg.video.decode import Sampling, decode_frames, frames_at
from ntlbg.video.errors import VideoError
from ntlbg.video.open import open_video, picture_stream
from ntlbg.video.worker import decode_to_folder, frames_file
from tests.video.clips import X264, encode
from tests.video.conftest import Clips


def refused(path: str | Path) -> VideoError:
    with pytest.raises(VideoError) as caught, open_video(path) as container:
        picture_stream(container, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return caught.value


def test_what_is_no_regular_file_is_refused_without_opening(tmp_path: Path) -> None:
    """A FIFO without a writer would hang; a directory, a socket, a device and a loop of links fail clearly."""
    fifo, loop, dead, void = (tmp_path / n for n in ("fifo.mp4", "loop.mp4", "dead.mp4", "void.mp4"))
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    dead.symlink_to(tmp_path / "nowhere")
    void.touch()
    assert "FIFO" in str(refused(fifo))
    assert "directory" in str(refused(tmp_path))
    assert "symbolic links" in str(refused(loop))
    assert "no such file" in str(refused(dead))
    assert "0 bytes" in str(refused(void))
    assert "device" in str(refused("/dev/zero"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.mp4"))
        assert "socket" in str(refused(tmp_path / "s.mp4"))
    assert refused("a\0b.mp4").outcome is DecodeOutcome.OPEN_FAILED


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1:9/a.mp4",
        "concat:a.mp4|b.mp4",
        "subfile,,start,0,end,9,,:a.mp4",
        "file:a.mp4",
        "pipe:0",
        "data:video/mp4;base64,AAAA",
        "lavfi:testsrc",
    ],
)
def test_addresses_never_reach_ffmpeg(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that FFmpeg would take for a protocol is no file here."""
    monkeypatch.setattr(av, "open", lambda *a, **k: pytest.fail("FFmpeg was asked"))
    assert refused(name).outcome is DecodeOutcome.OPEN_FAILED


@pytest.mark.parametrize("name", ["%03d.mp4", "a:b.mp4", "concat:x.mp4", "http:x.mp4", "-i.mp4", "ü ' \".mp4"])
def test_odd_names_of_real_files_open(clips: Clips, tmp_path: Path, name: str, monkeypatch) -> None:
    """A name is only a name: patterns and colons in it mean nothing."""
    shutil.copy(clips["h264_b.mp4"], tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / name, name):
        assert len(decode_frames(path, Sampling(1.0, 10, (32, 48))).frames) == 4


@pytest.mark.parametrize("suffix", [".mp4", ".ffconcat", ".m3u8", ".ts", ".avi"])
def test_playlists_open_nothing_else(clips: Clips, tmp_path: Path, suffix: str) -> None:
    """ffconcat scripts, HLS and DASH lists are refused whatever they are called, though what they name exists."""
    target = clips["h264.ts"].resolve()
    lists = {
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "hls_http": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:4,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{target}</BaseURL></MPD>',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    }
    for name, text in lists.items():
        path = tmp_path / f"{name}{suffix}"
        path.write_text(text)
        assert refused(path).outcome is DecodeOutcome.OPEN_FAILED


def hostile(clips: Clips, folder: Path) -> list[str | Path]:
    """What must never reach a decoder: addresses of a file that exists, and files and other things named .mp4."""
    target = clips["h264.ts"].resolve()
    texts = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:4,\n{target}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{target}</BaseURL></MPD>',
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        "text": "a lecture on desert stars\n" * 200,
        "zero": "",
    }
    for name, text in texts.items():
        (folder / f"{name}.mp4").write_text(text)
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 400)
    (folder / "picture.mp4").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    (folder / "folder.mp4").mkdir()
    os.mkfifo(folder / "fifo.mp4")
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    (folder / "dead.mp4").symlink_to(folder / "nowhere")
    (folder / "device.mp4").symlink_to("/dev/zero")
    schemes = ("file:{}", "concat:{}", "subfile,,start,0,end,999,,:{}", "crypto:{}", "cache:{}")
    addresses = [scheme.format(target) for scheme in schemes]
    return [
        *sorted(folder.glob("*.mp4")),
        "http://127.0.0.1:9/a.mp4",
        "pipe:0",
        "lavfi:testsrc",
        "a\0b.mp4",
        *addresses,
    ]


@pytest.mark.parametrize("backend", [AUTO, *BACKENDS])
def test_no_backend_opens_what_the_safe_open_refuses(
    clips: Clips, tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists, scripts, addresses, text and what is no regular file, whichever is asked for: refused as what they are,
    without a process that could follow them."""
    inputs = hostile(clips, tmp_path)
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a decoder was started"))
    for path in inputs:
        for read in (decode_frames, frames_at):
            arguments = (Sampling(1.0, 9, (32, 64)),) if read is decode_frames else ([0.0], (32, 64))
            with pytest.raises(VideoError) as caught:
                read(path, *arguments, backend=backend)
            assert caught.value.outcome is DecodeOutcome.OPEN_FAILED, path
    assert len(inputs) == 22


@pytest.mark.parametrize("backend", [AUTO, *BACKENDS])
def test_hostile_inputs_end_in_a_worker_as_they_do_here(clips: Clips, tmp_path: Path, backend: str) -> None:
    """As facts, with a sentence and no frames; the file of frames is not there."""
    (tmp_path / "out").mkdir()
    for path in map(str, hostile(clips, tmp_path)):
        facts = decode_to_folder(path, str(tmp_path / "out"), Sampling(1.0, 9, (32, 64)), backend, (0, 0))
        assert (facts["outcome"], facts["frames"]) == ("open_failed", 0), path
        assert facts["detail"]
        assert not (tmp_path / "out" / frames_file("raw")).exists()


def test_text_noise_and_images_are_no_videos(tmp_path: Path) -> None:
    """FFmpeg renders ANSI text and single images as video; here they are refused."""
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / "picture.mp4")
    (tmp_path / "text.mp4").write_text("a lecture on desert stars\n" * 200)
    (tmp_path / "ansi.avi").write_bytes(b"\x1b[31mred\x1b[0m\r\n" * 200)
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 400)
    for name in ("picture.mp4", "text.mp4", "ansi.avi", "noise.mp4"):
        refused(tmp_path / name)


def test_an_mp4_without_its_index_is_refused(clips: Clips) -> None:
    """The index of an mp4 is at its end here: half a file cannot be opened."""
    assert refused(clips.cut("h264_b.mp4", 0.5)).outcome is DecodeOutcome.OPEN_FAILED


def test_sound_and_cover_art_are_no_video(tmp_path: Path) -> None:
    """NO_VIDEO: there is no picture track, or only a picture glued to music."""
    sound = tmp_path / "sound.mp4"
    with av.open(str(sound), "w") as out:
        _silence(out, out.add_stream("aac", rate=16000, layout="mono"))
    assert refused(sound).outcome is DecodeOutcome.NO_VIDEO

    cover = tmp_path / "cover.m4a"
    with av.open(str(cover), "w", format="mp4") as out:
        track = out.add_stream("aac", rate=16000, layout="mono")
        art = out.add_stream("mjpeg", rate=1)
        art.width, art.height, art.pix_fmt = 64, 64, "yuvj420p"
        art.disposition = av.stream.Disposition.attached_pic
        picture = av.VideoFrame(64, 64, "yuvj420p")
        picture.pts = 0
        packets = art.encode(picture) + art.encode()
        out.mux(packets)
        _silence(out, track)
    error = refused(cover)
    assert error.outcome is DecodeOutcome.NO_VIDEO
    assert "cover art" in str(error)


def _silence(out: av.container.OutputContainer, track: av.AudioStream) -> None:
    import numpy as np

    for at in range(0, 16000, 1024):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 16000, at
        out.mux(track.encode(frame))
    out.mux(track.encode())


def test_an_unknown_codec_is_named_as_such(clips: Clips, tmp_path: Path) -> None:
    """UNSUPPORTED_CODEC: the container opens, the codec inside is none that we have."""
    data = clips["h264_b.mkv"].read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ")
    path = tmp_path / "unknown.mkv"
    path.write_bytes(data)
    assert refused(path).outcome is DecodeOutcome.UNSUPPORTED_CODEC


def test_sentences_hold_no_machine(tmp_path: Path) -> None:
    """A relative path stays relative in messages: reports are equal on two clones."""
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        Path("x.mp4").write_text("no video at all")
        assert str(tmp_path) not in str(refused("x.mp4"))
    finally:
        os.chdir(here)


def test_a_second_sound_track_does_not_matter(tmp_path: Path) -> None:
    """The picture track is found beside sound."""
    path = encode(tmp_path / "both.mp4", count=12, audio_s=1.0, options=dict(X264))
    with open_video(path) as container:
        assert picture_stream(container, path).type == "video"
