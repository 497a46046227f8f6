"""Representative points against values that were known before.

    python -m ntlbg.statistics.check

prints every value beside ours and ends with exit code 1 where one is off. Under a minute on one core.
Sources: N(0, 1): Max 1960, Lloyd 1982. Two points, simplices, rings, points on an axis: Flury 1990, Tarpey, Li and
Flury 1995. Other values in the plane: Lloyd's iteration on a grid of 0.02 with restarts, about 1e-4 accurate up to
k = 10 and upper bounds beyond; in three and four dimensions: the same on 131,072 Sobol points, about three digits.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.statistics.covariance import LowRankDiagonal
from ntlbg.statistics.cube import KINDS
from ntlbg.statistics.elliptical import Elliptical
from ntlbg.statistics.points import error_direct
from ntlbg.statistics.representative import Plan, RepresentativePoints, of_law, of_points, of_wide_law, training_net
from ntlbg.statistics.univariate import normal_points

NORMAL = {
    1: 1.0, 2: 0.363380, 3: 0.190174, 4: 0.117482, 5: 0.079941, 6: 0.057978, 7: 0.044000, 8: 0.034548, 9: 0.027853,
    10: 0.022937, 12: 0.016340, 16: 0.009501, 20: 0.006208, 32: 0.002505, 64: 0.000644,
}  # fmt: skip
NORMAL_HALVES = {
    1: [0.0], 2: [0.79788], 3: [0.0, 1.22401], 4: [0.45278, 1.51042], 5: [0.0, 0.76457, 1.72415],
    6: [0.31772, 1.00011, 1.89359], 7: [0.0, 0.56058, 1.18815, 2.03337], 8: [0.24509, 0.75601, 1.34391, 2.15195],
    9: [0.0, 0.44364, 0.91880, 1.47639, 2.25466], 10: [0.19962, 0.60986, 1.05783, 1.59134, 2.34510],
}  # fmt: skip
NORMAL_SCALED = {20: 2.483, 32: 2.565, 64: 2.639}  # k² times the error
PLANE = {
    1: 2.0, 2: 2 - 2 / np.pi, 3: 0.92570, 4: 0.72676, 5: 0.61448, 6: 0.50690, 7: 0.44514, 8: 0.40241, 9: 0.3632,
    10: 0.3290, 11: 0.3033, 12: 0.2792, 13: 0.2628, 14: 0.2443, 15: 0.2290, 16: 0.2152,
}  # fmt: skip
PLANE_SHAPES = {3: (0, 3, 1.0365), 4: (0, 4, 1.1284), 5: (1, 4, 1.363), 6: (1, 5, 1.410), 7: (1, 6, 1.438)}
PLANE_OF_FIVE = 0.62534  # a ring of five points, a fixed point that is not the best
SPACE = {
    2: 2.3634, 3: 1.9257, 4: 1.5872, 5: 1.4093, 6: 1.2406, 7: 1.1498, 8: 1.0691, 9: 0.9949, 10: 0.9252, 12: 0.8311,
    14: 0.7572, 16: 0.7042,
}  # fmt: skip
FOUR = {2: 3.3633, 3: 2.926, 4: 2.587, 5: 2.3092, 6: 2.1497, 7: 1.9992, 8: 1.8543}
LONG = {1: 5.0, 2: 2.4535, 3: 1.7607, 4: 1.4179, 5: 1.178, 6: 0.9925, 8: 0.777}  # N(0, diag(4, 1))
LONG_ON_AXIS = 1.4699  # four points on the long axis: a fixed point that is not the best

FINE, COARSE = 1e-3, 1e-2
EXACT = 1e-6
DIGITS = 5e-7  # what a value printed with six digits leaves open
# where three digits are wanted, a quarter of the training points has them
LIGHT = Plan(training=2**13, starts=64)
ELSEWHERE = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}  # of the second process


@dataclass(frozen=True)
class Row:
    """One value: what is known, what we have, and how far apart they may be."""

    what: str
    known: float
    ours: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return bool(abs(self.ours - self.known) <= self.tolerance)  # not a number never passes


@cache
def normal(d: int, k: int) -> RepresentativePoints:
    """Representative points of N(0, I_d)."""
    return of_law(Elliptical(np.zeros(d), np.eye(d)), k, LIGHT if d > 2 else Plan())


@cache
def long(k: int) -> RepresentativePoints:
    """Representative points of N(0, diag(4, 1))."""
    return of_law(Elliptical(np.zeros(2), np.diag([2.0, 1.0])), k)


def on_the_line(ks: Iterable[int] = tuple(NORMAL)) -> Iterator[Row]:
    """N(0, 1): by nets, and by exact integrals."""
    for k in ks:
        found = normal(1, k)
        points, masses, error = normal_points(k)
        # the errors of many points are small: there, one in a hundred
        yield Row(f"k = {k}, error", NORMAL[k], found.error, min(FINE, NORMAL[k] / 100))
        yield Row(f"k = {k}, error by exact integrals", NORMAL[k], error, DIGITS * (1 + 1e-3))
        if k in NORMAL_SCALED:
            yield Row(f"k = {k}, k² error by exact integrals", NORMAL_SCALED[k], k**2 * error, FINE)
        if k in NORMAL_HALVES:
            half = np.array(NORMAL_HALVES[k])
            known = np.concatenate([-half[half > 0][::-1], half])
            off = np.abs(found.points[:, 0] - known).max(), np.abs(points - known).max()
            yield Row(f"k = {k}, farthest point off", 0.0, float(off[0]), FINE)
            yield Row(f"k = {k}, the same by exact integrals", 0.0, float(off[1]), 1e-5)
        yield Row(f"k = {k}, 1 - sum p x² by exact integrals", error, 1 - float(masses @ np.square(points)), 1e-12)
    yield Row("k → ∞, k² error → sqrt(3) pi / 2, at k = 2,000", 3**0.5 * np.pi / 2, 4e6 * normal_points(2000)[2], 1e-2)


def in_the_plane(ks: Iterable[int] = tuple(PLANE)) -> Iterator[Row]:
    """N(0, I) in two dimensions: errors, and the shapes of few points."""
    for k in ks:
        found = normal(2, k)
        yield Row(f"k = {k}, error", PLANE[k], found.error, FINE)
        if k in PLANE_SHAPES:
            centre, ring, radius = PLANE_SHAPES[k]
            radii = np.sort(np.linalg.norm(found.points, axis=1))
            yield Row(f"k = {k}, points in the centre", centre, int((radii < 0.5).sum()), 0)
            yield Row(f"k = {k}, radius of the ring of {ring}", radius, float(radii[centre:].mean()), 5e-3)
        if k == 8:
            inner = int((np.linalg.norm(found.points, axis=1) < 1).sum())
            yield Row("k = 8, inner points (2 + 6)", 2, inner, 0)
    pentagon = np.stack([f(2 * np.pi * np.arange(5) / 5) for f in (np.cos, np.sin)], axis=1)
    radius = np.sqrt(np.pi / 2) * np.sin(np.pi / 5) / (np.pi / 5)
    net = training_net(Elliptical(np.zeros(2), np.eye(2)), 2**15, Plan())
    there = error_direct(net, np.full(len(net), 1 / len(net)), radius * pentagon)
    yield Row("k = 5, a ring of five (not the best)", PLANE_OF_FIVE, there, FINE)


def in_space(ks: Iterable[int] = tuple(SPACE)) -> Iterator[Row]:
    """N(0, I) in three dimensions."""
    for k in ks:
        yield Row(f"d = 3, k = {k}, error", SPACE[k], normal(3, k).error, COARSE)


def in_four_dimensions(ks: Iterable[int] = tuple(FOUR)) -> Iterator[Row]:
    """N(0, I) in four dimensions; k ≤ 5 points are a regular simplex in k - 1 of them."""
    for k in ks:
        yield Row(f"d = 4, k = {k}, error", FOUR[k], normal(4, k).error, COARSE)
        if 2 < k <= 4:
            fewer = normal(k - 1, k).error + 4 - (k - 1)
            yield Row(f"k = {k}, error in {k - 1} dimensions + {5 - k}", fewer, normal(4, k).error, FINE)


def on_a_long_law(ks: Iterable[int] = tuple(LONG)) -> Iterator[Row]:
    """N(0, diag(4, 1)), whose best points leave the axis at k = 4."""
    for k in ks:
        yield Row(f"k = {k}, error", LONG[k], long(k).error, FINE)
    if 2 in ks:
        x = long(2).points
        yield Row(
            "k = 2, points at ±1.5958 on the axis", 0.0, float(np.abs(x - [[-1.5958, 0], [1.5958, 0]]).max()), FINE
        )
    if 4 in ks:
        x = np.abs(long(4).points)
        yield Row("k = 4, a rhombus: half its length", 2.569, float(x[:, 0].max()), 5e-3)
        yield Row("k = 4, half its width", 0.87, float(x[:, 1].max()), 5e-3)
        law = Elliptical(np.zeros(2), np.diag([2.0, 1.0]))
        net = training_net(law, 2**15, Plan())
        axis = np.stack([2 * normal_points(4)[0], np.zeros(4)], axis=1)
        there = error_direct(net, np.full(len(net), 1 / len(net)), axis)
        yield Row("k = 4 on the axis (not the best)", LONG_ON_AXIS, there, FINE)


def other_nets(ks: Iterable[int] = (3, 6)) -> Iterator[Row]:
    """Every kind of net, through radius and sphere and through quantiles, has the same points in the plane."""
    law = Elliptical(np.zeros(2), np.eye(2))
    for k in ks:
        for kind in KINDS:
            yield Row(f"k = {k}, {kind} on the sphere", PLANE[k], of_law(law, k, replace(LIGHT, net=kind)).error, FINE)
            through = replace(LIGHT, net=kind, image="quantiles")
            yield Row(f"k = {k}, {kind} through quantiles", PLANE[k], of_law(law, k, through).error, FINE)


def both_formulas() -> Iterator[Row]:
    """E min |X - x|² and tr - sum p |x - mean|²: equal at a fixed point."""
    for name, found in (
        ("N(0, 1)", [normal(1, k) for k in NORMAL]),
        ("N(0, I), plane", [normal(2, k) for k in PLANE]),
        ("N(0, I), d = 3", [normal(3, k) for k in SPACE]),
        ("N(0, I), d = 4", [normal(4, k) for k in FOUR]),
        ("N(0, diag(4, 1))", [long(k) for k in LONG]),
    ):
        yield Row(f"{name}: largest difference", 0.0, max(abs(f.error - f.from_masses) for f in found), EXACT)


def falling() -> Iterator[Row]:
    """More points and more steps leave less error."""
    for name, found in (
        ("N(0, 1)", [normal(1, k) for k in NORMAL]),
        ("N(0, I), plane", [normal(2, k) for k in PLANE]),
        ("N(0, I), d = 3", [normal(3, k) for k in SPACE]),
        ("N(0, I), d = 4", [normal(4, k) for k in FOUR]),
        ("N(0, diag(4, 1))", [long(k) for k in LONG]),
    ):
        rises = int(np.sum(np.diff([f.error for f in found]) > 0))
        yield Row(f"{name}: rises with k", 0, rises, 0)
        rises = sum(int(np.sum(np.diff(f.errors) > 1e-12)) for f in found)
        yield Row(f"{name}: rises with steps", 0, rises, 0)


def moving(k: int = 5) -> Iterator[Row]:
    """a G X + b has the points a G x + b, and a² times the error."""
    turn, a, b = _rotation(0.7), 3.0, np.array([10.0, -4.0])
    law = Elliptical(np.zeros(2), np.diag([2.0, 1.0]))
    one = long(k)
    other = of_law(Elliptical(b, a * turn @ law.root), k)
    there = a * one.points @ turn.T + b
    there = there[np.lexsort(there.T[::-1])]
    yield Row("turned, scaled and moved: farthest point off", 0.0, float(np.abs(other.points - there).max()), EXACT)
    yield Row("error / a²", one.error, other.error / a**2, EXACT)
    triangle = np.linalg.cholesky(a**2 * turn @ np.diag([4.0, 1.0]) @ turn.T)
    yield Row("the same through another root", one.error, of_law(Elliptical(b, triangle), k).error / a**2, FINE)
    pushed = normal(2, 4).points @ law.root
    net = training_net(law, 2**15, Plan())
    wrong = error_direct(net, np.full(len(net), 1 / len(net)), pushed)
    yield Row("points of N(0, I) pushed through the root are worse (1 = yes)", 1, int(wrong > long(4).error + 0.01), 0)


def in_any_order() -> Iterator[Row]:
    """Permuted points, and another process with other threads, give the same to the last bit."""
    points, weights = _cloud()
    order = np.random.default_rng(1).permutation(len(points))
    one, other = (of_points(points[o], weights[o], 6, LIGHT) for o in (np.arange(len(points)), order))
    same = np.array_equal(one.points, other.points) and np.array_equal(one.masses, other.masses)
    yield Row("permuted input gives the same points (1 = yes)", 1, int(same), 0)
    command = [sys.executable, "-c", "from ntlbg.statistics import check; print(check.fingerprint())"]
    result = subprocess.run(
        command, env=os.environ | ELSEWHERE, capture_output=True, text=True, timeout=300, check=False
    )
    yield Row("a second process does (1 = yes)", 1, int(result.stdout.strip() == fingerprint()), 0)


def in_many_dimensions(d: int = 512, rank: int = 16) -> Iterator[Row]:
    """Low rank + diagonal against the dense Cholesky factor, and two points in many dimensions."""
    law, points = _wide(d, rank)
    dense = law.factor @ law.factor.T + np.diag(law.diagonal)  # of the check alone
    triangle = np.linalg.cholesky(dense)
    known = np.square(np.linalg.solve(triangle, (points - law.mean).T)).sum(axis=0)
    worst = float(np.abs(law.distances2(points) / known - 1).max())
    yield Row(f"d = {d}: distances, largest relative difference", 0.0, worst, 1e-4)
    log_det = 2 * float(np.log(np.diagonal(triangle)).sum())
    yield Row(f"d = {d}: log det, relative difference", 0.0, law.log_det / log_det - 1, 1e-4)
    largest = float(np.linalg.eigvalsh(dense)[-1])
    known_error = (np.trace(dense) - 2 / np.pi * largest) / d
    yield Row("k = 2, (tr - (2/pi) largest eigenvalue) / d", known_error, of_wide_law(law, 2).error / d, FINE)


def gradients(d: int = 512, rank: int = 16) -> Iterator[Row]:
    """Of mean distance + log det, what a likelihood is made of: low rank + diagonal against the dense Cholesky factor.

    With a_i = Sigma⁻¹ (x_i - mean) they are -2 mean a by the mean, 2 Sigma⁻¹ F - 2 mean a aᵀ F by the factor and
    diag Sigma⁻¹ - mean a² by the diagonal; here by low rank, there by dense systems, and as slopes of the law itself.
    """
    law, points = _wide(d, rank)
    columns = (points - law.mean).T
    triangle = np.linalg.cholesky(law.factor @ law.factor.T + np.diag(law.diagonal))  # of the check alone
    inverse = np.linalg.solve(triangle.T, np.linalg.solve(triangle, np.eye(d)))

    def by_parts(a: Array, solved_factor: Array, inverse_diagonal: Array) -> dict[str, Array]:
        return {
            "mean": -2 * a.mean(axis=1),
            "factor": 2 * solved_factor - 2 * a @ (a.T @ law.factor) / len(points),
            "diagonal": inverse_diagonal - np.square(a).mean(axis=1),
        }

    known = by_parts(inverse @ columns, inverse @ law.factor, np.diagonal(inverse))
    ours = by_parts(law.solved(columns), law.solved(law.factor), law.inverse_diagonal())
    parts = {name: getattr(law, name) for name in known}
    rng, step = np.random.default_rng(1), 1e-5
    for name, truth in known.items():
        off = float(np.linalg.norm(ours[name] - truth) / np.linalg.norm(truth))
        yield Row(f"d = {d}: by the {name}, relative difference", 0.0, off, 1e-4)
        way = rng.normal(size=truth.shape) / np.sqrt(truth.size)
        ahead, behind = (LowRankDiagonal(**parts | {name: parts[name] + h * way}) for h in (step, -step))
        risen = (ahead.distances2(points) - behind.distances2(points)).mean() + ahead.log_det - behind.log_det
        slope = float((truth * way).sum())
        yield Row(f"d = {d}: slope along the {name}, relative difference", 0.0, risen / (2 * step) / slope - 1, 1e-4)


SECTIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "N(0, 1)": on_the_line,
    "N(0, I) in the plane": in_the_plane,
    "N(0, I) in three dimensions": in_space,
    "N(0, I) in four dimensions": in_four_dimensions,
    "N(0, diag(4, 1))": on_a_long_law,
    "Other nets": other_nets,
    "Two formulas of the error": both_formulas,
    "Monotone": falling,
    "Equivariant": moving,
    "Any order, any process": in_any_order,
    "Low rank + diagonal": in_many_dimensions,
    "Gradients of low rank + diagonal": gradients,
}


def fingerprint() -> str:
    """sha256 of points, masses and errors of one law and one cloud of points."""
    law = of_law(Elliptical(np.zeros(2), np.diag([2.0, 1.0])), 6, LIGHT)
    cloud = of_points(*_cloud(), 6, LIGHT)
    parts: list[Array] = [part for found in (law, cloud) for part in (found.points, found.masses)]
    parts.append(np.array([law.error, cloud.error]))
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


def _cloud() -> tuple[Array, Array]:
    """Clustered points with unequal weights."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(400, 3)) + 3 * rng.normal(size=(4, 3))[rng.integers(4, size=400)]
    return points, rng.dirichlet(np.full(400, 0.5))


