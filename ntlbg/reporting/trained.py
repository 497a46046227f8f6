"""What training brings, in sentences made from the numbers: stage by stage, against the same training on uniform's
picks, and against full frames at an equal number of visual tokens. A stage that does not help is said not to.

The sentences are over the videos of all benchmarks together; the tables show each benchmark as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ntlbg.evaluation.arms import REFERENCES
from ntlbg.evaluation.families import GAINS, OURS, SELECTORS, STAGES, TOKENS
from ntlbg.evaluation.params import FULL, MODELS, UNTRAINED, of_name
from ntlbg.reporting.verdict import LOSS, POOLED, TIE, WIN, failed, figures_of, outcome
from ntlbg.reporting.words import IN_A_SENTENCE, benchmark_name, is_frames, listed

TITLE = "What training brings"
PRESENTATIONS = ("frames", "rich", "hybrid")
PHRASES = {WIN: "more right answers on", LOSS: "fewer right answers on", TIE: "no significant difference on"}
TOLD = (SELECTORS, STAGES, GAINS, TOKENS)  # families, in this order
TIES_TOLD = ("all", "one_moment")  # the tables have the others; what is won or lost is always told


@dataclass(frozen=True)
class Part:
    """One benchmark, or all of them together. arms, paired: as in `comparison.json`, those that belong here."""

    title: str
    questions: int
    videos: int
    arms: list[dict[str, Any]]
    paired: list[dict[str, Any]]


@dataclass(frozen=True)
class Training:
    """parts: the first holds all benchmarks where there is more than one, and the sentences are over it.

    ours: sentences on ntlbg's picks. others: the same of the other selectors' picks.
    """

    parts: list[Part]
    ours: list[str]
    others: list[str]

    @property
    def sentences(self) -> list[str]:
        return [*self.ours, *self.others]


def training(comparison: dict[str, Any]) -> Training | None:
    """What the numbers say of the trained arms; None where none was asked."""
    benchmarks = comparison["benchmarks"]
    if not any(is_trained(arm) for figures in benchmarks.values() for arm in figures["arms"]):
        return None
    parts = [_part(benchmark_name(name), figures) for name, figures in benchmarks.items()]
    if len(parts) > 1 and comparison.get("pooled"):
        parts.insert(0, _part(POOLED, comparison["pooled"]))
    told = _sentences(parts[0])
    ours = [sentence for selector, sentence in told if selector in (OURS, "")]
    return Training(parts, ours, [sentence for selector, sentence in told if selector not in (OURS, "")])


def is_trained(arm: dict[str, Any]) -> bool:
    """Whether a model of `models/` answers for the arm, the untrained one included."""
    return not is_frames(arm) and arm["selector"] not in REFERENCES


def is_of_training(entry: dict[str, Any], arms: dict[str, dict[str, Any]]) -> bool:
    """Whether a paired difference belongs here. arms: by name."""
    return is_trained(arms[entry["arm"]]) or is_trained(arms[entry["against"]])


def _part(title: str, figures: dict[str, Any]) -> Part:
    arms = {arm["arm"]: arm for arm in figures["arms"]}
    selectors = {arm["selector"] for arm in figures["arms"] if is_trained(arm)}
    shown = [arm for arm in figures["arms"] if arm["selector"] in selectors or arm["selector"] in REFERENCES]
    paired = [entry for entry in figures["paired"] if is_of_training(entry, arms)]
    return Part(title, figures["questions"], figures["videos"], sorted(shown, key=_place), paired)


def _place(arm: dict[str, Any]) -> tuple[Any, ...]:
    """ntlbg first, then by presentation and stage of training; the bounds last."""
    if arm["selector"] in REFERENCES:
        return (1, REFERENCES.index(arm["selector"]), arm["k"])
    presentation, model = of_name(arm["presentation"])
    stage = MODELS.index(model) if model else -1
    return (0, arm["selector"] != OURS, arm["selector"], PRESENTATIONS.index(presentation), stage, arm["k"])


def _sentences(part: Part) -> list[tuple[str, str]]:
    """(selector whose picks it is about, sentence); "" where it is about the run."""
    arms = {arm["arm"]: arm for arm in part.arms}
    broken = [arm["arm"] for arm in part.arms if is_trained(arm) and failed(arm)]
    found = [("", f"Nothing was answered by {listed(broken)}: all rows are errors.")] if broken else []
    for (name, arm, against), entries in _by_pair(part.paired, arms).items():
        ours, other = arms[arm], arms[against]
        model = of_name(ours["presentation"])[1]
        picks = f"{ours['selector']}'s picks"
        sentence = ""
        if name == SELECTORS and (ours["selector"], model) == (OURS, FULL):
            sentence = f"{presented(ours)}, trained on {picks}, against the same trained on {other['selector']}'s"
        elif name == STAGES:
            before = of_name(other["presentation"])[1]
            against_what = "no training" if before == UNTRAINED else f"stage {before}"
            sentence = f"Stage {model} {_help(entries)} {presented(ours)} on {picks}, compared with {against_what}"
        elif name == GAINS:
            what = "the blind arm" if other["selector"] in REFERENCES else "the untrained model"
            sentence = f"{presented(ours)}, trained on {picks}, against {what}"
        elif name == TOKENS:
            tokens = ours["visual_tokens"]
            sentence = f"At {tokens} visual tokens of {picks}, {presented(ours)} against {presented(other)}"
        if sentence:
            found.append((str(ours["selector"]), f"{sentence[0].upper()}{sentence[1:]}: {_clauses(entries)}."))
    return found


def presented(arm: dict[str, Any]) -> str:
    """`rich (48 points)`, `frames (8)`, `frames (8), trained`."""
    presentation, model = of_name(arm["presentation"])
    if presentation == "frames":
        return f"frames ({arm['k']})" + (", trained" if model else "")
    return f"{presentation} ({arm['k']} {'points' if presentation == 'rich' else 'frames and points'})"


def _by_pair(
    paired: Iterable[dict[str, Any]], arms: dict[str, dict[str, Any]]
) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """The entries on accuracy by family, arm and against: family by family, ntlbg first, in the order of training."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for entry in paired:
        if entry.get("family") in TOLD and entry["metric"] == "accuracy":
            found.setdefault((entry["family"], entry["arm"], entry["against"]), []).append(entry)
    order = sorted(found, key=lambda pair: (TOLD.index(pair[0]), _place(arms[pair[1]]), _place(arms[pair[2]])))
    return {pair: found[pair] for pair in order}


def _help(entries: Sequence[dict[str, Any]]) -> str:
    """One verb for a stage, over all questions and every kind."""
    outcomes = {outcome(entry) for entry in entries}
    if WIN in outcomes:
        return "helps and harms" if LOSS in outcomes else "helps"
    return "harms" if LOSS in outcomes else "does not help"


def _clauses(entries: Sequence[dict[str, Any]]) -> str:
    """`more right answers on …; no significant difference on …`, each with its figures."""
    clauses = []
    for wanted, phrase in PHRASES.items():
        part = [entry for entry in entries if outcome(entry) == wanted]
        if wanted == TIE:
            part = [entry for entry in part if entry["kind"] in TIES_TOLD]
        if part:
            each = [f"{IN_A_SENTENCE[entry['kind']]} {figures_of(entry)}" for entry in part]
            clauses.append(f"{phrase} {listed(each)}")
    return "; ".join(clauses) if clauses else "nothing that the numbers could tell apart"
