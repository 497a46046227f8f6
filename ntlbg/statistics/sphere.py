"""Nets on the unit sphere, from nets of the unit cube.

Letters: n points on the sphere of d dimensions, which has d - 1 coordinates.
Source: Fang and Wang 1994, section 1.5; successive spherical coordinates, each by its own distribution.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtri

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array


def sphere_net(cube: Array) -> Array:
    """Evenly spread directions: [n, d - 1] in the cube → [n, d] of norm 1, d ≥ 2. Equal volumes go to equal areas.

    The first coordinate of a uniform direction has (1 - u) / 2 ~ Beta((d-1)/2, (d-1)/2); given it, the others are a
    uniform direction of one dimension less, times sqrt(1 - u²). In the end there is an angle, 2 pi c. In three
    dimensions this is Archimedes: u = 1 - 2c, and the longitude.
    """
    if cube.ndim != 2 or cube.shape[1] < 1:
        raise InputError(
            "a sphere needs at least one coordinate", hint="the sphere of d dimensions takes d - 1 of them"
        )
    n, angles = cube.shape
    d = angles + 1
    out = np.empty((n, d))
    left = np.ones(n)  # the norm of the coordinates still to come
    for j in range(d - 2):
        half = (d - j - 1) / 2
        share = betaincinv(half, half, cube[:, j])
        out[:, j] = left * (1 - 2 * share)
        left = left * (2 * np.sqrt(share * (1 - share)))  # sqrt(1 - (1 - 2s)²), without the cancellation
    turn = 2 * np.pi * cube[:, -1]
    out[:, -2], out[:, -1] = left * np.cos(turn), left * np.sin(turn)
    return out


def sphere_of_normal(cube: Array) -> Array:
    """The other way: normal quantiles, scaled to norm 1: [n, d] in the cube → [n, d].

    It takes one coordinate more than the sphere has and treats all alike, which pays in many dimensions. A point in
    the middle of the cube has no direction; it is sent along the first axis.
    """
    normal = ndtri(cube)
    norms = np.linalg.norm(normal, axis=1, keepdims=True)
    first = np.zeros_like(normal)
    first[:, 0] = 1.0
    return np.where(norms > 0, normal / np.where(norms > 0, norms, 1.0), first)
