"""Checks that every record makes of its arrays, and the canonical hash of a list of indices."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntlbg.errors import InputError

Array = NDArray[Any]


def finite(name: str, array: Array) -> None:
    """Raise InputError naming the first place where `array` is not finite."""
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise InputError(f"{name}[{', '.join(map(str, place))}] is not a finite number")


def frozen(array: Any, dtype: type) -> Array:
    """A read-only, contiguous view or copy of `array` with this dtype."""
    out: Array = np.ascontiguousarray(array, dtype=dtype)
    if out is array or out.base is array:
        out = out.view()
    out.setflags(write=False)
    return out


def indices_sha256(indices: Array) -> str:
    """sha256 of the indices as decimal text with commas: equal on every machine."""
    return hashlib.sha256(",".join(str(int(i)) for i in indices).encode()).hexdigest()
