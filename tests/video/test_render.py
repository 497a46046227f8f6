"""From a decoded frame to RGB."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from ntlbg.video.render import Orientation, to_rgb
from tests.video.clips import barcode, read_barcode


def test_a_reused_scaler_changes_nothing() -> None:
    """The scaler is only a saving."""
    scaler = VideoReformatter()
    for i in range(3):
        frame = av.VideoFrame.from_ndarray(barcode(i * 300), format="rgb24").reformat(format="yuv420p")
        alone, shared = to_rgb(frame, (32, 48)), to_rgb(frame, (32, 48), using=scaler)
        assert alone.tobytes() == shared.tobytes()
        assert alone.shape == (32, 48, 3)
        assert read_barcode(alone) == i * 300


def test_shrinking_averages_areas() -> None:
    """A bright line one pixel wide keeps its share of light at a tenth of the size."""
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 57] = 250
    small = to_rgb(av.VideoFrame.from_ndarray(picture, format="rgb24"), (10, 10))
    assert small[:, 5].mean() == pytest.approx(25, abs=2)
    assert small[:, :4].max() <= 1


@pytest.mark.parametrize(
    ("matrix", "rotation"),
    [((1, 0, 0, 1), 0), ((0, 1, -1, 0), 90), ((-1, 0, 0, -1), 180), ((0, -1, 1, 0), 270)],
)
def test_the_matrix_moves_points_as_the_standard_says(matrix: tuple[int, ...], rotation: int) -> None:
    """(x, y) goes to (a·x + c·y, b·x + d·y), shifted back into the picture; checked pixel by pixel."""
    a, b, c, d = (65536 * v for v in matrix)
    stored = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    turned = Orientation(a, b, c, d).apply(stored)
    points = {}
    for y in range(4):
        for x in range(6):
            points[matrix[0] * x + matrix[2] * y, matrix[1] * x + matrix[3] * y] = stored[y, x]
    left, up = min(p[0] for p in points), min(p[1] for p in points)
    for (x, y), pixel in points.items():
        assert (turned[y - up, x - left] == pixel).all()
    assert Orientation(a, b, c, d).rotation == rotation
