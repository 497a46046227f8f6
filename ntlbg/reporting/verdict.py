"""The verdict: sentences made from the numbers of `comparison.json`, whoever wins.

It is of what everybody can have without training: selectors compared by the full frames that they choose. What
training brings is told apart, in `trained`.
A difference is a win or a loss when its Holm-corrected p of the sign-flip test is below 0.05; otherwise no difference
is shown, which does not prove that there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ntlbg.reporting.words import (
    ALPHA,
    IN_A_SENTENCE,
    METRICS,
    benchmark_name,
    is_frames,
    listed,
    p_equals,
    percent,
    point_bounds,
    points,
)

WIN, TIE, LOSS = "win", "tie", "loss"
POOLED = "All benchmarks"
PHRASES = {WIN: "ntlbg wins on", TIE: "no significant difference on", LOSS: "ntlbg loses on"}


@dataclass(frozen=True)
class Finding:
    """One paired difference of ntlbg against uniform, and what to call it."""

    benchmark: str
    k: int
    metric: str
    kind: str
    outcome: str
    entry: dict[str, Any]

    @property
    def figures(self) -> str:
        """`(+12.3 points, +8.0 to +16.1, p = 0.0008)`."""
        return figures_of(self.entry)


@dataclass(frozen=True)
class Verdict:
    """headline: over all benchmarks. notes: per benchmark, its sentences. findings: what they were made from.

    pooled: sentences and findings over the videos of all benchmarks together; empty where there is only one.
    """

    headline: str
    notes: dict[str, list[str]]
    findings: list[Finding]
    pooled: list[str] = field(default_factory=list)
    pooled_findings: list[Finding] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Headline and notes as plain lines."""
        lines = [self.headline]
        if self.pooled:
            lines.append(f"{POOLED}: {' '.join(self.pooled)}")
        for name, sentences in self.notes.items():
            lines.append(f"{benchmark_name(name)}: {' '.join(sentences)}")
        return "\n".join(lines)


def figures_of(entry: dict[str, Any]) -> str:
    """`(+12.3 points, +8.0 to +16.1, p = 0.0008)`: the difference, its interval, and p after Holm's correction."""
    return f"({points(entry['delta'])} points, {point_bounds(entry['ci'])}, {p_equals(entry['p_holm'])})"


def outcome(entry: dict[str, Any]) -> str:
    """Win, loss, or no difference shown."""
    if entry["p_holm"] is None or entry["p_holm"] >= ALPHA or entry["delta"] == 0:
        return TIE
    return WIN if entry["delta"] > 0 else LOSS


def verdict(comparison: dict[str, Any]) -> Verdict:
    """What the numbers say of ntlbg against uniform, and against the best of the others."""
    findings: list[Finding] = []
    notes: dict[str, list[str]] = {}
    for name, figures in comparison["benchmarks"].items():
        own = _findings(name, figures)
        findings += own
        notes[name] = [*_failures(figures), *_sentences(own), *_best(figures), _relevance(figures)]
    headline = " ".join([*_all_failures(comparison), _headline(findings)])
    pooled = comparison.get("pooled")
    if pooled is None or len(comparison["benchmarks"]) < 2:
        return Verdict(headline, notes, findings)
    together = _findings(POOLED, pooled)
    return Verdict(headline, notes, findings, _sentences(together), together)


def failed(arm: dict[str, Any]) -> bool:
    """Whether every row of an arm is an error: its accuracy of 0 says nothing of its frames.

    An oracle that had no evidence to show was not asked, which is no failure.
    """
    unasked = arm["selector"] == "oracle" and arm["accuracy"] is None
    return bool(arm["answered"] == 0 and arm["errors"] > 0 and not unasked)


def _failures(figures: dict[str, Any]) -> list[str]:
    names = [arm["arm"] for arm in figures["arms"] if failed(arm)]
    if not names:
        return []
    return [f"Nothing was answered by {listed(names)}: all rows are errors, each of which counts as wrong."]


def _all_failures(comparison: dict[str, Any]) -> list[str]:
    """Where arms answered nothing, said before any result: a difference to such an arm is no difference of frames."""
    places: dict[tuple[str, ...], list[str]] = {}
    for name, figures in comparison["benchmarks"].items():
        names = tuple(arm["arm"] for arm in figures["arms"] if failed(arm))
        if names:
            places.setdefault(names, []).append(benchmark_name(name))
    return [
        f"On {listed(benchmarks)} nothing was answered by {listed(names)}: all rows are errors."
        for names, benchmarks in places.items()
    ]


