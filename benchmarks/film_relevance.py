"""How well the embedded encoder's relevance finds what a question about the film asks for.

    python -m benchmarks.film_relevance

Reads benchmarks/film_development.json, questions for developing that no page of results counts, and
footage/big_buck_bunny.mp4 (`make footage`). Prints, by what the encoder could see, the mean AUC of relevance and the
evidence recall of each selector at k = 8, 16 and 32; the same for two halves of the questions (a change is chosen on
the first and confirmed on the second); and paired differences to ntlbg with 95 % bootstrap intervals over questions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.command import command
from ntlbg.api import select_frames
from ntlbg.evaluation.evidence import Item, Items, recall, shown
from ntlbg.evaluation.relevance_auc import auc
from ntlbg.features.encoders import Encoder, load_encoder
from ntlbg.features.index import Features
from ntlbg.features.relevance import make_query
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.selection import registry

QUESTIONS = Path("benchmarks/film_development.json")
ARMS = ("uniform", "random", "topk_nms", "kmedoids", "ntlbg")
KS = (8, 16, 32)
SEED, RESAMPLES = 2026, 4000
SEES, NOT, WHOLE = "the encoder could see it", "no class names it", "whole film"


def group(question: dict[str, Any]) -> str:
    """The row of the table that a question belongs to."""
    return WHOLE if question["kind"] == "whole_video" else SEES if question["sees"] else NOT


def first_half(questions: list[dict[str, Any]]) -> Array:
    """[n] bool: a fixed random half of the questions, drawn within each kind of question."""
    rng, first = np.random.default_rng(SEED), np.zeros(len(questions), dtype=bool)
    for key in sorted({(q["kind"], q["sees"]) for q in questions}):
        members = rng.permutation([i for i, q in enumerate(questions) if (q["kind"], q["sees"]) == key])
        first[members[: (len(members) + 1) // 2]] = True
    return first


def items(question: dict[str, Any]) -> Items:
    """Each interval is a thing of its own that has to be seen."""
    return tuple(Item(((start, end, 0.0),)) for start, end in question["evidence"])


def measured(
    questions: list[dict[str, Any]], encoder: Encoder, arms: Sequence[str] = ARMS
) -> tuple[Array, dict[tuple[str, int], Array]]:
    """AUC of each question [n], and its evidence recall [n] by selector and k."""
    film = json.loads(QUESTIONS.read_text())["film"]
    features: Features = select_frames(film, "anything", 1, selector="uniform", encoder=encoder).features
    rules = {arm: registry.make(arm) for arm in arms}
    areas, found = np.zeros(len(questions)), {(arm, k): np.zeros(len(questions)) for arm in arms for k in KS}
    for i, question in enumerate(track(questions, "ask", unit="questions")):
        query, wanted = make_query(question["question"], features, encoder), items(question)
        area = auc(query.relevance, shown(wanted, features.index.timestamps_s))
        areas[i] = np.nan if area is None else area
        for arm, k in found:
            picked = rules[arm].select(features.index, query, k).timestamps_s
            found[arm, k][i] = recall(wanted, picked) or 0.0
    return areas, found


def rows(name: str, of: Array, areas: Array, found: dict[tuple[str, int], Array]) -> list[list[str]]:
    """One row a selector: recall at every k over the questions marked in `of` [n]."""
    out = []
    for arm in ARMS:
        values = [f"{found[arm, k][of].mean():.3f}" for k in KS]
        out.append([f"{name} ({int(of.sum())}; AUC {np.nanmean(areas[of]):.3f})", arm, *values])
    return out


def difference(a: Array, b: Array) -> str:
    """Mean of a - b [n] with its 95 % paired bootstrap interval."""
    rng = np.random.default_rng(SEED)
    means = (a - b)[rng.integers(0, len(a), (RESAMPLES, len(a)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{(a - b).mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def table(head: list[str], body: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *body])


def main() -> int:
    questions = json.loads(QUESTIONS.read_text())["questions"]
    areas, found = measured(questions, load_encoder("embedded"))
    groups, first = np.array([group(q) for q in questions]), first_half(questions)
    parts = {name: groups == name for name in (SEES, NOT, WHOLE)}
    parts |= {f"{SEES}, half {n}": (groups == SEES) & half for n, half in ((1, first), (2, ~first))}
    body = [row for name, of in parts.items() for row in rows(name, of, areas, found)]
    print(table(["questions", "selector", *(f"recall at {k}" for k in KS)], body))
    against = [
        [name, arm, *(difference(found["ntlbg", k][groups == name], found[arm, k][groups == name]) for k in KS)]
        for name in (SEES, NOT, WHOLE)
        for arm in ARMS
        if arm != "ntlbg"
    ]
    print("\nntlbg minus another selector, 95 % paired intervals over questions\n")
    print(table(["questions", "against", *(f"k = {k}" for k in KS)], against))
    return 0


if __name__ == "__main__":
    command(main)
