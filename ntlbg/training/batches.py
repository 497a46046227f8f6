"""Samples for training and validation: what the model is given of each question, batch by batch.

Which questions an update sees, with which picks, is a function of (seed, stage, update): a resumed run, and a run
split over processes, see the same. Letters: T candidate frames, k picks, n visual tokens of a frame, D their width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from ntlbg.modeling.visual import VisualTokens
from ntlbg.records.arrays import Array
from ntlbg.training.picks import Picks, draw
from ntlbg.training.questions import Exercise

if TYPE_CHECKING:
    from ntlbg.modeling.video_qa import Sample
    from ntlbg.training.unfrozen import Hidden


@dataclass
class Batches:
    """train, val: exercises. picks: the rule's frames. visual: their tokens. seed, stage: what orders depend on.

    hidden: what the encoder's last block is given, where that is trained.
    """

    train: Sequence[Exercise]
    val: Sequence[Exercise]
    picks: Picks
    visual: VisualTokens
    seed: int
    stage: str
    hidden: Hidden | None = None
    _orders: dict[int, Array] = field(default_factory=dict, repr=False)
    _by_video: dict[str, list[Exercise]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for exercise in [*self.train, *self.val]:
            self._by_video.setdefault(exercise.video_id, []).append(exercise)

    def places(self, update: int, size: int) -> list[tuple[int, int]]:
        """(place in `train`, epoch) of each question of an update that sees `size` questions over all processes.

        Epoch after epoch in an order of its own, without a gap: every question is seen equally often, to one.
        """
        n = len(self.train)
        found = []
        for at in range(update * size, (update + 1) * size):
            epoch, place = divmod(at, n)
            found.append((int(self._order(epoch)[place]), epoch))
        return found

    def part(self, update: int, micro: int, parts: int, size: int) -> list[Sample]:
        """Samples of part `micro` of `parts` of an update, `size` questions each."""
        places = self.places(update, parts * size)[micro * size : (micro + 1) * size]
        return [self.sample(self.train[place], epoch) for place, epoch in places]

    def validation(self, size: int, rank: int = 0, ranks: int = 1) -> Iterator[list[Sample]]:
        """Samples of the val questions of one process, `size` at a time."""
        mine = list(self.val)[rank::ranks]
        for start in range(0, len(mine), size):
            yield [self.sample(exercise, None) for exercise in mine[start : start + size]]

    def sample(self, exercise: Exercise, epoch: int | None) -> Sample:
        """epoch: perturbs the picks; None shows the rule's own."""
        from ntlbg.modeling.video_qa import Sample

        index, query = self.picks.index(exercise.video_id), self.picks.query(exercise)
        indices = self.picks.of(exercise, self._by_video[exercise.video_id], epoch)
        return Sample(
            features=index.features,
            timestamps_s=index.timestamps_s,
            duration_s=index.duration_s,
            relevance=query.relevance,
            query=query.vector,
            indices=indices,
            visual=np.asarray(self.visual.of(exercise.video_id)[indices], dtype=np.float32),
            prompt=exercise.prompt,
            options=exercise.options,
            answer=exercise.answer,
            size=self.visual.size,
            hidden=None if self.hidden is None else self.hidden.of(exercise.video_id),
        )

    def videos(self) -> list[str]:
        """All videos that a question is about, sorted."""
        return sorted(self._by_video)

    def videos_of(self, split: Literal["train", "val"]) -> list[str]:
        """Videos that a question of the split is about, sorted."""
        return sorted({exercise.video_id for exercise in getattr(self, split)})

    def prepare(self) -> None:
        """Compute visual tokens of every video that a question is about."""
        self.visual.prepare(self.videos())

    def _order(self, epoch: int) -> Array:
        if epoch not in self._orders:
            self._orders = {e: o for e, o in self._orders.items() if e >= epoch - 1}
            self._orders[epoch] = draw("order", self.seed, self.stage, epoch).permutation(len(self.train))
        return self._orders[epoch]
