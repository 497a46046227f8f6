"""How many frames: the least budget whose selection explains a share of the question's law.

A question about one moment is explained by few frames, one about the whole video by many; only the law knows which.
Source: docs/selection.md, "How many frames".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.contract import Selector

AUTO = "auto"  # in the place of a number of frames
EXPLAINED = 0.9  # what is left then is mostly noise within shots
MAX_K = 64  # what language models read at most in common use


def smallest_budget(
    selector: Selector, video: VideoIndex, query: Query, explained: float = EXPLAINED, max_k: int = MAX_K
) -> Selection:
    """The selection of the least k, 1 ≤ k ≤ max_k, that explains the share `explained` of the question's law.

    Where no such k explains it, the selection of min(max_k, T) frames: its `explained` is then below what was asked
    for. Budgets are doubled; between two doublings they are bisected where the smaller selection lies in the middle
    one and that in the larger one (more frames of the same never explain less, and what holds for the three is taken to
    hold between them), and tried one after another where they do not.
    Raises InputError when `check` does.
    """
    check(selector, explained, max_k)

    @cache
    def chosen(k: int) -> Selection:
        return selector.select(video, query, k)

    low, top = 0, min(max_k, len(video))
    while low < top:
        high = min(max(1, 2 * low), top)
        found = _first(chosen, low, high, explained)
        if found is not None:
            return chosen(found)
        low = high
    return chosen(top)


def _first(chosen: Callable[[int], Selection], low: int, high: int, explained: float) -> int | None:
    """The first budget in (low, high] that explains the share, None where none does; `low` is known not to."""
    while high - low > 1:
        middle = (low + high) // 2
        if not (_within(chosen(low), chosen(middle)) and _within(chosen(middle), chosen(high))):
            return next((k for k in range(low + 1, high + 1) if _reaches(chosen(k), explained)), None)
        if not _reaches(chosen(high), explained):
            return None
        low, high = (low, middle) if _reaches(chosen(middle), explained) else (middle, high)
    return high if _reaches(chosen(high), explained) else None


def _within(small: Selection, large: Selection) -> bool:
    return bool(np.isin(small.indices, large.indices).all())


def _reaches(selection: Selection, explained: float) -> bool:
    if selection.explained is None:
        raise _silent(selection.selector)
    return selection.explained >= explained


def check(selector: Selector, explained: float, max_k: int) -> None:
    """What can be wrong before any video is read.

    Raises InputError for a share outside (0, 1), a cap below 1, and a rule that does not say what it explains.
    """
    if not 0 < explained < 1:
        raise InputError(
            f"explained is {explained:g}; it must lie between 0 and 1", hint="0.9 asks for nine tenths of the law"
        )
    if max_k < 1:
        raise InputError(f"max_k is {max_k}; at least one frame must be allowed")
    two_frames = VideoIndex("two frames", np.eye(2), np.arange(2.0), 1.0, 2, 2.0)
    if selector.select(two_frames, Query("any", np.zeros(2)), 1).explained is None:
        raise _silent(selector.name)


def _silent(name: str) -> InputError:
    return InputError(
        f"selector `{name}` does not say how much of the question's law its frames explain, so it cannot choose k",
        hint="give k as a number, or choose another selector, for example `ntlbg`",
    )
