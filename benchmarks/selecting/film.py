"""Every arm on the questions about the film: by what the encoder sees, what no class names, and the whole film.

Rows and figures are those of planted videos (measures.row_of, tables.Figures): a question is a video, its group a kind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from benchmarks.film_relevance import NOT, QUESTIONS, SEES, WHOLE, group, items
from benchmarks.selecting import measures
from benchmarks.selecting.arms import OURS, Arm
from benchmarks.selecting.differences import differences
from benchmarks.selecting.generator import Planted
from benchmarks.selecting.tables import MEASURES, Figures, interval, markdown, measure_table
from ntlbg.api import select_frames
from ntlbg.evaluation.evidence import Items, recall
from ntlbg.features.encoders import load_encoder
from ntlbg.features.index import Features
from ntlbg.features.relevance import make_query
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex

KS = (8, 16, 32)
GROUPS = (SEES, NOT, WHOLE)
# the bar, in points: against which arms, on which questions
BAR = {SEES: (2.0, ("topk_nms", "kdpp", "logdet")), WHOLE: (5.0, ("uniform",))}


@dataclass(frozen=True)
class Wanted:
    """The evidence of a question."""

    items: Items

    def recall(self, times_s: Array) -> float:
        """The share of the items that frames at these times show."""
        return recall(self.items, times_s) or 0.0


@dataclass(frozen=True, eq=False)
class Asked:
    """A question with what `measures.row_of` reads of a planted video."""

    video: VideoIndex
    query: Query
    evidence: Wanted
    group: str


def asked(questions: Sequence[dict[str, Any]], film: str) -> list[Asked]:
    """The questions as the embedded encoder reads them, on one index of the film."""
    encoder = load_encoder("embedded")
    features: Features = select_frames(film, "anything", 1, selector="uniform", encoder=encoder).features
    return [
        Asked(features.index, make_query(q["question"], features, encoder), Wanted(items(q)), group(q))
        for q in questions
    ]


def measured(questions: Sequence[Asked], arms: Sequence[Arm], ks: Sequence[int] = KS) -> pd.DataFrame:
    """A row for every question, arm and k."""
    laws = [measures.LAW().law(question.video, question.query) for question in questions]
    rows = []
    # arm by arm: the space that an arm prepares for the film then serves all its questions, and none is timed with it
    for arm in track(arms, "select", unit="arms"):
        for k in ks:
            rule = arm.at(k)
            for number, (question, law) in enumerate(zip(questions, laws, strict=True)):
                facts = {
                    "video": f"{number:04d}",
                    "kind": question.group,
                    "frames": len(question.video),
                    "level": np.nan,
                    "auc": np.nan,
                    "arm": arm.name,
                    "k": k,
                }
                rows.append(facts | measures.row_of(rule, cast("Planted", question), law, k))
    return pd.DataFrame(rows)


def page(f: Figures, arms: Sequence[Arm]) -> str:
    """Recall, errors, evenness and time, and paired differences in markdown."""
    found, groups = f.recall, f.kinds
    parts = ["## The film\n"]
    parts += [f"- {said}" for said in _bar(found, groups)] + [""]
    head = [f"{name} ({int(np.sum(groups == name))})" for name in GROUPS]
    order = sorted(found, key=lambda arm: (-float(found[arm][groups == SEES].mean()), arm))
    body = [
        [
            f"**{name}**" if name == OURS else name,
            *(" ".join(f"{v:.1f}" for v in found[name][groups == of].mean(axis=0)) for of in GROUPS),
        ]
        for name in order
    ]
    parts += [f"Evidence recall in per cent at k = {', '.join(map(str, KS))}.\n", markdown(["arm", *head], body), ""]
    if f.failed:
        parts += ["Failed, and so without figures:", *(f"- {name}: {why}" for name, why in f.failed.items()), ""]
    time = f"processor time, median over {len(groups)} questions, the film's space being prepared"
    parts += ["### Error, evenness, time\n", f"{MEASURES}; {time}.\n", measure_table(f, at=KS), ""]
    if OURS not in found:
        return "\n".join(parts)
    others = [arm.name for arm in arms if arm.name in found and arm.name != OURS]
    for of in GROUPS:
        title = (
            f"### `ntlbg` minus another arm, {of}: 95 % paired intervals over {int(np.sum(groups == of))} questions\n"
        )
        values = {name: recalled[groups == of] for name, recalled in found.items()}
        parts += [title, _differences(values, others), ""]
    return "\n".join(parts)


def _differences(values: dict[str, Array], others: Sequence[str]) -> str:
    """A row for every other arm, the nearest first. values: arm → [n, K]."""
    views = [{name: v[:, i] for name, v in values.items()} for i in range(len(KS))]
    views.append({name: v.mean(axis=1) for name, v in values.items()})
    columns = [{d.against: d for d in differences(view[OURS], {n: view[n] for n in others})} for view in views]
    body = [
        [name, *(interval(column[name]) for column in columns), f"{columns[-1][name].holm:.3f}"]
        for name in sorted(others, key=lambda name: (columns[-1][name].delta, name))
    ]
    return markdown(["against", *(f"k = {k}" for k in KS), "average", "p (Holm)"], body)


def _bar(found: dict[str, Array], groups: Array) -> list[str]:
    """A sentence for everything that was asked and can be judged, the misses first."""
    said = []
    for of, (margin, names) in BAR.items():
        for name in names:
            if name not in found or OURS not in found:
                continue
            gaps = (found[OURS] - found[name])[groups == of].mean(axis=0)
            for k, gap in zip(KS, gaps, strict=True):
                holds = gap >= -margin
                said.append((holds, f"{of}, at most {margin:.0f} below {name} at k = {k}: {gap:+.1f}"))
    return [f"{'holds' if holds else 'missed'}: {text}" for holds, text in sorted(said, key=lambda s: s[0])]


def table(arms: Sequence[Arm]) -> str:
    """The page of all development questions."""
    told = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    rows = measured(asked(told["questions"], told["film"]), arms)
    return page(Figures.of(rows, arms), arms)
