"""NT-LBG: the k representative points of a law, from nets as training points and nets as starts.

Letters: d dimensions, r coordinates of the law, n training points, k representative points.
k points of least mean squared error E min_j |X - x_j|² (principal points, the optimal quantiser) are a fixed point of
LBG on the law; many other sets are too, so LBG starts several times, from shifted nets. Starts are compared on few
training points, and the best are finished on many.
Sources: Flury 1990 (principal points); Tarpey, Li and Flury 1995 (self-consistency, the principal subspace); Linde,
Buzo and Gray 1980; Fang and Wang 1994, chapter 4; Fang, Yuan and Bentler 1994 (nets in both roles).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite
from ntlbg.statistics import laws
from ntlbg.statistics.covariance import LowRankDiagonal
from ntlbg.statistics.cube import Kind, cube_net, good_points, shift, shifted
from ntlbg.statistics.elliptical import Elliptical, Normal
from ntlbg.statistics.points import (
    cell_masses,
    error_direct,
    error_from_masses,
    explained,
    lbg,
    nearest,
    squared_distance,
)
from ntlbg.statistics.threads import one_thread

SCORES = 2**18  # entries of the table of codewords and points in screening: what stays in the processor's cache
SAME = 1e-5  # share of the error within which two fixed points of a symmetric law are taken for one
STEPS_AT_ONCE = 8  # of LBG between two looks at the gain

Image = Literal["polar", "quantiles"]


@dataclass(frozen=True)
class Plan:
    """How much work a search is."""

    net: Kind = "lattice"
    image: Image = "polar"  # how a net meets the law: radius and sphere, which every elliptical law has, or quantiles
    screening: int = 2**10  # training points on which starts are compared
    training: int = 2**15  # training points of the finish: the normal law's variance is then known to 1e-4
    starts: int = 128  # of the plane's normal law at k = 16, one start in forty leads to the best fixed point
    finalists: int = 3  # the best start on few points is not always the best on many
    tolerance: float = 1e-6  # a start has arrived when a step gains less than this share of the error
    finish_tolerance: float = 1e-9  # the finish goes on: both error formulas must agree
    steps: int = 2000  # in case a fixed point never comes


@dataclass(frozen=True, eq=False)
class RepresentativePoints:
    """points: [k, d], in rising order of their coordinates. masses: [k], the weight of their cells, sum 1.

    error: E min_j |X - x_j|². from_masses: the same by tr - sum p_j |x_j - mean|², equal at a fixed point.
    errors: of the best start's finish, step by step. trace: of the law.
    """

    points: Array
    masses: Array
    error: float
    from_masses: float
    errors: tuple[float, ...]
    trace: float

    @property
    def explained(self) -> float:
        """1 - error / trace."""
        return explained(self.error, self.trace)


@one_thread()
def of_law(law: Elliptical, k: int, plan: Plan | None = None) -> RepresentativePoints:
    """The k representative points of an elliptical law.

    They are sought in the law's k - 1 leading directions, which hold all of them; the trace of the others is added to
    the error. Depends on the law, k and the plan alone.
    """
    plan = plan or Plan()
    _check(k, plan.screening)
    small, lost = law.leading(max(1, k - 1))
    r, d = small.root.shape[1], len(law.mean)
    screening, training = (training_net(small, n, plan) for n in (plan.screening, plan.training))
    starts = [start_net(small, k, number, plan) for number in range(plan.starts if r > 1 and k > 1 else 1)]
    # in the law's own coordinates distances are the same and there are fewer of them
    frame = np.linalg.qr(small.root)[0] if r < d else np.eye(d)
    there = [(x - law.mean) @ frame for x in (screening, training, *starts)]
    found = _search(there[0], _equal(plan.screening), there[1], _equal(plan.training), there[2:], plan)
    # a net's own trace differs from the law's in the last digits; so much of the tail it does not hold
    points = law.mean + found.points @ frame.T
    order = np.lexsort(points.T[::-1])
    return RepresentativePoints(
        points[order],
        found.masses[order],
        found.error + lost,
        found.from_masses + lost,
        tuple(error + lost for error in found.errors),
        law.trace,
    )


def of_wide_law(law: LowRankDiagonal, k: int, plan: Plan | None = None) -> RepresentativePoints:
    """The k representative points of a normal law in many dimensions: those of its k - 1 leading directions."""
    values, directions = law.leading(max(1, k - 1))
    found = of_law(Elliptical(np.zeros(len(values)), np.diag(np.sqrt(values))), k, plan)
    lost = law.trace - float(values.sum())
    return RepresentativePoints(
        law.mean + found.points @ directions.T,
        found.masses,
        found.error + lost,
        found.from_masses + lost,
        tuple(error + lost for error in found.errors),
        law.trace,
    )


@one_thread()
def of_points(points: Array, weights: Array, k: int, plan: Plan | None = None) -> RepresentativePoints:
    """The k representative points of weighted points themselves, k at most their number.

    points: [n, r]. weights: [n], a law. Starts, in turn: a net pushed through the laws of weight · distance²
    (`far_start`), and a net of the normal law with the same moments. Points are first put in order of their
    coordinates, so that the same set in another order gives the same result to the last bit.
    """
    plan = plan or Plan()
    finite("points", points)
    _check(k, len(points))
    if weights.shape != points.shape[:1] or weights.min() < 0 or not np.isclose(weights.sum(), 1):
        raise InputError("weights are not a law on the points: one for each, none negative, sum 1")
    order = np.lexsort((weights, *points.T[::-1]))
    points, weights = np.ascontiguousarray(points[order], dtype=np.float64), weights[order]
    centred = points - laws.mean(points, weights)
    law = Elliptical.of(laws.mean(points, weights), (centred * weights[:, None]).T @ centred)
    net = cube_net(plan.net, plan.starts, k)
    starts = [
        start_net(law, k, number // 2, plan) if number % 2 else far_start(points, weights, net[number])
        for number in range(plan.starts)
    ]
    return _search(points, weights, points, weights, starts, plan)


def training_net(law: Elliptical, n: int, plan: Plan) -> Array:
    """n points that stand for the law: [n, d]."""
    return _image(law, cube_net(plan.net, n, law.root.shape[1]), plan)


def start_net(law: Elliptical, k: int, number: int, plan: Plan) -> Array:
    """The start of that number: k good points, shifted; every second one is widened: [k, d].

    Many representative points are spread as f^(r / (r + 2)), f the law's density. For the normal law that is the law
    itself, (r + 2) / r times as wide in variance. Source: Zador 1982.
    """
    r = law.root.shape[1]
    if r == 1:
        net = shifted(cube_net(plan.net, k, 1), shift(number // 2, 1) / k)
    else:
        # a lattice of few points is all symmetry, and leads to symmetric fixed points that are seldom the best
        net = good_points(k, r, first=number * k)
    spread = 1.0 if number % 2 else np.sqrt((r + 2) / r)
    return law.mean + spread * (_image(law, net, plan) - law.mean)


def far_start(points: Array, weights: Array, net_point: Array) -> Array:
    """k of the points: each where the law of weight · squared distance to those before has its quantile.

    net_point: [k] in (0, 1), one quantile for each. Far clusters are met early, however small. Where all distances
    are 0 the weights alone decide. Returns [k, r].
    Source: Arthur and Vassilvitskii 2007, with a net in place of random numbers.
    """
    chosen: list[int] = []
    distance2 = np.ones(len(points))
    for quantile in net_point:
        cumulative = np.cumsum(weights * distance2)
        if cumulative[-1] <= 0:
            cumulative = np.cumsum(weights)
        chosen.append(min(int(np.searchsorted(cumulative, quantile * cumulative[-1])), len(points) - 1))
        far = squared_distance(points, points[chosen[-1]])
        distance2 = far if len(chosen) == 1 else np.minimum(distance2, far)
    return points[chosen]


def _image(law: Elliptical, cube: Array, plan: Plan) -> Array:
    quantiles = plan.image == "quantiles" and isinstance(law.radial, Normal)
    return law.image_of_quantiles(cube) if quantiles else law.image(cube)


def _check(k: int, n: int) -> None:
    if k < 1:
        raise InputError(f"{k} points represent nothing", hint="ask for at least one")
    if k > n:
        raise InputError(f"{k} points cannot represent {n}", hint="ask for fewer, or give more points")


def _equal(n: int) -> Array:
    return np.full(n, 1 / n)


def _search(
    screening: Array, few: Array, training: Array, many: Array, starts: list[Array], plan: Plan
) -> RepresentativePoints:
    """The best of the finalists on the training points; ties go to the earlier start."""
    arrived, errors_then = _screened(screening, few, np.stack(starts), plan)
    runs = [_finished(training, many, arrived[i], plan) for i in _distinct(errors_then, plan.finalists)]
    best, errors = min(runs, key=lambda run: run[1][-1])
    best = best[np.lexsort(best.T[::-1])]
    masses = cell_masses(nearest(training, best)[0], many, len(best))
    direct, by_masses = (f(training, many, best) for f in (error_direct, error_from_masses))
    return RepresentativePoints(best, masses, direct, by_masses, errors, laws.trace(training, many))


def _screened(points: Array, weights: Array, starts: Array, plan: Plan) -> tuple[Array, Array]:
    """LBG from many starts at once: [s, k, r] → codewords after it, and the error of each: [s].

    A start leaves when a step gains it less than the tolerance. The steps are those of `points.lbg`, without its care
    for single points: an empty cell takes the costliest point of its start.
    """
    arrived, errors = starts.copy(), np.full(len(starts), np.inf)
    k, r = starts.shape[1:]
    group = max(1, SCORES // (len(points) * k))
    norms2 = np.square(points).sum(axis=1)
    for first in range(0, len(starts), group):
        here = np.arange(first, min(first + group, len(starts)))
        for _ in range(plan.steps):
            centres = arrived[here].reshape(-1, r)
            # y·c - |c|²/2 is largest where |y - c|² is least
            scores = points @ centres.T
            scores -= 0.5 * np.square(centres).sum(axis=1)
            by_start = scores.reshape(len(points), len(here), k)
            cells = np.argmax(by_start, axis=2)
            distance2 = norms2[:, None] - 2 * np.take_along_axis(by_start, cells[..., None], axis=2)[..., 0]
            now = weights @ distance2
            flat = (cells + k * np.arange(len(here))).ravel()
            every = np.repeat(weights, len(here))
            masses = np.bincount(flat, weights=every, minlength=len(centres))
            for axis in range(r):
                sums = np.bincount(flat, weights=every * np.repeat(points[:, axis], len(here)), minlength=len(centres))
                centres[:, axis] = np.where(masses > 0, sums / np.where(masses > 0, masses, 1), centres[:, axis])
            for empty in np.flatnonzero(masses <= 0):
                costs = weights * distance2[:, empty // k]
                centres[empty] = points[np.argmax(costs)]
                distance2[np.argmax(costs), empty // k] = 0.0  # the next empty cell takes another
            arrived[here] = centres.reshape(-1, k, r)
            going = errors[here] - now > plan.tolerance * now
            errors[here] = now
            here = here[going]
            if not len(here):
                break
    return arrived, errors


def _distinct(errors: Array, count: int) -> list[int]:
    """The starts of least error, at most so many, none of which is another one turned: its error differs."""
    kept: list[int] = []
    for i in np.argsort(errors, kind="stable").tolist():
        if len(kept) < count and (not kept or errors[i] - errors[kept[-1]] > SAME * errors[i]):
            kept.append(i)
    return kept


def _finished(points: Array, weights: Array, start: Array, plan: Plan) -> tuple[Array, tuple[float, ...]]:
    """LBG until a step gains less than the finish's tolerance: codewords, errors at the start and after each step."""
    errors: list[float] = []
    while len(errors) <= plan.steps:
        found = lbg(points, weights, start, STEPS_AT_ONCE)
        errors += found.errors[1 if errors else 0 :]
        start = found.centres
        if len(found.errors) <= STEPS_AT_ONCE or errors[-2] - errors[-1] <= plan.finish_tolerance * errors[-1]:
            break
    return start, tuple(errors)