def _wide(d: int, rank: int) -> tuple[LowRankDiagonal, Array]:
    """A law in many dimensions and 40 points, half of them in the directions of its factor."""
    rng = np.random.default_rng(0)
    law = LowRankDiagonal(rng.normal(size=d), rng.normal(size=(d, rank)), 0.05 + rng.random(d))
    return law, law.mean + np.concatenate([rng.normal(size=(20, rank)) @ law.factor.T, rng.normal(size=(20, d))])


def _rotation(angle: float) -> Array:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def main() -> int:
    """Print all tables; 0 where every row passed, else 1."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    failed = total = 0
    for name, section in track(list(SECTIONS.items()), "check", unit="tables"):
        table = Table(title=Text(name), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("value")
        for column in ("known", "ours", "difference", "allowed"):
            table.add_column(column, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
        for row in section():
            verdict = Text("pass", style="green") if row.passed else Text("FAIL", style="bold red")
            numbers = [f"{row.known:.6g}", f"{row.ours:.6g}", f"{row.ours - row.known:+.1e}", f"{row.tolerance:.0e}"]
            table.add_row(Text(row.what), *numbers, verdict)
            total, failed = total + 1, failed + (not row.passed)
        console.print(table)
    sentence = f"{failed} of {total} values are off" if failed else f"all {total} values agree"
    console.print(Text(sentence, style="bold red" if failed else "bold green"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
