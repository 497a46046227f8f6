import numpy as np
import pytest

from ntlbg.corpus import world
from ntlbg.corpus.planted import Event, plan_video
from ntlbg.corpus.scenes import HEIGHT, WIDTH, Renderer, sprite


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