def _findings(name: str, figures: dict[str, Any]) -> list[Finding]:
    arms = {arm["arm"]: arm for arm in figures["arms"]}
    found = []
    for entry in figures["paired"]:
        arm, against = arms[entry["arm"]], arms[entry["against"]]
        if (arm["selector"], against["selector"]) == ("ntlbg", "uniform") and is_frames(arm) and is_frames(against):
            found.append(Finding(name, arm["k"], entry["metric"], entry["kind"], outcome(entry), entry))
    return found


def _headline(findings: list[Finding]) -> str:
    if not findings:
        return "No paired comparison of ntlbg with uniform sampling could be made."
    sentences = []
    for k in sorted({f.k for f in findings}):
        frames = f"With {k} frame{'s' if k != 1 else ''}, "
        opening = {"accuracy": f"{frames}ntlbg ", "evidence_recall": f"{frames}in evidence recall ntlbg "}
        for metric in METRICS:
            part = [f for f in findings if (f.k, f.metric, f.kind) == (k, metric, "all")]
            if not part:
                continue
            better, worse = (
                ("answers more questions right than", "fewer than")
                if metric == "accuracy"
                else ("sees more of the evidence than", "less than")
            )
            clauses = []
            for wanted, phrase in (
                (WIN, f"{better} uniform sampling on"),
                (LOSS, f"{'answers' if metric == 'accuracy' else 'sees'} {worse} uniform sampling on"),
                (TIE, "shows no significant difference from uniform sampling on"),
            ):
                named = [
                    f"{benchmark_name(f.benchmark)} ({points(f.entry['delta'])} points)"
                    for f in part
                    if f.outcome == wanted
                ]
                if named:
                    clauses.append(f"{phrase} {listed(named)}")
            sentences.append(opening[metric] + "; it ".join(clauses) + ".")
            opening["evidence_recall"] = "In evidence recall it "
    return " ".join(sentences)


def _sentences(findings: list[Finding]) -> list[str]:
    sentences = []
    for k in sorted({f.k for f in findings}):
        for metric, metric_name in METRICS.items():
            clauses = []
            for wanted in (WIN, LOSS, TIE):
                part = [f for f in findings if (f.k, f.metric, f.outcome) == (k, metric, wanted)]
                if part:
                    each = [f"{IN_A_SENTENCE[f.kind]} {f.figures}" for f in part]
                    clauses.append(f"{PHRASES[wanted]} {listed(each)}")
            if clauses:
                sentences.append(f"{metric_name.capitalize()} at k = {k}: {'; '.join(clauses)}.")
    return sentences


def _best(figures: dict[str, Any]) -> list[str]:
    """Which selector stands highest in accuracy, ntlbg or not."""
    sentences = []
    selector_of = {a["arm"]: a["selector"] for a in figures["arms"]}
    arms = [a for a in figures["arms"] if a["selector"] not in ("blind", "oracle") and is_frames(a)]
    for k in sorted({a["k"] for a in arms}):
        known = [a for a in arms if a["k"] == k and a["accuracy"] is not None]
        if not known:
            continue
        top = max(a["accuracy"] for a in known)
        best = [a for a in known if a["accuracy"] == top]
        names = listed([a["arm"] for a in best])
        sentence = f"Highest accuracy of the selectors at k = {k}: {names} ({percent(top)})"
        if all(a["selector"] != "ntlbg" for a in best):
            duel = [
                e
                for e in figures["paired"]
                if (e["against"], e["kind"], e["metric"]) == (best[0]["arm"], "all", "accuracy")
                and selector_of[e["arm"]] == "ntlbg"
            ]
            if duel:
                e = duel[0]
                sentence += (
                    f"; ntlbg against {best[0]['arm']}: {points(e['delta'])} points"
                    f" ({point_bounds(e['ci'])}, {p_equals(e['p_holm'])})"
                )
        sentences.append(sentence + ".")
    return sentences


def _relevance(figures: dict[str, Any]) -> str:
    auc = figures["relevance_auc"]
    if auc is None:
        return "No evidence is known, so nothing can be said of how well relevance finds it."
    return f"Relevance alone tells evidence frames from the others with an AUC of {auc:.3f} (0.5 is chance)."
