"""The seed's rule as it was meant: k representative points on one ellipsoid, the ellipsoid of least quantisation error.

The seed asks for points r_i with (r_i - mu)ᵀ Σ⁻¹ (r_i - mu) = c, and for the c of least error. In the whitened space
of the question's law that is a sphere: points rho u_i with unit u_i and c = rho². For given directions the error
E min_i |x - rho u_i|² = E|x|² - 2 rho E max_i <x, u_i> + rho² is least at rho = E max_i <x, u_i>. So

1. u_i: a number-theoretic net of k directions, spread over the sphere;
2. LBG on the sphere: each frame to the direction of largest inner product; an empty cell takes the frame of largest
   weight · error; each direction becomes that of its cell's weighted sum s_i, and rho = Σ |s_i|, the best pair for
   these cells. No step raises the error, which then is E|x|² - rho²;
3. from each cell the frame nearest to its point: one to one, as no cell is empty.

Few directions: in hundreds of them the best c is near 10 while every frame lies near c = d, so that no frame could
stand for a point. Points of one shell also leave out the middle of the law; that is the seed's premise, and is kept.
Ties go to the earlier frame. O(steps · T k q) per question, memory O(T q + k q).
Letters: T frames, q directions of the space, k points.
Source: the seed's README, "L_NTLBG"; docs/selection.md, "Seed".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.seed.whitened import whitened
from ntlbg.selection.tilted import Law, Tilted
from ntlbg.statistics import laws
from ntlbg.statistics.points import cell_masses, cell_means, explained, nearest, repair, squared_distance
from ntlbg.statistics.sphere import sphere_of_normal
from ntlbg.statistics.threads import one_thread

NO_DIRECTION = 1e-12  # a weighted sum shorter than this, in standard deviations, is rounding of zero


@dataclass(frozen=True)
class Ellipsoid(Tilted):
    """Representative points on the ellipsoid of least error, snapped one to one to frames."""

    name: ClassVar[str] = "ellipsoid"
    source: ClassVar[str] = "the seed's README; one ellipsoid, c by argmin of the quantisation error"

    directions: PositiveInt = 16  # of the whitened space: frames lie around the shell; in 64 they lie at twice its c
    steps: PositiveInt = 20  # LBG steps at most; mostly at a fixed point before

    @one_thread()
    def _select(self, video: VideoIndex, query: Query, k: int) -> Selection:
        law = self.law(video, query)
        points = self.points(law)
        chosen = np.sort(snapped(points, on_sphere(points, law.weights, k, self.steps)))
        cells, distance2 = nearest(points, points[chosen]) if points.shape[1] else _alike(len(points))
        distortion = float(law.weights @ distance2)
        return self.selection(
            video,
            chosen,
            masses=cell_masses(cells, law.weights, k),
            distortion=distortion,
            explained=explained(distortion, laws.trace(points, law.weights)),
            trust=law.trust,
        )

    def points(self, law: Law) -> Array:
        """The frames in the whitened space of the law: [T, q], q ≤ directions. Time is no part of it."""
        return whitened(law.space.points[:, :-1], law.weights, self.directions)


@dataclass(frozen=True, eq=False)
class Shell:
    """k points of one sphere that represent a law.

    c: squared radius. directions: [k, q] unit rows. cells: [T] the point of each frame; none is empty.
    errors: mean squared error under the law, of the net with its best radius and after each step (never rising).
    """

    c: float
    directions: Array
    cells: Array
    errors: tuple[float, ...]

    @property
    def points(self) -> Array:
        """[k, q], all with squared norm c."""
        return np.sqrt(self.c) * self.directions


def sphere_net(n: int, q: int) -> Array:
    """n directions spread over the unit sphere of q dimensions: [n, q], unit rows.

    The good points frac(i · sqrt(prime_j)), i = 1..n, sent to the sphere by way of the normal law. Source: Fang and
    Wang 1994, good points.
    """
    return sphere_of_normal(np.arange(1, n + 1)[:, None] * np.sqrt(_primes(q)) % 1.0)


def _primes(n: int) -> Array:
    """The first n primes."""
    found: list[int] = []
    candidate = 2
    while len(found) < n:
        if all(candidate % p for p in found):
            found.append(candidate)
        candidate += 1
    return np.array(found, dtype=np.float64)


@one_thread()
def on_sphere(points: Array, weights: Array, k: int, steps: int) -> Shell:
    """The sphere and the k directions of least error that LBG reaches from the net.

    points: [T, q], centred under the law. weights: [T]. k ≤ T. Where frames have no direction (q = 0) the sphere is a
    point, and the first k - 1 frames and the rest are its cells.
    """
    if points.shape[1] == 0:
        return Shell(0.0, np.zeros((k, 0)), np.minimum(np.arange(len(points)), k - 1), (0.0,))
    directions = sphere_net(k, points.shape[1])
    cells, _ = nearest(points, directions)  # of unit rows the nearest is the one of largest inner product
    rho = max(0.0, float(weights @ np.einsum("ij,ij->i", points, directions[cells])))
    distance2 = squared_distance(points, rho * directions[cells])
    errors = [float(weights @ distance2)]
    for step in range(steps):
        repair(cells, distance2, weights, k)
        directions, rho = _best(points, weights, cells, directions)
        distance2 = squared_distance(points, rho * directions[cells])
        errors.append(float(weights @ distance2))
        if step + 1 == steps:
            break
        moved, _ = nearest(points, directions)
        if np.array_equal(moved, cells):
            break
        cells, distance2 = moved, squared_distance(points, rho * directions[moved])
    return Shell(rho**2, directions, cells, tuple(errors))


def _best(points: Array, weights: Array, cells: Array, directions: Array) -> tuple[Array, float]:
    """The directions and the radius of least error for given cells. A cell that sums to zero keeps its direction."""
    means = cell_means(points, weights, cells, len(directions))
    lengths = np.linalg.norm(means, axis=1)
    some = lengths > NO_DIRECTION
    directions = directions.copy()
    directions[some] = means[some] / lengths[some, None]
    return directions, float(cell_masses(cells, weights, len(directions))[some] @ lengths[some])


def snapped(points: Array, shell: Shell) -> Array:
    """Of each cell the frame nearest to its point: [k] different frames, in the order of the cells."""
    far = squared_distance(points, shell.points[shell.cells])
    order = np.lexsort((far, shell.cells))  # stable: ties stay with the earlier frame
    sizes = np.bincount(shell.cells)
    frames: Array = order[np.cumsum(sizes) - sizes]
    return frames


def shell_band(points: Array, frames: Array, c: float) -> tuple[float, float]:
    """The lowest and the highest squared Mahalanobis distance of these frames, in units of c: 1, 1 is on the shell.

    points: [T, q]. frames: indices. c: > 0.
    """
    shares = np.square(points[frames]).sum(axis=1) / c
    return float(shares.min()), float(shares.max())


def _alike(frames: int) -> tuple[Array, Array]:
    """Cells and squared distances where all frames are alike: all with the first."""
    return np.zeros(frames, dtype=np.int64), np.zeros(frames)
