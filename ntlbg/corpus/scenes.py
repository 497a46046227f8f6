"""Draws a planned video: any frame of it by its number, always the same.

A chapter is a painted canvas that the camera pans over; light drifts, grain changes from frame to frame, and
the planted shapes float in front. Frames are uint8 [H, W, 3], RGB.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from ntlbg.corpus.planted import Chapter, Event, VideoPlan, rng_for
from ntlbg.corpus.world import COLOURS, PLACES, Place
from ntlbg.records.arrays import Array

WIDTH, HEIGHT = 160, 96
PAN_X, PAN_Y = 48, 24  # how much larger the canvas is than the picture
GRAIN = 7.0  # standard deviation of the noise, in grey levels
TILES = 16
FADE_S = 0.25


class Renderer:
    """`Renderer(plan).frame(n)` draws frame n, shown at n / plan.fps seconds."""

    def __init__(self, plan: VideoPlan) -> None:
        self.plan = plan
        rng = rng_for("look", plan.look)
        self._canvases: dict[int, Array] = {}
        self._ends = [c.end_s for c in plan.chapters]
        self._starts = [e.start_s for e in plan.events]
        self._sprites: dict[int, tuple[Array, Array]] = {}
        grain = rng.normal(0, GRAIN, (TILES, HEIGHT, WIDTH, 1)) + rng.normal(0, GRAIN / 2, (TILES, HEIGHT, WIDTH, 3))
        self._grain = np.rint(grain).astype(np.int16)
        self._camera = [
            (rng.uniform(5, 14), rng.uniform(7, 19), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi))
            for _ in plan.chapters
        ]
        self._light = [(rng.uniform(9, 30), rng.uniform(0, 2 * np.pi), rng.uniform(4, 14)) for _ in plan.chapters]
        self._float = [(rng.uniform(2, 5), rng.uniform(0, 2 * np.pi)) for _ in plan.events]
        self._picture = np.empty((HEIGHT, WIDTH, 3), np.int16)  # where every frame is drawn
        # as arrays: minimum and maximum take 15 times as long with a number
        self._darkest, self._lightest = np.zeros_like(self._picture), np.full_like(self._picture, 255)

    def __len__(self) -> int:
        return round(self.plan.duration_s * self.plan.fps)

    def frames(self) -> Iterator[Array]:
        """All frames, in order."""
        for n in range(len(self)):
            yield self.frame(n)

    def frame(self, n: int) -> Array:
        """Frame n as uint8 [H, W, 3]."""
        t = n / self.plan.fps
        c = min(bisect_right(self._ends, t), len(self.plan.chapters) - 1)
        period_x, period_y, phase_x, phase_y = self._camera[c]
        x = round(PAN_X / 2 * (1 + _wave(t, period_x, phase_x)))
        y = round(PAN_Y / 2 * (1 + _wave(t, period_y, phase_y)))
        picture = self._picture
        np.copyto(picture, self._canvas(c)[y : y + HEIGHT, x : x + WIDTH])
        first = bisect_right(self._starts, t)
        for i in range(max(0, first - 2), first):
            if self.plan.events[i].end_s > t:
                self._draw(picture, i, t)
        period, phase, depth = self._light[c]
        light = round(depth * _wave(t, period, phase))
        picture += self._grain[(n * 7 + n // TILES) % TILES]
        picture += np.int16(light)
        np.maximum(picture, self._darkest, out=picture)
        np.minimum(picture, self._lightest, out=picture)
        return picture.astype(np.uint8)

    def _canvas(self, c: int) -> Array:
        if c not in self._canvases:
            chapter = self.plan.chapters[c]
            self._canvases = {c: paint(chapter, rng_for("canvas", self.plan.look, c))}
        return self._canvases[c]

    def _draw(self, picture: Array, i: int, t: float) -> None:
        event = self.plan.events[i]
        if i not in self._sprites:
            cover, colour = sprite(event)
            # one cover a channel: a last axis of 1 beside one of 3 makes numpy step by three
            self._sprites = {i: (np.repeat(cover, 3, axis=2), colour)}
        cover, colour = self._sprites[i]
        half = cover.shape[0] // 2
        period, phase = self._float[i]
        cx = round(event.x * WIDTH + 5 * _wave(t, period, phase))
        cy = round(event.y * HEIGHT + 3 * float(np.cos(2 * np.pi * t / period + phase)))
        top, left = max(cy - half, 0), max(cx - half, 0)
        bottom, right = min(cy + half, HEIGHT), min(cx + half, WIDTH)
        inside = np.s_[top - cy + half : bottom - cy + half, left - cx + half : right - cx + half]
        fade = min(1.0, (t - event.start_s) / FADE_S + 0.2, (event.end_s - t) / FADE_S + 0.2)
        under = picture[top:bottom, left:right].copy()  # numpy reckons slowly in part of a picture
        change = colour[inside] - under.astype(np.float32)
        change *= cover[inside] * np.float32(fade) if fade < 1 else cover[inside]
        under += change.astype(np.int16)
        picture[top:bottom, left:right] = under


def _wave(t: float, period: float, phase: float) -> float:
    """A sine of the time, in -1 … 1."""
    return float(np.sin(2 * np.pi * t / period + phase))


def sprite(event: Event) -> tuple[Array, Array]:
    """Cover [s, s, 1] in 0 … 1 and colour [s, s, 3] of an event's shape with its dark rim."""
    radius = event.radius * HEIGHT
    half = int(np.ceil(radius + 4))
    fine = (np.arange(-half * 3, half * 3) + 0.5) / 3
    x, y = np.meshgrid(fine / radius, fine / radius)
    body = _pool(_inside(event.shape, x, y))
    rim = _pool(_inside(event.shape, x / 1.14, y / 1.14))
    cover = np.maximum(body, rim)[..., None]
    colour = np.array(COLOURS[event.colour], np.float32) * body[..., None] + 16.0 * (1 - body[..., None])
    return cover.astype(np.float32), colour.astype(np.float32)


