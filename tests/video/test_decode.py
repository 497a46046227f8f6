"""Exact frames, whatever the codec and container."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from ntlbg.errors import InputError
from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video import plan
from ntlbg.video.backends import decord_child, pyav_gated
from ntlbg.video.backends.contract import Clip
from ntlbg.video.decode import Sampling, decode_frames, frames_at
from ntlbg.video.errors import BackendError, VideoError
from ntlbg.video.worker import decode_to_folder, lasting, stamp
from tests.video.clips import barcode, encode, numbers
from tests.video.conftest import HEALTHY, VARIABLE_MS, Clips
from tests.video.footage import FOOTAGE

SIZE = (32, 48)


def expected(times: list[float], targets: np.ndarray) -> list[int]:
    """By definition: the last frame that starts at or before each target, each once."""
    shown = [max(i for i, t in enumerate(times) if t <= target + plan.SLACK_S) for target in targets]
    return sorted(set(shown))


@pytest.mark.parametrize("backend", ["auto", "pyav_sequential"])
@pytest.mark.parametrize("fps", [0.31, 1.0, 2.3, 12.0])
@pytest.mark.parametrize("name", HEALTHY)
def test_the_frames_are_those_on_screen_at_the_targets(clips: Clips, name: str, fps: float, backend: str) -> None:
    """Every sampled frame carries the number that its target time asks for, with its true timestamp."""
    times = [i / 12 for i in range(48)]
    want = expected(times, plan.target_times(times[-1], fps, 1000))
    got = decode_frames(clips[name], Sampling(fps, 1000, SIZE), backend=backend)
    assert numbers(got.frames) == want
    np.testing.assert_allclose(got.timestamps_s, [times[i] for i in want], atol=0.0011)
    assert got.reading.outcome is DecodeOutcome.OK
    assert got.reading.facts.frame_count == 48


@pytest.mark.parametrize("name", HEALTHY)
def test_gated_and_sequential_give_the_same_bytes(clips: Clips, name: str) -> None:
    """Leaving packets out changes no pixel and no timestamp."""
    for fps in (0.31, 0.7, 2.3, 5.0):
        a, b = (
            decode_frames(clips[name], Sampling(fps, 1000, (96, 160)), backend=how)
            for how in ("auto", "pyav_sequential")
        )
        assert a.frames.tobytes() == b.frames.tobytes()
        assert a.timestamps_s.tolist() == b.timestamps_s.tolist()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("backend", ["auto", "pyav_sequential"])
def test_variable_frame_rate_is_sampled_by_time(clips: Clips, suffix: str, backend: str) -> None:
    """Targets are seconds, not counts: in the sparse part fewer frames than targets exist, none doubled."""
    times = [ms / 1000 for ms in VARIABLE_MS]
    for fps in (1.0, 2.3, 8.0):
        got = decode_frames(clips.variable(suffix), Sampling(fps, 1000, SIZE), backend=backend)
        want = expected(times, plan.target_times(times[-1], fps, 1000))
        assert numbers(got.frames) == want
        assert np.all(np.diff(got.timestamps_s) > 0)
        np.testing.assert_allclose(got.timestamps_s, [times[i] for i in want], atol=1e-6)


def test_a_late_start_shifts_nothing(clips: Clips) -> None:
    """Timestamps count from the first frame, whatever the file's clock says then."""
    got = decode_frames(clips.late(), Sampling(1.0, 100, SIZE))
    assert got.timestamps_s.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert numbers(got.frames) == [0, 12, 24, 36]
    assert got.reading.facts.start_s == pytest.approx(100.0)
    assert got.reading.facts.duration_s == pytest.approx(4.0, abs=0.1)
    assert got.reading.outcome is DecodeOutcome.OK


def test_the_cap_spreads_over_the_whole_video(clips: Clips) -> None:
    """max_frames keeps the end, not only the first part."""
    got = decode_frames(clips["h264_b.mp4"], Sampling(12.0, 5, SIZE))
    assert numbers(got.frames) == [0, 11, 23, 35, 47]


