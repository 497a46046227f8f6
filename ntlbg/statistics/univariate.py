"""The k representative points of the standard normal law, by exact integrals: what nets are checked against.

The density is log-concave, so the optimum is the only fixed point and symmetric. Points x solve x_j = E[X | cell j],
the cells' borders being half-way between neighbours. Sources: Max 1960; Lloyd 1982; uniqueness: Trushkin 1982.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_banded
from scipy.special import ndtr, ndtri

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.nets import net_1d

CONVERGED = 1e-12  # largest move of a point
ROUNDING = 1e-15  # the error is known to so much: near the end its changes are smaller
STEPS = 300


def normal_points(k: int) -> tuple[Array, Array, float]:
    """Points [k], rising, their masses [k], and the mean squared error, for N(0, 1).

    Newton's method on the tridiagonal system, damped where a step would raise the error (Levenberg 1944). The start is
    the net of k points under the density that points of large k have, f^(1/3): here N(0, 3). Source: Zador 1982.
    """
    if k < 1:
        raise InputError(f"{k} points represent nothing", hint="ask for at least one")
    x = np.sqrt(3) * ndtri(net_1d(k)) if k > 1 else np.zeros(1)
    error, damping = _error(x), 1.0
    for _ in range(STEPS):
        mass, moment, density = _cells(x)
        half = np.diff(x) / 4 * density  # how a border's move weighs: half of half the gap, times the density there
        bands = np.zeros((3, k))
        bands[0, 1:], bands[2, :-1] = -half, -half
        bands[1] = mass * (1 + damping)
        bands[1, 1:] -= half
        bands[1, :-1] -= half
        step = solve_banded((1, 1), bands, mass * x - moment)
        tried = x - step
        better = bool(np.all(np.diff(tried) > 0)) and _error(tried) <= error + ROUNDING
        if not better:
            damping *= 8
            continue
        x, error, damping = tried, _error(tried), damping / 8
        if np.abs(step).max() < CONVERGED:
            break
    x = (x - x[::-1]) / 2  # symmetric but for rounding
    return x, _cells(x)[0], _error(x)


def _error(x: Array) -> float:
    """E min_j (X - x_j)², for any rising points."""
    mass, moment, _ = _cells(x)
    return float(1 - 2 * (x @ moment) + mass @ np.square(x))


def _cells(x: Array) -> tuple[Array, Array, Array]:
    """Mass and first moment of each cell, [k], and the density at each border, [k - 1]."""
    borders = (x[1:] + x[:-1]) / 2
    density = np.exp(-np.square(borders) / 2) / np.sqrt(2 * np.pi)
    # the difference of two small numbers, not of two near 1
    cumulative = np.concatenate([[0.0], ndtr(borders), [1.0]])
    beyond = np.concatenate([[1.0], ndtr(-borders), [0.0]])
    mass = np.where(cumulative[1:] < 0.5, np.diff(cumulative), -np.diff(beyond))
    moment = -np.diff(np.concatenate([[0.0], density, [0.0]]))
    return mass, moment, density
