"""`ntlbg` for many questions about one video at once, in torch, for a GPU.

The same rule as `ntlbg.selection.ntlbg`, step by step and in double precision, with the questions as the leading
dimension; it differs in the order of sums alone, so picks differ only where two frames are equal to rounding. Words,
curve and law of each question are read by the rule itself; what costs (cells, snapping, thinning) runs on the device.
On a CPU `select` is faster: it leaves out points that are far in time.
Letters: Q questions, T frames, r coordinates, M representatives, d features, k chosen. Source: docs/selection.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.errors import InputError
from ntlbg.records.query import Query
from ntlbg.records.selection import Selection
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.tilted import Law
from ntlbg.statistics import laws
from ntlbg.statistics.information import TIE
from ntlbg.statistics.nets import quantile_frames
from ntlbg.statistics.points import explained

if TYPE_CHECKING:
    from torch import Tensor

MEMORY = 1 << 30  # bytes that one block of distances, or the features of one batch of pools, may take


def select_batch(
    rule: NTLBG, video: VideoIndex, queries: Sequence[Query], k: int, *, device: str = "cpu", memory: int = MEMORY
) -> list[Selection]:
    """`rule.select(video, query, k)` for each of these questions, in their order.

    device: a torch device. memory: bytes; more questions than fit are taken in turns.
    Raises InputError for a rule that changes a step of `ntlbg` (its variants have their own `select`), and as `select`.
    """
    if type(rule) is not NTLBG:
        raise InputError(f"`{rule.name}` has no batched form", hint="call `select` for each question")
    # what needs no representatives costs little: words that ask for coverage, and pools that are no smaller than k
    single = [rule.covers(query) or k >= len(video) or k < 1 for query in queries]
    found: dict[int, Selection] = {i: rule.select(video, queries[i], k) for i, alone in enumerate(single) if alone}
    left = [i for i in range(len(queries)) if i not in found]
    for i in left:
        if queries[i].relevance.shape != (len(video),):
            rule.select(video, queries[i], k)  # says what is wrong with it
    if left:
        m, d = rule.pool_size(len(video), k), video.features.shape[1]
        width = max(1, memory // (8 * m * max(d, 2 * k)))
        for start in range(0, len(left), width):
            now = left[start : start + width]
            batch = _Batch(rule, video, [rule.law(video, queries[i]) for i in now], k, device, memory)
            found.update(zip(now, batch.selections(), strict=True))
    return [found[i] for i in range(len(queries))]


class _Batch:
    """Questions that are handled together. weights, z: [Q, T]. points: [T, r]."""

    def __init__(self, rule: NTLBG, video: VideoIndex, of: Sequence[Law], k: int, device: str, memory: int) -> None:
        import torch

        self.rule, self.video, self.laws, self.k, self.memory = rule, video, of, k, memory
        self.m = rule.pool_size(len(video), k)

        def on_device(x: object) -> Tensor:
            return torch.as_tensor(np.array(x, dtype=np.float64), device=device)  # a copy: laws are read-only

        self.points = on_device(of[0].space.points)
        self.features = on_device(of[0].space.features)
        self.times = on_device(video.timestamps_s)
        self.weights = on_device(np.stack([law.weights for law in of]))
        self.z = on_device(np.stack([law.z for law in of]))
        self.trade_offs = on_device([rule.trade_off(law) for law in of])

    def selections(self) -> list[Selection]:
        import torch

        with torch.inference_mode():
            frames = self._snapped(*self._represented())
            chosen = frames.gather(1, self._thinned(frames)).sort(dim=1).values
            cells, distance2 = self._nearest(self.points[chosen])
            masses = torch.zeros_like(chosen, dtype=torch.float64).scatter_add_(1, cells, self.weights)
            distortion = (self.weights * distance2).sum(dim=1)
        host = (x.cpu().numpy() for x in (chosen, masses, distortion))
        return [
            self.rule.selection(
                self.video,
                indices,
                masses=mass,
                distortion=float(error),
                explained=explained(float(error), laws.trace(law.space.points, law.weights)),
                trust=law.trust,
            )
            for law, indices, mass, error in zip(self.laws, *host, strict=True)
        ]

    def _represented(self) -> tuple[Tensor, Tensor]:
        """The cell of each frame, [Q, T], and its squared distance to the cell's centre, [Q, T]."""
        import torch

        start = torch.as_tensor(
            np.stack([quantile_frames(law.weights, self.m) for law in self.laws]), device=self.points.device
        )
        # copies of a starting point are empty cells: the first of them takes all
        copies = torch.zeros_like(start, dtype=torch.bool)
        copies[:, 1:] = start[:, 1:] == start[:, :-1]
        cells, distance2 = self._nearest(self.points[start], copies)
        for step in range(self.rule.steps):
            self._repair(cells, distance2)
            centres = self._means(cells)
            distance2 = self._distance2(centres, cells)
            if step + 1 == self.rule.steps:
                break
            # a question at its fixed point stays there: another step changes nothing in it
            moved, moved2 = self._nearest(centres)
            still = (moved == cells).all(dim=1, keepdim=True)
            cells, distance2 = moved, torch.where(still, distance2, moved2)
        return cells, distance2

    def _nearest(self, centres: Tensor, left_out: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """[Q, m, r] → the nearest centre of each frame, [Q, T], and its squared distance.

        left_out: [Q, m] centres that get no frame. Ties go to the centre of smaller last coordinate, then lower index.
        """
        import torch

        order = centres[..., -1].argsort(dim=1, stable=True)
        ordered = centres.gather(1, order[..., None].expand_as(centres))
        halves = -0.5 * ordered.square().sum(dim=2)
        if left_out is not None:
            halves = halves.masked_fill(left_out.gather(1, order), -torch.inf)
        q, m = halves.shape
        rows = max(1, self.memory // (8 * q * m))
        columns = ordered.transpose(1, 2).contiguous()
        found = [
            (torch.matmul(self.points[a : a + rows], columns) + halves[:, None]).argmax(dim=2)
            for a in range(0, len(self.points), rows)
        ]
        cells = order.gather(1, torch.cat(found, dim=1))
        return cells, self._distance2(centres, cells)

    def _distance2(self, centres: Tensor, cells: Tensor) -> Tensor:
        own = centres.gather(1, cells[..., None].expand(-1, -1, centres.shape[2]))
        return (self.points - own).square_().sum(dim=2)

    def _repair(self, cells: Tensor, distance2: Tensor) -> None:
        """Give each empty cell the frame of largest weight · distance² that is not alone in its cell, in place.

        Of a cell with n frames the n - 1 first in that order can be taken, whatever the other cells give.
        """
        import torch

        counts = self._counts(cells)
        order = (self.weights * -distance2).argsort(dim=1, stable=True)
        of = cells.gather(1, order)
        by_cell = of.argsort(dim=1, stable=True)
        first = (counts.cumsum(dim=1) - counts).gather(1, of.gather(1, by_cell))
        place = torch.arange(of.shape[1], device=of.device) - first
        rank = torch.empty_like(place).scatter_(1, by_cell, place)  # among the frames of its cell
        can = rank < counts.gather(1, of) - 1
        empty = counts == 0
        taken = can & (can.cumsum(dim=1) <= empty.sum(dim=1, keepdim=True))
        rows, places = taken.nonzero(as_tuple=True)  # row by row, as the empty cells are
        frames = order[rows, places]
        cells[rows, frames] = empty.nonzero(as_tuple=True)[1]
        distance2[rows, frames] = 0.0

    def _counts(self, cells: Tensor) -> Tensor:
        import torch

        nothing = torch.zeros((len(cells), self.m), dtype=torch.int64, device=cells.device)
        return nothing.scatter_add_(1, cells, torch.ones_like(cells))

    def _means(self, cells: Tensor) -> Tensor:
        """Weighted means of the cells, none of which is empty: [Q, m, r]. A cell of weight 0 has its plain mean."""
        import torch

        counts = self._counts(cells)
        masses = torch.zeros(counts.shape, dtype=torch.float64, device=cells.device)
        masses.scatter_add_(1, cells, self.weights)
        weightless = masses <= 0
        share = torch.where(weightless.gather(1, cells), torch.ones_like(self.weights), self.weights)
        share = share / torch.where(weightless, counts.to(masses.dtype), masses).gather(1, cells)
        order = cells.argsort(dim=1, stable=True)
        width = max(1, self.memory // (8 * self.points.numel()))
        means = []
        for a in range(0, len(cells), width):  # sums in the order of frames: the same on every run
            own = order[a : a + width]
            parts = self.points[own] * share[a : a + width].gather(1, own)[..., None]
            lengths = counts[a : a + width].reshape(-1)
            means.append(torch.segment_reduce(parts.reshape(-1, parts.shape[2]), "sum", lengths=lengths))
        return torch.cat(means).reshape(len(cells), self.m, -1)

    def _snapped(self, cells: Tensor, distance2: Tensor) -> Tensor:
        """One frame of each cell: [Q, m], sorted."""
        import torch

        counts = self._counts(cells)
        sums = torch.zeros(counts.shape, dtype=torch.float64, device=cells.device).scatter_add_(1, cells, distance2)
        mean2 = (sums / counts).gather(1, cells)
        far = torch.where(mean2 > 0, distance2 / mean2, torch.zeros_like(mean2))
        order = (far - self.rule.snap * self.z).argsort(dim=1, stable=True)
        order = order.gather(1, cells.gather(1, order).argsort(dim=1, stable=True))
        return order.gather(1, counts.cumsum(dim=1) - counts).sort(dim=1).values

    def _thinned(self, frames: Tensor) -> Tensor:
        """k of the m frames of each question, as places in `frames`, in the order of choice: [Q, k]."""
        import torch

        x, times = self.features[frames], self.times[frames]
        weight, share, width_s = (column[:, None] for column in self.trade_offs.unbind(dim=1))
        gain = weight * self.z.gather(1, frames)
        left = x.square().sum(dim=2) + self.rule.jitter
        factors = torch.zeros((len(frames), self.k, frames.shape[1]), dtype=torch.float64, device=x.device)
        picks = []
        for n in range(self.k):
            values = gain + left.log()
            best = values.amax(dim=1, keepdim=True)
            # argmax of integers: the first of those that are equal to rounding
            pick = (values >= best - TIE).to(torch.int8).argmax(dim=1, keepdim=True)
            picks.append(pick)
            gain = gain.scatter(1, pick, -torch.inf)
            one = x.gather(1, pick[..., None].expand(-1, -1, x.shape[2]))
            near = ((times - times.gather(1, pick)).square() / (-2 * width_s**2)).exp()
            column = (x @ one.transpose(1, 2))[..., 0] * (1 - share + share * near)
            if n:
                before = factors[:, :n].gather(2, pick[:, None].expand(-1, n, 1))
                column = column - (before.transpose(1, 2) @ factors[:, :n])[:, 0]
            row = column / left.gather(1, pick).sqrt()
            factors[:, n] = row
            left = (left - row.square()).clamp_min(self.rule.jitter)
        return torch.cat(picks, dim=1)
