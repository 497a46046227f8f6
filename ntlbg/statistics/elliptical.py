"""Normal and other elliptical laws, and their images of nets.

Letters: d dimensions, r coordinates (r ≤ d where the law is degenerate), n points of a net.
X = mean + R A u, with u uniform on the sphere of r dimensions and R ≥ 0 independent of it: the shape is A Aᵀ, the
covariance E R² / r times it.
Sources: Fang, Kotz and Ng 1990; Fang and Wang 1994, chapter 4; Fang, Yuan and Bentler 1994.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import fdtri, gammaincinv, ndtri

from ntlbg.errors import InputError
from ntlbg.records.arrays import Array, finite
from ntlbg.statistics.sphere import sphere_net
from ntlbg.statistics.threads import one_thread


class Radial(Protocol):
    """The law of R in r dimensions."""

    closed: ClassVar[bool]  # whether a projection onto fewer coordinates has a law of the same name

    def quantile(self, p: Array, r: int) -> Array:
        """R below which p of the law lies: [n] in (0, 1) → [n]."""
        ...

    def second_moment(self, r: int) -> float:
        """E R²."""
        ...


@dataclass(frozen=True)
class Normal:
    """R² is chi-square with r degrees of freedom: the covariance is A Aᵀ."""

    closed: ClassVar[bool] = True

    def quantile(self, p: Array, r: int) -> Array:
        return np.sqrt(2 * gammaincinv(r / 2, p))

    def second_moment(self, r: int) -> float:
        return float(r)


@dataclass(frozen=True)
class Student:
    """Student's t: R² / r is F with r and nu degrees of freedom. nu > 2, else there is no mean squared error."""

    nu: float
    closed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.nu > 2:
            raise InputError(f"Student's law with {self.nu} degrees of freedom has no variance", hint="use more than 2")

    def quantile(self, p: Array, r: int) -> Array:
        return np.sqrt(r * fdtri(r, self.nu, p))

    def second_moment(self, r: int) -> float:
        return r * self.nu / (self.nu - 2)


@dataclass(frozen=True)
class Ball:
    """Uniform in the unit ball. Its projections are not uniform."""

    closed: ClassVar[bool] = False

    def quantile(self, p: Array, r: int) -> Array:
        return p ** (1 / r)

    def second_moment(self, r: int) -> float:
        return r / (r + 2)


@dataclass(frozen=True, eq=False)
class Elliptical:
    """mean: [d]. root: [d, r], A above. radial: the law of R."""

    mean: Array
    root: Array
    radial: Radial = field(default_factory=Normal)

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.root.ndim != 2 or len(self.root) != len(self.mean) or not self.root.shape[1]:
            raise InputError(f"a mean of shape {self.mean.shape} does not fit a root of shape {self.root.shape}")
        finite("mean", self.mean)
        finite("root", self.root)

    @classmethod
    def of(cls, mean: Array, shape: Array, radial: Radial | None = None) -> Elliptical:
        """The law of a dense shape [d, d], for reduced spaces; the root has the principal directions as columns.

        Directions without variance are left out, but one always stays. For the normal law the shape is the covariance.
        Raises InputError where the shape is not symmetric and positive semidefinite, but for rounding.
        """
        values, vectors = principal(shape)
        kept = max(1, int(np.sum(values > 1e-12 * values[0])))
        root = vectors[:, :kept] * np.sqrt(np.maximum(values[:kept], 0))
        return cls(np.asarray(mean, dtype=np.float64), root, radial or Normal())

    @property
    def trace(self) -> float:
        """Trace of the covariance: the mean squared distance to the mean."""
        r = self.root.shape[1]
        return float(np.square(self.root).sum()) * self.radial.second_moment(r) / r

    @one_thread()
    def leading(self, q: int) -> tuple[Elliptical, float]:
        """The law on its q leading principal directions, still in d dimensions, and the trace that it lost.

        k representative points span at most k - 1 dimensions, and these are the leading ones: with q = k - 1 the
        points are those of the whole law, and their error lacks what is lost. Source: Tarpey, Li and Flury 1995.
        A law whose projections have another name comes back whole.
        """
        if q >= self.root.shape[1] or not self.radial.closed:
            return self, 0.0
        left, values, _ = np.linalg.svd(self.root, full_matrices=False)
        law = Elliptical(self.mean, fixed_signs(left[:, :q]) * values[:q], self.radial)
        return law, self.trace - law.trace

    @one_thread()
    def image(self, cube: Array) -> Array:
        """A net pushed through the law: [n, r] in (0, 1) → [n, d]. One coordinate makes R, the others u.

        In one dimension u is the sign, and the image is the quantile function of the symmetric law.
        """
        r = self.root.shape[1]
        if r == 1:
            middle = 2 * cube - 1
            x = np.sign(middle) * self.radial.quantile(np.abs(middle), 1)
        else:
            x = self.radial.quantile(cube[:, 0], r)[:, None] * sphere_net(cube[:, 1:])
        return self.mean + x @ self.root.T

    @one_thread()
    def image_of_quantiles(self, cube: Array) -> Array:
        """The same for the normal law alone, coordinate by coordinate through its quantiles: [n, r] → [n, d]."""
        if not isinstance(self.radial, Normal):
            raise InputError("only the normal law has independent coordinates", hint="use `image`")
        return self.mean + ndtri(cube) @ self.root.T


def principal(symmetric: Array) -> tuple[Array, Array]:
    """Eigenvalues by falling size, [r], and eigenvectors as columns, [r, r], of a covariance of a reduced space.

    The largest entry of each vector is positive. Raises InputError where it is no covariance.
    """
    symmetric = np.asarray(symmetric, dtype=np.float64)
    if symmetric.ndim != 2 or symmetric.shape[0] != symmetric.shape[1] or not len(symmetric):
        raise InputError(f"a covariance is square; this has shape {symmetric.shape}")
    finite("covariance", symmetric)
    rounding = 1e-9 * float(np.abs(symmetric).max())
    if np.abs(symmetric - symmetric.T).max() > rounding:
        raise InputError(
            "a covariance is symmetric; this is not", hint="use (C + Cᵀ) / 2 if the difference is rounding"
        )
    with one_thread():
        values, vectors = np.linalg.eigh(symmetric)
    if values[0] < -rounding * len(symmetric):
        raise InputError(f"a covariance has no negative eigenvalue; this has {values[0]:g}")
    return values[::-1], fixed_signs(vectors[:, ::-1])


def fixed_signs(columns: Array) -> Array:
    """Columns turned so that the largest entry of each is positive: eigenvectors have no sign of their own."""
    largest = columns[np.argmax(np.abs(columns), axis=0), np.arange(columns.shape[1])]
    return columns * np.where(largest < 0, -1.0, 1.0)
