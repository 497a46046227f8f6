"""The frames that a selector picks for training questions, perturbed from epoch to epoch.

A few hundred questions with the same picks every time are learnt by heart. So in training a share of the candidate
frames, drawn anew for each variant, is hidden from the rule, which then picks among the others: any rule's picks
move, uniform's as well as ntlbg's. Nothing else changes, and in validation nothing is hidden.
Room `picks` of the store, one value per video and variant: `picks.json`, question_id → indices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.store import Store, canonical, file_digest, file_stem, key, write_atomic
from ntlbg.training.questions import Exercise

if TYPE_CHECKING:
    from ntlbg.features.again import Again
    from ntlbg.features.encoders import Encoder
    from ntlbg.features.index import Features
    from ntlbg.selection.contract import Selector

ROOM = "picks"
FORMAT = 1
VIDEOS = 64  # whose features are kept in memory


def draw(*parts: object) -> np.random.Generator:
    """A generator that depends on `parts` alone."""
    return np.random.default_rng(int(key(parts=[str(part) for part in parts])[:16], 16))


@dataclass
class Picks:
    """selector: the rule. k: candidate frames of a video → picks per question.

    perturb: share of candidate frames hidden. variants: ways of hiding. features: folder of feature files; again: sees
    the frames anew in their place, where the encoder was trained on.
    """

    selector: Selector
    encoder: Encoder
    features: Path
    k: Callable[[int], int]
    perturb: float
    variants: int
    seed: int
    store: Store
    again: Again | None = None
    _queries: dict[str, Query] = field(default_factory=dict, repr=False)
    _picked: dict[tuple[str, int | None], dict[str, Array]] = field(default_factory=dict, repr=False)
    _rules: str = ""

    def __post_init__(self) -> None:
        self._load = lru_cache(maxsize=VIDEOS)(self._read)
        self._shown = lru_cache(maxsize=2)(self._thinned)  # one object for all questions of a video
        self._rules = code_of_rules()

    def index(self, video_id: str) -> VideoIndex:
        """Features and times of a video. Raises InputError when its feature file is missing or unsound."""
        return self._load(video_id).index

    def widths(self, exercise: Exercise) -> tuple[int, int]:
        """(of features, of query vectors; 1 where the encoder has none)."""
        vector = self.query(exercise).vector
        return self.index(exercise.video_id).features.shape[1], 1 if vector is None else len(vector)

    def query(self, exercise: Exercise) -> Query:
        """The question against its video's frames, all of them."""
        from ntlbg.features.relevance import make_query

        if exercise.question_id not in self._queries:
            features = self._load(exercise.video_id)
            self._queries[exercise.question_id] = make_query(exercise.text, features, self.encoder)
        return self._queries[exercise.question_id]

    def variant(self, epoch: int | None) -> int | None:
        """Which variant an epoch sees; None (validation) and no perturbation see the rule's own picks."""
        return None if epoch is None or self.perturb == 0 else epoch % self.variants

    def of(self, exercise: Exercise, together: Sequence[Exercise], epoch: int | None) -> Array:
        """Indices [min(k, T)] of an exercise's picks. together: all exercises of its video, picked at once."""
        variant = self.variant(epoch)
        place = (exercise.video_id, variant)
        if place not in self._picked:
            self._picked[place] = self._fetch(together, variant)
        return self._picked[place][exercise.question_id]

    def _fetch(self, together: Sequence[Exercise], variant: int | None) -> dict[str, Array]:
        video = together[0].video_id
        stored = key(
            format=FORMAT,
            features=file_digest(self._path(video)),
            encoder=self.encoder.computing,
            selector=self.selector.name,
            parameters=json.loads(json.dumps(self.selector.parameters)),
            rules=self._rules,
            questions={e.question_id: e.text for e in together},
            k=self.k(len(self.index(video))),
            hidden=None if variant is None else [self.perturb, self.seed, variant],
        )

        def make(folder: Path) -> None:
            picked = {e.question_id: [int(i) for i in self._select(e, variant)] for e in together}
            write_atomic(folder / "picks.json", canonical(picked))

        folder = self.store.fetch(ROOM, stored, make)
        found: dict[str, Any] = json.loads((folder / "picks.json").read_text())
        return {question: np.array(indices, dtype=np.int64) for question, indices in found.items()}

    def _select(self, exercise: Exercise, variant: int | None) -> Array:
        index, query = self.index(exercise.video_id), self.query(exercise)
        k = self.k(len(index))
        if variant is None:
            return self.selector.select(index, query, k).indices
        seen, kept = self._shown(exercise.video_id, variant)
        hidden = replace(query, relevance=query.relevance[kept])
        return kept[self.selector.select(seen, hidden, k).indices]

    def _thinned(self, video_id: str, variant: int) -> tuple[VideoIndex, Array]:
        """The video without its hidden frames, and the places of those left."""
        index = self.index(video_id)
        T = len(index)
        count = min(T, max(self.k(T), round((1 - self.perturb) * T)))
        kept = np.sort(draw("hide", self.seed, video_id, variant).choice(T, count, replace=False))
        return replace(index, features=index.features[kept], timestamps_s=index.timestamps_s[kept]), kept

    def _path(self, video_id: str) -> Path:
        return self.features / f"{file_stem(video_id)}.safetensors"

    def _read(self, video_id: str) -> Features:
        from ntlbg.features.index import load_features

        if self.again is not None:
            return self.again.load(video_id)
        return load_features(self._path(video_id))


def code_of_rules() -> str:
    """Digest of the code that picks, and that scores relevance: a changed rule picks otherwise."""
    import ntlbg.features as features
    import ntlbg.selection as rules
    import ntlbg.statistics as statistics

    sources = [p for room in (features, rules, statistics) for p in sorted(Path(room.__path__[0]).rglob("*.py"))]
    return key(files=[[p.name, file_digest(p)] for p in sources])
