"""A short clip of three colours, and a store and folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

FPS = 8
COLOURS = ((200, 30, 30), (30, 180, 40), (40, 60, 200))
SECONDS_EACH = 4


def encode(path: Path) -> Path:
    """12 s, 160×96: red, green, blue, each with a moving white square so that frames differ."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for i in range(len(COLOURS) * SECONDS_EACH * FPS):
            picture = np.full((96, 160, 3), COLOURS[i // (SECONDS_EACH * FPS)], np.uint8)
            picture[20:44, i : i + 24] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("clip") / "three colours.mp4")


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for the session, so that the clip is decoded and encoded once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def place(tmp_path: Path, shared_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NTLBG_STORE", str(shared_store))
    return tmp_path
