"""The rendered world: places, shapes and colours, and which of their combinations only a test may show.

Everything that a rendered video can contain is named here, so the tiny backbones' vocabulary is this file.
"""

from __future__ import annotations

from typing import NamedTuple

Colour = tuple[int, int, int]


class Place(NamedTuple):
    """sky, ground, detail: RGB. horizon: share of the picture above the ground. texture: see `scenes`."""

    sky: Colour
    ground: Colour
    detail: Colour
    horizon: float
    texture: str


PLACES: dict[str, Place] = {
    "desert": Place((150, 190, 225), (214, 178, 112), (190, 150, 88), 0.45, "dunes"),
    "forest": Place((60, 96, 66), (34, 62, 34), (70, 48, 30), 0.20, "trunks"),
    "ocean": Place((140, 180, 210), (28, 74, 140), (60, 120, 185), 0.35, "waves"),
    "city": Place((150, 150, 160), (96, 96, 100), (62, 64, 78), 0.60, "towers"),
    "snow": Place((196, 208, 224), (236, 240, 246), (170, 186, 210), 0.40, "flakes"),
    "cave": Place((46, 36, 30), (70, 54, 42), (24, 18, 16), 0.70, "spikes"),
    "meadow": Place((120, 186, 240), (104, 176, 70), (240, 220, 120), 0.35, "flowers"),
    "volcano": Place((92, 40, 36), (60, 30, 28), (228, 92, 32), 0.50, "cone"),
    "space": Place((10, 8, 24), (18, 14, 44), (220, 220, 240), 0.80, "stars"),
    "swamp": Place((110, 120, 84), (66, 78, 44), (40, 96, 92), 0.50, "reeds"),
}

SHAPES: tuple[str, ...] = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "moon")

COLOURS: dict[str, Colour] = {
    "red": (214, 32, 36),
    "green": (28, 160, 52),
    "blue": (36, 70, 214),
    "yellow": (244, 220, 44),
    "purple": (136, 44, 170),
    "orange": (242, 134, 28),
    "white": (246, 246, 246),
    "cyan": (44, 206, 214),
}

NUMBERS: tuple[str, ...] = ("1", "2", "3", "4", "5")

# one colour and one place of every shape are met in test videos only
HELD_OUT_COLOUR: dict[str, str] = dict(zip(SHAPES, COLOURS, strict=True))
HELD_OUT_PLACE: dict[str, str] = dict(zip(SHAPES, PLACES, strict=False))
