"""Nets of the unit cube by name, and their shifts.

Letters: n points, d coordinates. Every net lies inside (0, 1): quantile functions are infinite at the ends.
A shift moves all points by one vector, modulo 1. It keeps the net even, and several shifts are several nets: the
restarts of an optimisation, without random numbers.
Sources: Fang and Wang 1994, chapter 1; Sobol 1967 (directions of Joe and Kuo 2008, as scipy has them); Cranley and
Patterson 1976 (shifts).
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Literal

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array
from ntlbg.statistics.lattices import good_generator, korobov_generator, lattice
from ntlbg.statistics.nets import net_1d

Kind = Literal["lattice", "korobov", "sobol"]
KINDS: tuple[Kind, ...] = ("lattice", "korobov", "sobol")
SOBOL_COORDINATES = 21201  # as many as there are published directions


def cube_net(kind: Kind, n: int, d: int) -> Array:
    """n points of low discrepancy: [n, d] in (0, 1). In one dimension every kind is the centred grid."""
    if n < 1 or d < 1:
        raise InputError(f"a net of {n} points in {d} dimensions does not exist", hint="ask for at least one of each")
    if d == 1:
        return net_1d(n)[:, None]
    if kind == "lattice":
        return lattice(n, good_generator(n, d))
    if kind == "korobov":
        return lattice(n, korobov_generator(n, d))
    if kind == "sobol":
        return sobol(n, d)
    raise InputError(f"`{kind}` is no kind of net", hint=f"choose one of {', '.join(KINDS)}")


def sobol(n: int, d: int) -> Array:
    """The first n points of Sobol's sequence, each in the middle of its cell of side 2^-m ≤ 1/n: [n, d] in (0, 1)."""
    if d > SOBOL_COORDINATES:
        raise InputError(f"Sobol's sequence has no {d} coordinates", hint=f"use at most {SOBOL_COORDINATES}")
    from scipy.stats import qmc  # half a second to import, and only this net needs it

    with warnings.catch_warnings():
        # scipy warns where n is no power of two, as the balance is then not perfect; it is a net all the same
        warnings.simplefilter("ignore", UserWarning)
        points = qmc.Sobol(d, scramble=False).random(n)
    return points + 0.5 / (1 << max(0, n - 1).bit_length())


def good_points(n: int, d: int, first: int = 0) -> Array:
    """n neighbouring points of the sequence {i alpha}, from number `first`: [n, d] in (0, 1).

    alpha are the powers of 1/g, where g^(d+1) = g + 1 (the golden ratio for d = 1): numbers hard to approach by
    fractions. Points from another number on are the same net, shifted.
    Sources: Fang and Wang 1994, section 1.2 (good points); Roberts 2018 (these alpha).
    """
    return shifted(np.arange(first, first + n)[:, None] * _alpha(d), np.full(d, 0.5))


def shift(number: int, d: int) -> Array:
    """The shift of that number: [d] in [0, 1), a good point. Number 0 is no shift; together they are spread evenly."""
    return number * _alpha(d) % 1


@cache
def _alpha(d: int) -> Array:
    g = 2.0
    for _ in range(64):  # a contraction: machine precision after about 40
        g = (1 + g) ** (1 / (d + 1))
    return g ** -np.arange(1.0, d + 1)


def shifted(net: Array, by: Array) -> Array:
    """The net moved by a vector modulo 1: [n, d], [d] → [n, d], kept inside (0, 1)."""
    inside = np.finfo(np.float64).eps
    return np.clip((net + by) % 1, inside, 1 - inside)
