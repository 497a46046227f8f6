"""What a damaged video still has. The clips have 96 frames at 12 per second, and a key frame every second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from ntlbg.video.backends.contract import Clip
from ntlbg.video.salvage import Damage, damage_of, salvage
from tests.video.clips import read_barcode
from tests.video.conftest import Clips
from tests.video.torture import COUNT, FPS, Healthy

SIZE = (32, 48)
EVERY = np.arange(COUNT) / FPS


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    return Healthy(tmp_path_factory.mktemp("healthy"))


class Salvaged(NamedTuple):
    """kept: number of each kept frame by its place in the whole clip, as its time says. holes: [from, to] places."""

    kept: dict[int, int]
    holes: list[list[float]]
    damage: Damage


def salvaged(path: Path, moments_s: np.ndarray = EVERY) -> Salvaged:
    clip = Clip.open(path)
    index = clip.index
    frames, damage = salvage(clip, moments_s, SIZE)
    shown = list(frames)
    hidden = damage.covers(np.array([s.ticks for s in shown], dtype=np.int64) + index.origin)
    kept = {
        round(s.ticks * index.tick_s * FPS): read_barcode(s.pixels)
        for s, lost in zip(shown, hidden, strict=True)
        if not lost
    }
    holes = (damage.holes() - index.origin) * index.tick_s * FPS
    return Salvaged(kept, holes.round(1).tolist(), damage)


def own(*spans: range) -> dict[int, int]:
    """Each frame of the spans with its own number."""
    return {i: i for span in spans for i in span}


def overwritten(source: Path, folder: Path, packets: range, share: float = 0.0) -> Path:
    """A copy where zeros stand in place of some packets, in coding order, from `share` of the first one on."""
    with av.open(str(source)) as container:
        found = [p for p in container.demux(video=0) if p.size][packets.start : packets.stop]
        first, last = found[0], found[-1]
        assert first.pos is not None
        assert last.pos is not None
        start, end = first.pos + int(share * first.size), last.pos + last.size
    data = bytearray(source.read_bytes())
    data[start:end] = bytes(end - start)
    path = folder / source.name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "h264.ts", "mpeg4.avi", "vp9.webm"])
def test_a_sound_clip_has_no_holes(healthy: Healthy, name: str) -> None:
    """Every frame comes with its number at its time, and nothing is said to be damaged."""
    kept, holes, damage = salvaged(healthy[name])
    assert kept == own(range(COUNT))
    assert holes == []
    assert (damage.cause, damage.inside, damage.lost) == ("", False, set())


def test_an_end_beyond_all_ticks_is_a_hole_up_to_the_last_tick(healthy: Healthy) -> None:
    """A header may declare more ticks than 64 bits count: the frames stay, and the rest is missing."""
    index = replace(Clip.open(healthy["vp9.webm"]).index, missing_s=9e18)
    damage = damage_of(index)
    ((begins, ends),) = damage.holes().tolist()
    assert (begins, ends) == (int(index.shown[-1]) + index.last_length, 1 << 62)
    assert (damage.cause, damage.inside) == ("ends early", False)


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mov"])
@pytest.mark.parametrize("group", [0, 4, 7])
def test_an_overwritten_packet_costs_exactly_its_group(healthy: Healthy, tmp_path: Path, name: str, group: int) -> None:
    """The hole is the second between two key frames, the first and the last one too; all other frames are right."""
    key = 12 * group
    kept, holes, damage = salvaged(overwritten(healthy[name], tmp_path, range(key + 5, key + 6)))
    assert holes == [[key, key + 12]]
    assert kept == own(range(key), range(key + 12, COUNT))
    assert damage.inside
    assert damage.lost == {group}


@pytest.mark.parametrize("name", ["h264.mkv", "h264.ts", "h264.flv", "vp9.webm"])
def test_an_overwritten_middle_is_one_hole_with_right_frames_on_both_sides(
    healthy: Healthy, tmp_path: Path, name: str
) -> None:
    """The hole holds every overwritten picture; each frame outside it comes, and is the right one."""
    kept, holes, damage = salvaged(overwritten(healthy[name], tmp_path, range(40, 52)))
    ((begins, ends),) = holes
    assert 0 < begins <= 40
    assert 52 <= ends < COUNT
    assert kept == own(range(round(begins)), range(round(ends), COUNT))
    assert damage.inside


def test_what_only_the_decoder_sees_is_found_while_reading(healthy: Healthy, tmp_path: Path) -> None:
    """A packet whose end alone is overwritten looks whole: the damage is complete when the frames are exhausted."""
    path = overwritten(healthy["h264.mp4"], tmp_path, range(48, 49), share=0.5)
    assert damage_of(Clip.open(path).index).cause == ""
    kept, holes, damage = salvaged(path)
    assert damage.cause
    assert holes == [[48, 60]]
    assert kept == own(range(48), range(60, COUNT))


def test_pictures_that_look_back_over_a_hole_are_in_it(clips: Clips, tmp_path: Path) -> None:
    """Open groups: what is shown before the next key frame leans on the lost group, so the hole ends at that frame."""
    index = Clip.open(clips["hevc_open.mkv"]).index
    first, key = np.flatnonzero(index.keys)[:2]
    leading = index.pts[key:] < index.pts[key]
    assert leading.any()  # else this clip shows nothing
    path = overwritten(clips["hevc_open.mkv"], tmp_path, range(int(first) + 3, int(first) + 4))
    kept, _, damage = salvaged(path, np.arange(48) / FPS)
    assert damage.holes()[0, 0] == index.pts[first]
    assert damage.holes()[0, 1] in index.pts[index.keys]
    begins = int(np.searchsorted(index.shown, damage.holes()[-1, 1]))
    assert kept == own(range(begins, 48))


def test_nothing_refers_to_the_last_packet(healthy: Healthy, tmp_path: Path) -> None:
    """Damage at the very end costs one frame, and is no damage inside."""
    last = COUNT - 1
    index = Clip.open(healthy["h264.mp4"]).index
    place = int(np.searchsorted(index.shown, index.pts[last]))
    kept, holes, damage = salvaged(overwritten(healthy["h264.mp4"], tmp_path, range(last, COUNT)))
    assert holes == [[place, place + 1]]
    assert kept == own(range(place), range(place + 1, COUNT))
    assert not damage.inside


def test_a_moment_in_a_hole_gets_no_frame(healthy: Healthy, tmp_path: Path) -> None:
    """Nothing is held over a hole: not from its first moment on, not up to its last; the next one has its own frame."""
    path = overwritten(healthy["h264.mp4"], tmp_path, range(53, 54))
    assert salvaged(path, np.array([4.0, 4.5, 4.99])).kept == {}
    assert salvaged(path, np.array([3.99, 4.0, 4.99, 5.0])).kept == {47: 47, 60: 60}


def test_a_cut_clip_ends_in_a_hole(healthy: Healthy, tmp_path: Path) -> None:
    """The groups before the cut are kept, every frame that is given is right, and the rest of the declared length is a
    hole at the end, not damage inside."""
    path = tmp_path / "h264.mp4"
    data = healthy["h264.mp4"].read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    kept, holes, damage = salvaged(path)
    ((begins, ends),) = holes
    assert 40 < begins < 72
    assert ends == COUNT
    assert list(kept) == list(kept.values())
    assert max(kept) < begins
    assert set(range(48)) <= set(kept)
    assert not damage.inside


def test_without_times_nothing_after_the_damage_is_kept(healthy: Healthy, tmp_path: Path) -> None:
    """AVI: what comes out after a fault has no place in the row; the groups before it are kept."""
    kept, holes, damage = salvaged(overwritten(healthy["mpeg4.avi"], tmp_path, range(53, 54)))
    assert holes == [[48, COUNT]]
    assert kept == own(range(48))
    assert damage.inside


def test_missing_packets_cost_their_group_up_to_the_next_key_frame(healthy: Healthy) -> None:
    """Before a key frame, what is missing belongs to the group before it; inside a group, to that one."""
    index = Clip.open(healthy["h264.mp4"]).index
    for position, group in ((36, 2), (41, 3), (1, 0)):
        damage = Damage(index)
        damage.gap(position, "gone")
        assert damage.lost == {group}
        assert damage.holes().tolist() == [[index.shown[12 * group], index.shown[12 * group + 12]]]


def test_stretches_merge_and_end_before_the_next_moment(healthy: Healthy) -> None:
    """Stretches that touch or overlap are one hole, apart they are two; of an empty one only the first cause stays."""
    index = Clip.open(healthy["h264.mp4"]).index
    damage = Damage(index)
    damage.stretch(5, 5, "first")
    assert damage.holes().shape == (0, 2)
    assert not damage.covers(np.array([5])).any()
    for begins, ends in ((40, 50), (10, 20), (20, 30), (12, 15), (25, 35)):
        damage.stretch(begins, ends, "later")
    assert damage.holes().tolist() == [[10, 35], [40, 50]]
    assert damage.covers(np.array([9, 10, 34, 35, 39, 40, 49, 50])).tolist() == [False, True, True, False] * 2
    assert damage.cause == "first"
