"""Every arm on the questions about the film: by what the encoder sees, what no class names, and the whole film."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.film_relevance import NOT, QUESTIONS, SEES, WHOLE, group, items
from benchmarks.selecting.arms import OURS, Arm
from benchmarks.selecting.differences import differences
from benchmarks.selecting.tables import interval, markdown
from ntlbg.api import select_frames
from ntlbg.errors import NTLBGError
from ntlbg.evaluation.evidence import recall
from ntlbg.features.encoders import load_encoder
from ntlbg.features.index import Features
from ntlbg.features.relevance import make_query
from ntlbg.progress import track
from ntlbg.records.arrays import Array

KS = (8, 16, 32)
GROUPS = (SEES, NOT, WHOLE)
# the bar, in points: against which arms, on which questions
BAR = {SEES: (2.0, ("topk_nms", "kdpp", "logdet")), WHOLE: (5.0, ("uniform",))}


def measured(
    questions: Sequence[dict[str, Any]], film: str, arms: Sequence[Arm]
) -> tuple[dict[str, Array], dict[str, str]]:
    """Evidence recall in per cent, arm → [n, K]; and the arms that failed, with the reason."""
    encoder = load_encoder("embedded")
    features: Features = select_frames(film, "anything", 1, selector="uniform", encoder=encoder).features
    found = {arm.name: np.zeros((len(questions), len(KS))) for arm in arms}
    failed: dict[str, str] = {}
    rules = {(arm.name, k): arm.at(k) for arm in arms for k in KS}
    for i, question in enumerate(track(questions, "ask", unit="questions")):
        query, wanted = make_query(question["question"], features, encoder), items(question)
        for (name, k), rule in rules.items():
            if name in failed:
                continue
            try:
                picked = rule.select(features.index, query, k)
            except Exception as error:  # an arm that fails is shown as failed, and the others go on
                failed[name] = f"{type(error).__name__}: {error.sentence if isinstance(error, NTLBGError) else error}"
                continue
            if len(picked) != k:
                failed[name] = f"{len(picked)} frames for k = {k}"
            found[name][i, KS.index(k)] = 100 * (recall(wanted, picked.timestamps_s) or 0.0)
    return {name: values for name, values in found.items() if name not in failed}, failed


def page(found: dict[str, Array], failed: dict[str, str], groups: Array, arms: Sequence[Arm]) -> str:
    """Recall and paired differences in markdown. groups: [n]."""
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
    if failed:
        parts += ["Failed, and so without figures:", *(f"- {name}: {why}" for name, why in failed.items()), ""]
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
    found, failed = measured(told["questions"], told["film"], arms)
    return page(found, failed, np.array([group(q) for q in told["questions"]]), arms)
