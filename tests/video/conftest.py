"""Clips made once per test session, each with the trait that its name says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.video.clips import X264, encode

HEVC = "bframes=3:keyint=20:pools=1:frame-threads=1:log-level=none"
MS = Fraction(1, 1000)

# name: (codec, options); 48 frames at 12 per second
HEALTHY: dict[str, tuple[str, dict[str, str]]] = {
    "h264_b.mp4": ("libx264", {**X264, "bf": "3", "g": "20", "b-pyramid": "normal"}),
    "h264_b.mkv": ("libx264", {**X264, "bf": "3", "g": "12"}),
    "h264_open.mkv": ("libx264", {**X264, "bf": "3", "g": "12", "x264-params": "open-gop=1"}),
    "h264_intra_refresh.mp4": ("libx264", {**X264, "bf": "0", "g": "12", "intra-refresh": "1"}),
    "h264.mov": ("libx264", {**X264, "bf": "2", "g": "250"}),
    "h264_pyramid.avi": ("libx264", {**X264, "bf": "3", "g": "20", "b-pyramid": "normal"}),
    "h264.ts": ("libx264", {**X264, "bf": "3", "g": "20"}),
    "hevc_open.mkv": ("libx265", {"x265-params": HEVC}),
    "hevc_closed.mp4": ("libx265", {"x265-params": HEVC + ":open-gop=0"}),
    "hevc_layers.mkv": ("libx265", {"x265-params": HEVC + ":open-gop=0:temporal-layers=3"}),
    "vp9.webm": (
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1", "lag-in-frames": "10"},
    ),
    "mpeg4_b.avi": ("mpeg4", {"bf": "2", "g": "12", "qscale": "4"}),
    "h264.flv": ("libx264", {**X264, "bf": "2", "g": "20"}),
}

VARIABLE_MS = [0]
for _i in range(1, 48):  # dense, then sparse, then dense: average rates say nothing here
    VARIABLE_MS.append(VARIABLE_MS[-1] + (40 if _i < 16 or _i >= 40 else 310))


class Clips:
    """Clips by name, encoded when first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            codec, options = HEALTHY[name]
            encode(path, codec, options=options)
        return path

    def variable(self, suffix: str) -> Path:
        path = self.folder / f"variable{suffix}"
        if not path.exists():
            encode(path, times=VARIABLE_MS, clock=MS, options={**X264, "bf": "2", "g": "10"})
        return path

    def late(self) -> Path:
        """Starts 100 seconds into its own clock."""
        path = self.folder / "late.mkv"
        if not path.exists():
            encode(path, times=[100_000 + round(i * 1000 / 12) for i in range(48)], clock=MS)
        return path

    def cut(self, name: str = "h264_b.mkv", share: float = 0.5) -> Path:
        """The first part of a file."""
        path = self.folder / f"cut_{share}_{name}"
        if not path.exists():
            data = self[name].read_bytes()
            path.write_bytes(data[: int(len(data) * share)])
        return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))
