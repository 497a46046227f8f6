"""Which arms are compared with which. A family holds the pairs that answer one question together; Holm's correction
goes over the pairs of a family.

selectors: every selector against uniform, at one k and presentation; a model's presentations ask this together.
rivals: ntlbg against every other, likewise.
stages: a model against itself one stage of training earlier, on the same picks. gains: fully trained `rich` against
the blind arm and against untrained. tokens: presentations against each other where the language model reads equally
many visual tokens of one selector's picks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from ntlbg.evaluation.arms import BLIND, REFERENCES
from ntlbg.evaluation.params import FULL, MODELS, UNTRAINED, of_name, presentation_name

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "uniform"
OURS = "ntlbg"
SELECTORS, RIVALS, STAGES, GAINS, TOKENS = "selectors", "rivals", "stages", "gains", "tokens"
PRESENTATIONS = ("frames", "frames:full", "rich", "hybrid")  # each is compared with those before it

Pair = tuple[str, str]


@dataclass(frozen=True)
class Family:
    """name: of the question. pairs: (arm, against), names of arms."""

    name: str
    pairs: tuple[Pair, ...]


def families(rows: pd.DataFrame, tokens: Mapping[str, int] | None = None) -> list[Family]:
    """The families of these rows' arms, without empty ones.

    tokens: arm → visual tokens that the language model reads; without it no presentations are compared.
    """
    arms = rows[["arm", "selector", "k", "presentation"]].drop_duplicates("arm")
    rivals = arms[~arms["selector"].isin(REFERENCES)]
    found: list[Family] = []
    against_uniform: dict[tuple[object, ...], list[Pair]] = {}
    against_others: dict[tuple[object, ...], list[Pair]] = {}
    for (k, presentation), group in rivals.groupby(["k", "presentation"], sort=True):
        names = dict(zip(group["selector"], group["arm"], strict=True))
        model = of_name(presentation)[1]
        # what was trained is shown in several ways, and each asks again whether the picks are better
        question: tuple[object, ...] = (model,) if model else (k, presentation)
        if BASELINE in names:
            pairs = [(arm, names[BASELINE]) for name, arm in names.items() if name != BASELINE]
            against_uniform.setdefault(question, []).extend(pairs)
        if OURS in names:
            pairs = [(names[OURS], arm) for name, arm in names.items() if name not in (OURS, BASELINE)]
            against_others.setdefault(question, []).extend(pairs)
    for question in dict.fromkeys([*against_uniform, *against_others]):
        found.append(Family(SELECTORS, tuple(against_uniform.get(question, []))))
        found.append(Family(RIVALS, tuple(against_others.get(question, []))))
    known = {
        (str(arm.selector), int(arm.k), str(arm.presentation)): str(arm.arm) for arm in rivals.itertuples(index=False)
    }
    blind = next(iter(arms["arm"][arms["selector"] == BLIND]), None)
    found.append(Family(STAGES, tuple(_stages(known))))
    found.append(Family(GAINS, tuple(_gains(known, blind))))
    found.append(Family(TOKENS, tuple(_equal_tokens(known, tokens or {}))))
    return [family for family in found if family.pairs]


def _stages(known: Mapping[tuple[str, int, str], str]) -> list[Pair]:
    """Every trained arm against the stage before its own, where that was asked too."""
    pairs = []
    for (selector, k, name), arm in known.items():
        presentation, model = of_name(name)
        before = {later: earlier for earlier, later in pairwise(MODELS)}.get(model)
        if before and (selector, k, presentation_name(presentation, before)) in known:
            pairs.append((arm, known[selector, k, presentation_name(presentation, before)]))
    return pairs


def _gains(known: Mapping[tuple[str, int, str], str], blind: str | None) -> list[Pair]:
    pairs = []
    for (selector, k, name), arm in known.items():
        if of_name(name) != ("rich", FULL):
            continue
        untrained = known.get((selector, k, presentation_name("rich", UNTRAINED)))
        pairs += [(arm, against) for against in (blind, untrained) if against]
    return pairs


def _equal_tokens(known: Mapping[tuple[str, int, str], str], tokens: Mapping[str, int]) -> list[Pair]:
    """Later presentations against earlier ones, on one selector's picks; no arm of unknown cost takes part."""
    whole = [
        (selector, PRESENTATIONS.index(name), arm)
        for (selector, _, name), arm in known.items()
        if name in PRESENTATIONS and tokens.get(arm)
    ]
    pairs = []
    for one, other in combinations(sorted(whole, key=lambda entry: entry[1]), 2):
        if one[0] == other[0] and one[1] != other[1] and tokens[one[2]] == tokens[other[2]]:
            pairs.append((other[2], one[2]))
    return pairs
