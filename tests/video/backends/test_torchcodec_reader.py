"""torchcodec is optional."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ntlbg.records.outcome import DecodeOutcome
from ntlbg.video.backends.contract import Clip
from ntlbg.video.backends.torchcodec_reader import TorchCodec
from ntlbg.video.decode import Sampling, decode_frames
from ntlbg.video.errors import VideoError
from tests.video.conftest import Clips
from tests.video.footage import FOOTAGE, check

INSTALLED = importlib.util.find_spec("torchcodec") is not None


def test_without_the_package_it_refuses_everything(clips: Clips) -> None:
    """No other backend answers in its place; the sentence says what is missing."""
    if INSTALLED:
        return
    with pytest.raises(VideoError, match="torchcodec is not installed"):
        decode_frames(clips["h264_b.mp4"], Sampling(1.0, 10, (32, 48)), backend="torchcodec")


@pytest.mark.slow
@pytest.mark.parametrize("name", FOOTAGE if INSTALLED else ())
def test_whatever_it_does_not_refuse_is_right(tmp_path: Path, name: str) -> None:
    """Where the package is there. Some refusals come with the first frames, whose times are not the packets'."""
    path = FOOTAGE[name].at(tmp_path)
    if TorchCodec().refuses(Clip.open(path)) is None:
        try:
            check(FOOTAGE[name], path, 2.3, "torchcodec")
        except VideoError as error:
            assert error.outcome is DecodeOutcome.UNSUPPORTED_CODEC  # noqa: PT017
