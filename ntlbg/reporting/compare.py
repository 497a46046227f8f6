"""Compare the arms over all benchmarks; write `comparison.json`, `.md` and `.html`. Same rows, same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntlbg.evaluation.evidence import read_evidence
from ntlbg.evaluation.picking import Videos
from ntlbg.evaluation.questions import read_questions
from ntlbg.evaluation.relevance_auc import relevance_auc
from ntlbg.evaluation.summary import summarise
from ntlbg.reporting.examples import build, choose
from ntlbg.reporting.page import page
from ntlbg.reporting.params import ReportingParams
from ntlbg.reporting.table import markdown
from ntlbg.store import write_atomic

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "ntlbg-comparison-1"
DIGITS = 6  # significant digits of every figure written


def compare(
    evaluations: dict[str, pd.DataFrame],
    *,
    tier: str,
    seed: int,
    accepted: Path,
    frames: Path,
    features: Path,
    encoder: Path,
    evidence: Path,
    params: ReportingParams,
    into: Path,
    tokens: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The content of `comparison.json`; writes it, the Markdown and the page into folder `into`.

    evaluations: benchmark → its rows, in the order in which they are to be shown. accepted, frames, features,
    encoder, evidence: where the stages left them. tokens: arm → visual tokens that the language model reads, where
    trained models were asked. Raises InputError when a file cannot be read.
    """
    import pandas as pd

    from ntlbg.features.encoders import load_encoder
    from ntlbg.video.source import FrameSource

    questions = {name: read_questions(accepted, name) for name in evaluations}
    known = read_evidence(evidence)
    videos = Videos.read(frames, features)
    text_encoder = load_encoder(encoder)
    options = {q.question_id: len(q.options) for asked in questions.values() for q in asked}
    settings: dict[str, Any] = {"resamples": params.bootstrap, "permutations": params.permutations, "seed": seed}
    benchmarks: dict[str, Any] = {}
    for name, rows in evaluations.items():
        figures = summarise(rows, options, tokens=tokens, **settings)
        auc = relevance_auc(questions[name], known, videos=videos, encoder=text_encoder)
        benchmarks[name] = {
            "questions": figures["questions"],
            "videos": figures["videos"],
            "chance": figures["chance"],
            "relevance_auc": auc,
            "arms": figures["arms"],
            "paired": figures["paired"],
        }
    # ids are unique over all benchmarks, so their rows make one table, whose videos are the units of its tests
    pooled = summarise(pd.concat(evaluations.values(), ignore_index=True), options, tokens=tokens, **settings)
    comparison = rounded({"schema": SCHEMA, "tier": tier, "seed": seed, "benchmarks": benchmarks, "pooled": pooled})
    source = FrameSource(frames, pd.read_parquet(accepted / "videos.parquet"))
    examples = [
        build(
            question,
            evaluations[question.benchmark],
            evidence=known,
            videos=videos,
            frames=source,
            encoder=text_encoder,
            width=params.thumbnail_width,
        )
        for question in choose(questions, params.examples, seed)
    ]
    html = page(comparison, examples, title=params.title)
    write_atomic(into / "comparison.html", html)
    write_atomic(into / "comparison.md", markdown(comparison))
    write_atomic(into / "comparison.json", json.dumps(comparison, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return comparison


def rounded(value: Any) -> Any:
    """Every float to `DIGITS` significant digits, so that the last bits of a sum are not tracked."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value