def _pool(mask: Array) -> Array:
    """Mean over 3×3 cells, float32: soft edges."""
    ones = mask.view(np.uint8)
    rows = ones[0::3] + ones[1::3] + ones[2::3]
    return ((rows[:, 0::3] + rows[:, 1::3] + rows[:, 2::3]) / 9).astype(np.float32)


def _inside(shape: str, x: Array, y: Array) -> Array:
    """Where the shape of radius 1 is, in picture coordinates (y down)."""
    if shape == "circle":
        return np.hypot(x, y) < 0.9
    if shape == "square":
        return np.maximum(abs(x), abs(y)) < 0.78
    if shape == "triangle":
        return (y < 0.7) & (y > 1.9 * abs(x) - 0.95)
    if shape == "star":
        angle = np.arctan2(x, -y)
        wave = np.abs((angle / (2 * np.pi / 5) + 0.5) % 1 - 0.5) * 2
        return np.hypot(x, y) < 1.05 - 0.68 * wave
    if shape == "cross":
        return ((abs(x) < 0.27) & (abs(y) < 0.95)) | ((abs(y) < 0.27) & (abs(x) < 0.95))
    if shape == "ring":
        r = np.hypot(x, y)
        return (r < 1.0) & (r > 0.55)
    if shape == "heart":
        u, v = x / 0.85, -(y - 0.05) / 0.85
        return (u**2 + v**2 - 0.55) ** 3 - u**2 * v**3 * 1.6 < 0
    if shape == "moon":
        return (np.hypot(x, y) < 0.98) & (np.hypot(x - 0.5, y) > 0.72)
    raise ValueError(shape)


