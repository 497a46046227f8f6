"""Splits share nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from ntlbg.corpus.encode import encode
from ntlbg.corpus.manifest import VideoFile
from ntlbg.corpus.planted import plan_video
from ntlbg.corpus.scenes import Renderer
from ntlbg.corpus.splits import NEAR, check, moments, near_duplicates, signature
from ntlbg.errors import InputError

VIDEO = VideoFile("a", "own", "train", "a.mp4", 3, "abc", "mp4", "")


def looks(index: int) -> list[np.ndarray]:
    renderer = Renderer(plan_video(3, "test", "x", index, minutes=3.0))
    return [renderer.frame(n) for n in moments(len(renderer))]


def test_a_file_in_two_splits_is_refused_by_name() -> None:
    """Equal bytes under two names are one video; within a split they are no harm."""
    with pytest.raises(InputError, match=r"`b\.mp4` \(test\) and `a\.mp4` \(train\) are the same video"):
        check([VIDEO, replace(VIDEO, video_id="b", path="b.mp4", split="test")])
    check([VIDEO, replace(VIDEO, video_id="b", path="b.mp4")])


def test_missing_files_are_not_one_video() -> None:
    """Files without a hash are equal to nothing."""
    missing = replace(VIDEO, blake3="")
    check([missing, replace(missing, video_id="b", split="test")])


def test_a_re_encoded_video_is_near_and_another_is_not(tmp_path: Path) -> None:
    """The signature survives two codecs and tells any two rendered videos apart."""
    pictures = looks(0)
    signatures = {"drawn": signature(pictures), "other": signature(looks(1))}
    for name, file in (("h264-mp4", "a.mp4"), ("hevc-mkv", "a.mkv")):
        encode(pictures, tmp_path / file, name=name, fps=1)
        with av.open(str(tmp_path / file)) as container:
            signatures[name] = signature([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])
    pairs = {frozenset(pair[:2]) for pair in near_duplicates(signatures)}
    assert pairs == {frozenset(p) for p in [("drawn", "h264-mp4"), ("drawn", "hevc-mkv"), ("h264-mp4", "hevc-mkv")]}


def test_near_duplicates_across_splits_are_refused_by_name() -> None:
    """Both names, both splits and how near they are."""
    look = signature(looks(0))
    nearly = look + (look < 128) * np.uint8(NEAR - 1)
    videos = [VIDEO, replace(VIDEO, video_id="b", split="test", blake3="def")]
    with pytest.raises(InputError, match=r"`a` \(train\) and `b` \(test\) look alike"):
        check(videos, {"a": look, "b": nearly})
    check(videos, {"a": look, "b": 255 - look})
