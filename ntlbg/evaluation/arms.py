"""Arms: selector × k × presentation, on the same questions. `blind` sees no frame, `oracle` sees the evidence."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.evaluation.evidence import Items
from ntlbg.records.arrays import Array

if TYPE_CHECKING:
    from ntlbg.evaluation.params import Presented
    from ntlbg.selection.contract import Selector

BLIND = "blind"
ORACLE = "oracle"
REFERENCES = (BLIND, ORACLE)  # bounds below and above; no rivals


@dataclass(frozen=True)
class Arm:
    """selector: its name in the registry, or `blind` or `oracle`. k: frames, or points, the language model may read."""

    selector: str
    k: int
    presentation: str = "frames"

    @property
    def name(self) -> str:
        """`ntlbg-8`; `blind`; `ntlbg-48-rich:select` for another presentation than full frames."""
        if self.selector == BLIND:
            return BLIND
        return f"{self.selector}-{self.k}" + ("" if self.presentation == "frames" else f"-{self.presentation}")


def arms_of(selectors: Sequence[str], ks: Sequence[int], presentation: str) -> list[Arm]:
    """Arms of the named selectors at every k, then `blind` (once), in the order given. The oracle stands apart."""
    chosen = [Arm(name, int(k), presentation) for k in ks for name in selectors]
    return [*chosen, Arm(BLIND, 0, presentation)]


def trained_arms(presentations: Sequence[Presented]) -> list[tuple[Arm, Presented]]:
    """The arms that a trained model answers, in the order given, each with the way in which its picks are shown."""
    return [(Arm(name, one.k, one.name), one) for one in presentations for name in one.selectors]


def selector_of(name: str, settings: Mapping[str, Any] | None, seed: int) -> Selector:
    """The selector with its settings. One that draws at random gets the run's seed unless its settings name one.

    Raises InputError naming an unknown selector or setting.
    """
    from ntlbg.selection import registry

    parameters = dict(settings or {})
    cls = registry.classes().get(name)
    if cls is not None and "seed" in inspect.signature(cls).parameters:
        parameters.setdefault("seed", seed)
    return registry.make(name, **parameters)


def oracle_picks(items: Items, timestamps_s: Array, k: int) -> list[int]:
    """min(k, T) candidate frames that show the evidence: sorted indices, or [] when no candidate shows any item.

    Frames inside an item's intervals stand for it (inside the widened ones where no candidate lies within). Every
    item is represented while k allows; items share k evenly and each share is spread evenly over the item's
    frames. Where there are fewer than k such frames, the rest are spread evenly over the remaining candidates.
    """
    times = np.asarray(timestamps_s, dtype=np.float64)
    frames = []
    for item in items:
        inside = np.flatnonzero(item.shown_at(times, widened=False))
        if inside.size == 0:
            inside = np.flatnonzero(item.shown_at(times))
        if inside.size:
            frames.append(inside)
    if not frames:
        return []
    frames.sort(key=lambda found: (int(found[0]), int(found[-1])))
    if len(frames) > k:
        frames = [frames[i] for i in _spread(len(frames), k)]
    union = np.unique(np.concatenate(frames))
    chosen = {int(i) for i in union} if union.size <= k else _shared(frames, k)
    rest = np.setdiff1d(np.arange(times.size), sorted(chosen))
    missing = min(k, times.size) - len(chosen)
    chosen |= {int(rest[i]) for i in _spread(rest.size, missing)}
    return sorted(chosen)


def _spread(n: int, m: int) -> list[int]:
    """m of n places, at the middles of m equal parts."""
    return [int((2 * j + 1) * n // (2 * m)) for j in range(min(m, n))]


def _shared(frames: list[Array], k: int) -> set[int]:
    """k frames out of more than k, each list represented and given an even share."""
    shares = [0] * len(frames)
    chosen: set[int] = set()
    while len(chosen) < k:
        # the item with the smallest share that still has unused frames gets one more, spread anew
        open_items = [i for i, found in enumerate(frames) if shares[i] < found.size]
        item = min(open_items, key=lambda i: (shares[i], i))
        shares[item] += 1
        trial: set[int] = set()
        for share, found in zip(shares, frames, strict=True):
            trial |= {int(found[j]) for j in _spread(found.size, share)}
        if len(trial) > k:  # cannot happen unless spreading anew parts two frames that items shared
            break
        chosen = trial
    extra = [int(i) for i in np.unique(np.concatenate(frames)) if int(i) not in chosen]
    return chosen | {extra[i] for i in _spread(len(extra), k - len(chosen))}
