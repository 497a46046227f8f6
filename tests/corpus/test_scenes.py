import numpy as np
import pytest
from blake3 import blake3

from ntlbg.corpus import world
from ntlbg.corpus.planted import Chapter, Event, plan_video, rng_for
from ntlbg.corpus.scenes import HEIGHT, WIDTH, Renderer, paint, sprite


@pytest.fixture(scope="module")
def plan():
    return plan_video(7, "test", "videomme", 0)


def test_a_frame_is_the_same_in_any_order(plan):
    """Random access equals playing the video: nothing carries over from frame to frame."""
    forward = Renderer(plan)
    numbers = [0, 700, 701, 1500, len(forward) - 1]
    played = [forward.frame(n) for n in numbers]
    backward = Renderer(plan)
    for n, frame in reversed(list(zip(numbers, played, strict=True))):
        np.testing.assert_array_equal(backward.frame(n), frame)
    assert played[0].shape == (HEIGHT, WIDTH, 3)
    assert played[0].dtype == np.uint8


def test_an_event_shows_its_colour_during_its_interval_only(plan):
    """In the middle of an event its colour covers much of the picture's centre; a second before, it does not."""
    renderer = Renderer(plan)

    def covered(n: int, colour: str) -> float:
        near = np.abs(renderer.frame(n).astype(int) - np.array(world.COLOURS[colour])).max(axis=-1) < 40
        return float(near.mean())

    for event in plan.events:
        middle = round((event.start_s + event.end_s) / 2 * plan.fps)
        before = int((event.start_s - 0.5) * plan.fps)
        assert covered(middle, event.colour) > covered(before, event.colour) + 0.01


@pytest.mark.parametrize("shape", world.SHAPES)
def test_every_shape_is_drawn_and_differs(shape):
    """Each shape covers a fair part of its box, and no two shapes look alike."""
    covers = {s: sprite(Event(s, "red", "city", 0, 1, 0.5, 0.5, 0.26))[1][..., 0] > 100 for s in world.SHAPES}
    assert 0.10 < covers[shape].mean() < 0.75
    for other, cover in covers.items():
        if other != shape:
            assert (cover != covers[shape]).mean() > 0.04


def test_pictures_are_those_of_earlier_versions(plan):
    """A corpus drawn again is the same corpus: frames with and without an event, every shape, every place."""
    renderer, event = Renderer(plan), plan.events[2]
    middle = round((event.start_s + event.end_s) / 2 * plan.fps)
    numbers = [0, 700, 1500, round(event.start_s * plan.fps) + 1, middle, len(renderer) - 1]
    assert digest([renderer.frame(n) for n in numbers]) == "03f66a43881ac70e"
    sprites = [a for s in world.SHAPES for a in sprite(Event(s, "red", "city", 0, 1, 0.5, 0.5, 0.26))]
    assert digest(sprites) == "7dacd87e1f3ae474"
    assert digest([paint(Chapter(p, 0.0, 9.0), rng_for("canvas", p)) for p in world.PLACES]) == "1fa117202bc5085c"


def digest(arrays: list[np.ndarray]) -> str:
    return blake3(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]