def paint(chapter: Chapter, rng: np.random.Generator) -> Array:
    """The canvas of one visit, int16 [HEIGHT + PAN_Y, WIDTH + PAN_X, 3]; each visit looks a little different."""
    place = PLACES[chapter.place]
    h, w = HEIGHT + PAN_Y, WIDTH + PAN_X
    tint = rng.normal(0, 7, 3)
    sky, ground, detail = (np.array(c, float) + tint + rng.normal(0, 5, 3) for c in place[:3])
    horizon = place.horizon + rng.uniform(-0.05, 0.05)
    y, x = np.mgrid[0:h, 0:w].astype(float)
    y, x = y / h, x / w
    depth = np.where(y < horizon, y / horizon, (y - horizon) / (1 - horizon))[..., None]
    canvas = np.where((y < horizon)[..., None], sky * (0.85 + 0.25 * depth), ground * (0.8 + 0.3 * depth))
    mask = _texture(place, x, y, horizon, rng)[..., None]
    canvas = canvas + mask * (detail - canvas)
    return np.clip(np.rint(canvas), 0, 255).astype(np.int16)


def _texture(place: Place, x: Array, y: Array, horizon: float, rng: np.random.Generator) -> Array:
    """Where the place's details cover the canvas, 0 … 1."""
    below = y > horizon
    aspect = x.shape[1] / x.shape[0]
    if place.texture == "dunes":
        wave = 0.06 * np.sin(2 * np.pi * (x * rng.uniform(1.5, 3) + rng.random()))
        return np.where(below & (np.sin(40 * (y - horizon + wave)) > 0.55), 0.8, 0.0)
    if place.texture == "trunks":
        phase = (x * rng.integers(7, 11) + rng.random()) % 1
        return np.where((phase < 0.28) & (y < 0.9), 0.9, 0.0)
    if place.texture == "waves":
        ripple = np.sin(2 * np.pi * (y * rng.uniform(10, 14) + 0.3 * np.sin(2 * np.pi * x * rng.uniform(2, 5))))
        return np.where(below & (ripple > 0.4), 0.75, 0.0)
    if place.texture == "towers":
        n = int(rng.integers(7, 11))
        tops = rng.uniform(0.12, horizon, n)
        column = np.minimum((x * n).astype(int), n - 1)
        tower = (y > tops[column]) & (((x * n) % 1) < 0.82) & ~(y > horizon + 0.12)
        windows = (((x * n * 4) % 1) < 0.4) & (((y * 16) % 1) < 0.45)
        return np.where(tower, np.where(windows, 0.25, 1.0), 0.0)
    if place.texture in ("flakes", "flowers", "stars"):
        many, radius = {"flakes": (70, 0.022), "flowers": (46, 0.030), "stars": (60, 0.012)}[place.texture]
        out = np.zeros_like(x)
        for px, py, size in rng.uniform((0, 0, 0.6), (1, 1, 1.3), (many, 3)):
            if place.texture != "flowers" or py > horizon + 0.03:
                dx, dy, r = (x[:1] - px) * aspect, y[:, :1] - py, radius * size
                near = np.ix_(abs(dy[:, 0]) <= r, abs(dx[0]) <= r)  # the distance is wanted there alone
                out[near] = np.where(np.hypot(dx[:, near[1][0]], dy[near[0][:, 0]]) < r, 0.95, out[near])
        return out
    if place.texture == "spikes":
        tooth = abs(((x * rng.integers(6, 9) + rng.random()) % 1) - 0.5) * 2
        return np.where((y < 0.42 * tooth) | (y > 1 - 0.25 * tooth), 0.9, 0.0)
    if place.texture == "cone":
        peak = rng.uniform(0.35, 0.65)
        mountain = (y > 0.2 + 1.1 * abs(x - peak)) & (y < horizon + 0.25)
        lava = abs(x - peak) < 0.05 + 0.10 * np.maximum(y - 0.2, 0)
        return np.where(mountain & lava, 1.0, np.where(below & (np.sin(60 * x + 30 * y) > 0.7), 0.7, 0.0))
    if place.texture == "reeds":
        phase = (x * rng.integers(16, 22) + 0.25 * np.sin(9 * y)) % 1
        return np.where(below & (phase < 0.35), 0.85, 0.0)
    raise ValueError(place.texture)