def test_one_frame(tmp_path) -> None:
    """A video of one frame has one candidate, at 0."""
    path = encode(tmp_path / "one.mp4", count=1)
    got = decode_frames(path, Sampling(1.0, 100, SIZE))
    assert got.timestamps_s.tolist() == [0.0]
    assert numbers(got.frames) == [0]


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("hflip", [False, True])
def test_turned_videos_come_upright(tmp_path, degrees: int, hflip: bool) -> None:
    """The stored picture is turned and mirrored; the display matrix undoes it, at the asked size."""

    def stored(i: int) -> np.ndarray:
        # the inverse of "turn counter-clockwise by `degrees`, then mirror"
        upright = barcode(i)
        return np.rot90(upright[:, ::-1] if hflip else upright, -degrees // 90).copy()

    path = encode(
        tmp_path / "turned.mp4",
        count=14,
        picture=stored,
        size=stored(0).shape[:2],
        turn=lambda stream: stream.set_display_rotation(degrees, hflip=hflip),
    )
    got = decode_frames(path, Sampling(4.0, 100, SIZE))
    assert got.frames.shape[1:] == (32, 48, 3)
    assert numbers(got.frames) == [0, 3, 6, 9, 12]
    assert (got.reading.facts.width, got.reading.facts.height) == (160, 96)


@pytest.mark.parametrize("name", ["h264_b.mkv", "vp9.webm", "hevc_open.mkv"])
@pytest.mark.parametrize("share", [0.4, 0.5, 0.63, 0.8])
def test_a_cut_file_is_truncated_and_keeps_only_right_frames(clips: Clips, name: str, share: float) -> None:
    """What is before the cut is kept with its true times; the last frame is not held over the missing part."""
    for backend in ("auto", "pyav_sequential"):
        got = decode_frames(clips.cut(name, share), Sampling(6.0, 100, SIZE), backend=backend)
        assert got.reading.outcome is DecodeOutcome.TRUNCATED
        assert got.reading.covered_s < 3.6
        assert got.reading.facts.duration_s == pytest.approx(4.0, abs=0.1)
        assert got.timestamps_s[-1] <= got.reading.covered_s
        seen = numbers(got.frames)
        assert seen == [round(t * 12) for t in got.timestamps_s]
        assert "before the end" in got.reading.detail


def test_a_short_picture_track_beside_longer_sound_is_whole(tmp_path) -> None:
    """Sound may go on after the last picture; that is no cut."""
    path = encode(tmp_path / "sound.mkv", count=24, audio_s=6.0)
    assert decode_frames(path, Sampling(1.0, 100, SIZE)).reading.outcome is DecodeOutcome.OK


def test_overwritten_packets_are_corrupt(clips: Clips, tmp_path) -> None:
    """Garbage never passes for content: its group is a hole, the frames of the other groups are kept."""
    data = bytearray(clips["h264_b.mp4"].read_bytes())
    third = len(data) // 3
    data[third : third + 4000] = np.random.default_rng(1).bytes(4000)
    path = tmp_path / "garbage.mp4"
    path.write_bytes(data)
    for backend in ("auto", "pyav_sequential", "ffmpeg"):
        got = decode_frames(path, Sampling(2.0, 100, SIZE), backend=backend)
        assert got.reading.outcome is DecodeOutcome.CORRUPT
        assert "is damaged" in got.reading.detail
        assert got.reading.missing_s == [[0.0, pytest.approx(40 / 12)]]
        assert numbers(got.frames) == [42]
        assert got.timestamps_s.tolist() == [3.5]


@pytest.fixture(params=["ffmpeg", "decord"])
def broken_backend(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A backend whose program or package is not there."""
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho no such program >&2; exit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    script = tmp_path / "child.py"
    script.write_text("import sys\nsys.exit('no such program')\n")
    monkeypatch.setattr(decord_child, "__file__", str(script))
    return str(request.param)


@pytest.mark.parametrize("name", ["h264_b.mp4", "hevc_closed.mp4", "vp9.webm"])
def test_a_backend_that_fails_is_not_replaced(clips: Clips, tmp_path: Path, name: str, broken_backend: str) -> None:
    """Nothing else speaks of damage: its own failure is the answer, in memory and in a worker, and does not last."""
    with pytest.raises(BackendError, match=f"the backend `{broken_backend}` does not read it: .*no such program"):
        decode_frames(clips[name], Sampling(2.0, 100, SIZE), backend=broken_backend)
    with pytest.raises(BackendError):
        frames_at(clips[name], [0.0, 1.0], SIZE, backend=broken_backend)
    path = str(clips[name])
    facts = decode_to_folder(path, str(tmp_path), Sampling(2.0, 100, SIZE), broken_backend, stamp(path))
    assert (facts["outcome"], facts["frames"], lasting(facts)) == ("corrupt", 0, False)
    assert "no such program" in facts["detail"]


def test_a_failure_on_packets_without_times_is_not_called_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There PyAV could not tell a group from the next, and keeps nothing; the backend's own words are told."""
    path = FOOTAGE["no_times.mkv"].at(tmp_path)
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with pytest.raises(BackendError, match="exit status 127"):
        decode_frames(path, Sampling(2.0, 100, SIZE), backend="ffmpeg")


@pytest.mark.parametrize(("backend", "name"), [("ffmpeg", "h264_b.mp4"), ("decord", "h264_b.mkv")])
def test_what_is_kept_of_damage_says_who_read_it(clips: Clips, tmp_path: Path, backend: str, name: str) -> None:
    """A named backend gives no clean groups of its own: PyAV's are kept where PyAV sees damage, and the detail says so.
    Of `auto` it says nothing."""
    data = bytearray(clips[name].read_bytes())
    third = len(data) // 3
    data[third : third + 4000] = np.random.default_rng(1).bytes(4000)
    path = tmp_path / name
    path.write_bytes(data)
    named, auto = (decode_frames(path, Sampling(2.0, 100, SIZE), backend=how) for how in (backend, "auto"))
    assert named.reading.outcome is DecodeOutcome.CORRUPT
    assert named.reading.detail == f"{auto.reading.detail}; frames by PyAV, not by the backend `{backend}`"
    assert named.frames.tobytes() == auto.frames.tobytes()


def test_a_refusal_comes_before_what_is_kept_of_damage(clips: Clips, tmp_path: Path) -> None:
    """A backend that would not read the whole file does not pass for the reader of its ruins."""
    path = clips.cut("h264.ts", 0.6)
    data = bytearray(path.read_bytes())
    data[2000:2300] = bytes(300)
    damaged = tmp_path / "damaged.ts"
    damaged.write_bytes(data)
    assert not Clip.open(damaged).index.whole
    with pytest.raises(BackendError, match="trusted with mp4"):
        decode_frames(damaged, Sampling(2.0, 100, SIZE), backend="decord")


@pytest.mark.parametrize("name", ["h264_b.mkv", "hevc_open.mkv", "vp9.webm"])
def test_nothing_is_held_over_a_hole(clips: Clips, tmp_path, name: str) -> None:
    """Matroska readers skip overwritten clusters silently; each moment has its own frame, or none and is in a hole."""
    data = bytearray(clips[name].read_bytes())
    third = len(data) // 3
    hole = len(data) // 4
    data[third : third + hole] = bytes(hole)
    path = tmp_path / name
    path.write_bytes(data)
    for backend in ("auto", "pyav_sequential"):
        got = decode_frames(path, Sampling(4.0, 100, SIZE), backend=backend)
        # the one group of the last is kept up to the damage
        assert got.reading.outcome is (DecodeOutcome.TRUNCATED if name == "vp9.webm" else DecodeOutcome.CORRUPT)
        moments = [t for t in np.arange(0, 4, 0.25) if not any(a <= t < b for a, b in got.reading.missing_s)]
        assert 0 < len(moments) < 16
        assert numbers(got.frames) == [round(t * 12) for t in moments]


def test_a_moment_in_a_hole_has_no_frame(clips: Clips, tmp_path) -> None:
    """Asked for one by one, too: the moment and the cause are named; moments outside the hole have their frame."""
    data = bytearray(clips["h264_b.mp4"].read_bytes())
    data[9000:9400] = bytes(400)
    path = tmp_path / "hole.mp4"
    path.write_bytes(data)
    (hole,) = decode_frames(path, Sampling(2.0, 100, SIZE)).reading.missing_s
    with pytest.raises(InputError, match=rf"hole\.mp4: second {hole[0]:g} lies in a stretch that is damaged"):
        frames_at(path, [hole[0], hole[1]], SIZE)
    assert numbers(frames_at(path, [hole[1]], SIZE)) == [round(hole[1] * 12)]


def test_a_track_without_pictures_is_empty(tmp_path) -> None:
    """A header alone is EMPTY, not a video of zero frames that went well."""
    path = tmp_path / "none.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        out.start_encoding()
    with pytest.raises(VideoError) as caught:
        decode_frames(path, Sampling(1.0, 100, SIZE))
    assert caught.value.outcome in (DecodeOutcome.EMPTY, DecodeOutcome.OPEN_FAILED)


@pytest.mark.parametrize("name", ["h264_b.mp4", "mpeg4_b.avi", "vp9.webm", "h264.ts"])
def test_frames_at_true_timestamps_are_those_very_frames(clips: Clips, name: str) -> None:
    """Any order, repeats allowed; equal to what a full decode gives, byte for byte."""
    full = decode_frames(clips[name], Sampling(12.0, 1000, SIZE), backend="pyav_sequential")
    pick = [40, 3, 3, 17, 0, 47]
    got = frames_at(clips[name], full.timestamps_s[pick], SIZE)
    assert got.tobytes() == full.frames[pick].tobytes()


def test_frames_at_shows_what_is_on_screen_between_timestamps(clips: Clips) -> None:
    """A moment between two frames shows the earlier; the last frame lasts until the end."""
    got = frames_at(clips["h264_b.mp4"], [0.04, 3.95, 3.99], SIZE)
    assert numbers(got) == [0, 47, 47]
    assert frames_at(clips["h264_b.mp4"], [], SIZE).shape == (0, 32, 48, 3)


@pytest.mark.parametrize("moment", [-0.2, 4.2, math.nan])
def test_frames_at_refuses_moments_outside(clips: Clips, moment: float) -> None:
    """No frame is invented for a time that the video does not have."""
    with pytest.raises(InputError, match="outside the video"):
        frames_at(clips["h264_b.mp4"], [1.0, moment], SIZE)


def test_two_readings_are_equal(clips: Clips) -> None:
    """Same file, same bytes out."""
    a, b = (decode_frames(clips["hevc_open.mkv"], Sampling(2.0, 100, SIZE)) for _ in range(2))
    assert a.frames.tobytes() == b.frames.tobytes()


@pytest.mark.parametrize("name", ["h264_pyramid.mp4", "hevc_closed.mp4", "vp9.webm", "vp8.webm", "av1.mkv"])
def test_key_frames_alone_are_decoded_where_they_suffice(tmp_path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame in two seconds, groups of 20 / 12 s: three packets are decoded; the times are the key frames' own."""
    fed = 0
    tried = pyav_gated._tried

    def counting(*arguments: Any) -> list[Any]:
        nonlocal fed
        fed += 1
        return tried(*arguments)

    monkeypatch.setattr(pyav_gated, "_tried", counting)
    path = FOOTAGE[name].at(tmp_path)
    got = decode_frames(path, Sampling(0.5, 100, SIZE, keyframes=True))
    assert numbers(got.frames) == [0, 20, 40]
    np.testing.assert_allclose(got.timestamps_s, [0, 20 / 12, 40 / 12], atol=0.0011)
    assert fed == 6  # each group: its key packet, and the decoder asked for what it holds back
    full = frames_at(path, got.timestamps_s, SIZE, backend="pyav_sequential")
    assert full.tobytes() == got.frames.tobytes()


def test_key_frames_that_lie_too_far_apart_are_not_enough(tmp_path) -> None:
    """A rate that they cannot serve, or a sweep that only looks like key frames: the frames of the moments come."""
    for name in ("h264_pyramid.mp4", "h264_intra_refresh.mp4", "mpeg4_b.avi"):
        path = FOOTAGE[name].at(tmp_path)
        a, b = (decode_frames(path, Sampling(0.7, 100, SIZE, keyframes=k)) for k in (True, False))
        assert a.timestamps_s.tolist() == b.timestamps_s.tolist()


def test_sound_that_goes_on_does_not_lengthen_the_picture(tmp_path) -> None:
    """Matroska declares one length for all tracks; the packets tell the picture's."""
    facts = decode_frames(FOOTAGE["sound.mkv"].at(tmp_path), Sampling(1.0, 100, SIZE)).reading.facts
    assert facts.duration_s == pytest.approx(5.0, abs=0.002)
    assert facts.container_s == pytest.approx(9.0, abs=0.2)
