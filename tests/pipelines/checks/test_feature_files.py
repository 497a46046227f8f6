"""Feature files are looked at before they are published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ntlbg.errors import InputError
from ntlbg.features.index import serialise
from ntlbg.video.storage import shard_writer
from pipelines.checks.feature_files import check_features, observe

T, WIDTH = 6, 4


class World:
    """Frames as `decode` leaves them, feature files as `features` does, and ways to break both."""

    def __init__(self, root: Path) -> None:
        self.frames, self.features = root / "frames", root / "features"
        self.frames.mkdir()
        self.features.mkdir()
        self.outcomes: list[dict] = []
        for place, name in enumerate(("a", "b", "c")):
            self.add(name, place)

    def add(self, name: str, seed: int = 0, outcome: str = "ok", width: int = WIDTH, **changes) -> None:
        noise = np.random.default_rng(seed)
        times = np.arange(T) + 0.5
        shown = times.tolist() if outcome == "ok" else []
        self.outcomes.append({"video_id": name, "outcome": outcome, "timestamps_s": shown})
        pd.DataFrame(self.outcomes).to_parquet(self.frames / "outcomes.parquet")
        if outcome != "ok":
            return
        self.picture(name, noise.integers(0, 256, (T, 3, 5, 3), dtype=np.uint8))
        vectors = noise.normal(size=(T, WIDTH))
        self.tensors = {
            "features": noise.normal(size=(T, width)).astype(np.float32),
            "vectors": (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
            "timestamps_s": times,
            "basis": np.eye(2, width),
        }
        self.write(name, **changes)

    def picture(self, name: str, frames: np.ndarray) -> None:
        np.save(self.frames / f"{name}.npy", frames)

    def write(self, name: str, **changes) -> None:
        (self.features / f"{name}.safetensors").write_bytes(serialise(self.tensors | changes, {"video_id": name}))

    def check(self) -> dict[str, int]:
        return check_features(self.features, self.frames)

    def refusal(self) -> str:
        with pytest.raises(InputError) as caught:
            self.check()
        return caught.value.sentence


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_sound_files_pass(world):
    """A video without frames has no file, and needs none."""
    world.add("d", outcome="corrupt")
    assert world.check() == {"repeated": 0}


def test_every_broken_file_is_named_with_what_is_wrong(world):
    """One rule each; the fifth and later are counted."""
    features, vectors = world.tensors["features"].copy(), world.tensors["vectors"]
    features[2, 1], features[3, 0] = np.nan, np.inf
    world.write("a", features=features)
    world.write("b", timestamps_s=world.tensors["timestamps_s"] + [0, 0, 0, 1e-9, 0, 0])
    world.write("c", vectors=vectors * 2)
    (world.features / "stranger.safetensors").write_bytes(b"")
    assert world.refusal() == (
        f"{world.features}: 4 of 4 feature files break a rule: video `a`: 2 of its numbers are not finite; "
        "video `b`: 1 of its times are not those of the decoded frames; "
        "video `c`: 6 of its vectors are not of length 1; and 1 more"
    )


def test_shape_is_that_of_the_decoded_frames_and_of_the_other_videos(world):
    """[T, d] with their T and everybody's d."""
    world.write("a", features=world.tensors["features"][:-1], timestamps_s=world.tensors["timestamps_s"][:-1])
    world.add("d", width=WIDTH + 1)
    said = world.refusal()
    assert "video `a`: 5 rows of features for 6 frames; 6 of its times are not" in said
    assert "video `d`: its features have 5 numbers, those of the others 4" in said


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda path: path.unlink(), "its file is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "its file is not a feature file"),
        (lambda path: path.write_bytes(serialise({"features": np.zeros((T, 2), np.float32)}, {})), "without `vectors`"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_too(world, break_it, said):
    """Never skipped: its video would have no features and nobody would know why."""
    break_it(world.features / "b.safetensors")
    assert f"video `b`: {'its file is ' if said.startswith('without') else ''}{said}" in world.refusal()


def test_a_still_picture_may_repeat_its_vector_and_is_counted(world):
    """The same picture gives the same numbers; encoding noise of a few grey levels does not make it another one."""
    still = np.full((T, 3, 5, 3), 90, np.uint8)
    still[2:] += 2
    world.picture("c", still)
    world.write("c", **{n: np.repeat(world.tensors[n][:1], T, axis=0) for n in ("features", "vectors")})
    assert world.check() == {"repeated": T - 1}


def test_another_picture_with_the_same_vector_stops_the_stage(world):
    """One place, by its times; and a video whose vectors are all equal, which is the same fault in full."""
    for name in ("features", "vectors"):
        world.tensors[name][4] = world.tensors[name][1]
    world.write("c")
    assert "video `c`: 1 frames have the vector of another picture, at 1.5 s and 4.5 s" in world.refusal()
    world.write("c", **{n: np.repeat(world.tensors[n][:1], T, axis=0) for n in ("features", "vectors")})
    assert "video `c`: 5 frames have the vector of another picture, at 0.5 s and 1.5 s" in world.refusal()


def test_pictures_are_compared_whatever_their_storage(world):
    """Packed JPEG tells pictures apart as raw frames do."""
    (world.frames / "c.npy").unlink()
    with shard_writer(world.frames / "c.jpegs", (8, 8)) as out:
        for level in (0, 0, 1, 200, 0, 0):
            out.add(np.full((8, 8, 3), level, np.uint8), 0.0)
    world.write("c", **{n: np.repeat(world.tensors[n][:1], T, axis=0) for n in ("features", "vectors")})
    assert "video `c`: 1 frames have the vector of another picture, at 0.5 s and 3.5 s" in world.refusal()


def test_equal_features_with_different_vectors_are_no_repeat(world):
    """What selectors measure and what questions are compared with are two spaces: both must be equal."""
    world.write("c", features=np.ones((T, WIDTH), np.float32))
    assert observe(world.features, world.frames)["unlike"].tolist() == [0, 0, 0]


def test_hostile_names_are_shown_harmlessly(world):
    """A video's name comes from a stranger's file."""
    world.add("<script>\x1b[2J")
    assert "video `<script>\\u001b[2J`: its file is missing" in world.refusal()


def test_no_videos_are_no_failure(tmp_path):
    """A tier may have a corpus of which nothing could be decoded; `decode` has said so."""
    world = World(tmp_path)
    pd.DataFrame({"video_id": ["a"], "outcome": ["corrupt"], "timestamps_s": [[]]}).to_parquet(
        world.frames / "outcomes.parquet"
    )
    for file in world.features.iterdir():
        file.unlink()
    assert world.check() == {"repeated": 0}
