"""What a relevance curve tells of itself, and whether that says when a sharper trade-off pays.

Every question is selected for twice, with `ntlbg` as for a flat curve and as for a sharp one, whatever its curve. A
signal is worth something if it goes along with the gain in recall, mean over k. Only what has been seen is used: the
film's development questions and draw 0 of the planted videos. Signals are read off the denoised curve z, [T].
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.film_relevance import NOT, QUESTIONS, SEES, group, items
from benchmarks.selecting import generator
from benchmarks.selecting.tables import markdown
from benchmarks.selecting.tuning import DRAW
from ntlbg.api import select_frames
from ntlbg.evaluation.evidence import recall
from ntlbg.features.encoders import load_encoder
from ntlbg.features.index import Features
from ntlbg.features.relevance import make_query
from ntlbg.progress import track
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.statistics.robust import excess_kurtosis

VIDEOS = 90  # of draw 0
KS = (8, 16, 32)
WHOLE = "the whole"
ADAPTIVE = NTLBG(wording=False)
FLAT = replace(ADAPTIVE, sharp_weight=1.0, sharp_share=ADAPTIVE.time_share, sharp_width_s=ADAPTIVE.time_width_s)
SHARP = replace(
    FLAT,
    relevance_weight=ADAPTIVE.relevance_weight * ADAPTIVE.sharp_weight,
    time_share=ADAPTIVE.sharp_share,
    time_width_s=ADAPTIVE.sharp_width_s,
    sharp_share=ADAPTIVE.sharp_share,
    sharp_width_s=ADAPTIVE.sharp_width_s,
)
Signal = Callable[[Array, float], float]


def _mixture(z: Array) -> tuple[float, float]:
    """Distance of the means of a mixture of two normal laws in sd, and the share of the upper one."""
    from sklearn.mixture import GaussianMixture

    if np.ptp(z) == 0:
        return 0.0, 0.0
    fitted = GaussianMixture(2, random_state=0, reg_covar=1e-3).fit(z[:, None])
    means, variances = fitted.means_[:, 0], fitted.covariances_[:, 0, 0]
    upper = int(np.argmax(means))
    return float(np.ptp(means) / np.sqrt(variances.mean())), float(fitted.weights_[upper])


def _smoothness(z: Array) -> float:
    """Correlation of neighbours."""
    return float(np.corrcoef(z[1:], z[:-1])[0, 1]) if np.ptp(z) > 0 else 0.0


SIGNALS: dict[str, Signal] = {
    "excess kurtosis (kept)": lambda z, _: excess_kurtosis(z),
    "trust": lambda _, trust: trust,
    "height of the peak": lambda z, _: float(z.max()),
    "height of the 99 % point": lambda z, _: float(np.quantile(z, 0.99)),
    "correlation of neighbours": lambda z, _: _smoothness(z),
    "two normal laws: distance": lambda z, _: _mixture(z)[0],
    "two normal laws: the upper one is rare": lambda z, _: -_mixture(z)[1],
}

Case = tuple[str, VideoIndex, Query, Callable[[Array], float], dict[str, float]]


def planted_cases(videos: int = VIDEOS) -> list[Case]:
    """Planted videos of the draw that was tuned on."""
    cases: list[Case] = []
    for cell in generator.cells(DRAW, videos):
        made = generator.planted(cell)
        name = "planted, " + (WHOLE if cell.kind == generator.WHOLE else "moments")
        cases.append((name, made.video, made.query, made.evidence.recall, {}))
    return cases


def film_cases() -> list[Case]:
    """The film's development questions, with how far two readings of a question agree."""
    encoder = load_encoder("embedded")
    told: dict[str, Any] = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    features: Features = select_frames(told["film"], "anything", 1, selector="uniform", encoder=encoder).features
    cases: list[Case] = []
    for question in told["questions"]:
        query = make_query(question["question"], features, encoder)
        again = make_query("a photo of " + encoder.phrase(question["question"]), features, encoder)
        wanted = items(question)
        of = group(question)
        name = "film, " + ({SEES: "seen", NOT: "not seen"}.get(of, WHOLE))
        agree = float(spearmanr(query.relevance, again.relevance).statistic)
        cases.append((name, features.index, query, lambda t, w=wanted: recall(w, t) or 0.0, {"agreement": agree}))
    return cases


def measured(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """One row a question: the signals, and recall in per cent (mean over k) of the three forms of the rule."""
    rows = []
    for name, video, query, score, more in track(cases, "select", unit="questions"):
        law = ADAPTIVE.law(video, query)
        row: dict[str, Any] = {"of": name, **{s: read(law.z, law.trust) for s, read in SIGNALS.items()}}
        row |= {"agreement of two phrasings": more["agreement"]} if more else {}
        for form, rule in (("flat", FLAT), ("sharp", SHARP), ("adaptive", ADAPTIVE)):
            row[form] = 100 * float(np.mean([score(rule.select(video, query, k).timestamps_s) for k in KS]))
        rows.append(row)
    return rows


def page(rows: Sequence[dict[str, Any]]) -> str:
    """Recall of the three forms, and the rank correlation of each signal with the gain of the sharp one."""
    groups = sorted({row["of"] for row in rows})
    forms, along = [], []
    for of in groups:
        own = [row for row in rows if row["of"] == of]
        forms.append(
            [f"{of} ({len(own)})", *(f"{np.mean([r[f] for r in own]):.1f}" for f in ("flat", "sharp", "adaptive"))]
        )
    for signal in [*SIGNALS, "agreement of two phrasings"]:
        cells = []
        for of in groups:
            own = [row for row in rows if row["of"] == of and signal in row]
            if not own:
                cells.append("")
                continue
            found = spearmanr([r[signal] for r in own], [r["sharp"] - r["flat"] for r in own])
            cells.append(f"{found.statistic:+.2f} ({found.pvalue:.3f})")
        along.append([signal, *cells])
    return "\n".join(
        [
            f"Recall in per cent, mean over k = {', '.join(map(str, KS))}, words not read.\n",
            markdown(["questions", "as for a flat curve", "as for a sharp one", "adaptive"], forms),
            "\nRank correlation of a signal with what the sharp form gains over the flat one (p).\n",
            markdown(["signal", *groups], along),
            "",
        ]
    )
