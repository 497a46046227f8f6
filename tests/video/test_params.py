"""The `video` section."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ntlbg.video.params import VideoParams


@pytest.mark.parametrize(
    "wrong",
    [
        {"fps": 0},
        {"fps": -1},
        {"max_frames": 0},
        {"size": [32]},
        {"size": [0, 48]},
        {"limit_s": 0},
        {"workers": -1},
        {"backend": "magic"},
        {"storage": "zip"},
        {"sampling": "random"},
        {"fpss": 1},
    ],
)
def test_wrong_values_are_refused(wrong: dict[str, object]) -> None:
    """Each mistake names its field."""
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        VideoParams(**wrong)


def test_a_side_that_no_jpeg_has_is_refused() -> None:
    """Before any video is decoded; raw frames may have it."""
    VideoParams(size=(1, 65501))
    with pytest.raises(ValidationError, match="no side longer than 65500"):
        VideoParams(size=(1, 65501), storage="jpeg")


def test_a_size_list_from_yaml_is_height_and_width() -> None:
    """YAML has lists, the code a pair."""
    assert VideoParams(size=[32, 48]).size == (32, 48)
