"""Two pictures of docs/selection.md: how one question becomes frames, and recall against the number of frames.

Both are drawn on planted videos (generator.py). The same figures give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.selecting.generator import MULTI, Cell, Planted, planted
from benchmarks.selecting.tables import Figures
from ntlbg.records.arrays import Array
from ntlbg.reporting.figures import COLOURS, OURS
from ntlbg.selection import registry
from ntlbg.statistics.robust import robust_z

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = Cell(draw=0, number=0, frames=1200, level=0.90, kind=MULTI)  # of the development draw
K = 8
SHOWN = ("uniform", "topk_nms", "kmedoids", "ntlbg")
LINES = {
    "ntlbg": OURS,
    "logdet": "#9467bd",
    "kdpp": "#c77cba",
    "mdp3": "#5aa7a7",
    "mdp3+": "#5aa7a7",
    "aks": "#a77c5a",
    "kmedoids": COLOURS["kmedoids"],
    "topk_nms": COLOURS["topk_nms"],
    "uniform": COLOURS["uniform"],
    "random": COLOURS["random"],
    "median_shell": "#444444",
}
GREY, EVIDENCE = "#8a8f98", "#f3d9a4"
LABEL_GAP = 2.6  # points of recall between two names at the end of lines


def question() -> bytes:
    """One question through `ntlbg`: its curve, its law, the representatives, and who hits the evidence."""
    shown = planted(CELL)
    rule = registry.make("ntlbg")
    law = rule.law(shown.video, shown.query)  # type: ignore[attr-defined]
    times = shown.video.timestamps_s
    with _style():
        figure, (curve, weights, points, picks) = _axes((2.2, 1.3, 0.7, 1.5))
        for axis in (curve, weights, points, picks):
            for part in shown.evidence.parts:
                for first, last in part.spans:
                    axis.axvspan(first - 1, last, color=EVIDENCE, linewidth=0)
        curve.plot(times, robust_z(shown.query.relevance), color=GREY, linewidth=0.4)
        curve.plot(times, law.z, color=OURS, linewidth=0.9)
        _named(curve, "relevance, robust sd:\nas scored (grey), denoised and\nless its look-alikes' (blue)")
        weights.fill_between(times, len(times) * law.weights, color=OURS, linewidth=0, step="mid")
        weights.axhline(1.0, color=GREY, linewidth=0.5)
        _named(weights, "the question's law,\nin shares of 1/T")
        frames = rule.snapped(law, rule.represent(law, K))  # type: ignore[attr-defined]
        points.vlines(times[frames], 0, 1, color=OURS, linewidth=0.35)
        points.set_yticks([])
        _named(points, f"{len(frames)} representatives")
        _picks(picks, shown)
        picks.set_xlabel("seconds")
        return _png(figure)


def _picks(axis: Any, shown: Planted) -> None:
    """A row of marks for each rule, with the share of the evidence that it sees."""
    names = []
    for row, name in enumerate(reversed(SHOWN)):
        times = registry.make(name).select(shown.video, shown.query, K).timestamps_s
        axis.plot(times, np.full(K, row), "|", color=COLOURS[name], markersize=9, markeredgewidth=1.6)
        names.append(f"{name}  {100 * shown.evidence.recall(times):.0f} %")
    axis.set_yticks(range(len(SHOWN)), names)
    axis.set_ylim(-0.6, len(SHOWN) - 0.4)
    _named(axis, f"{K} frames, and\nthe evidence they see")


def recall(figures: Figures) -> bytes:
    """Mean recall over the three kinds of question against k: `ntlbg`, rules as published, and one tuned for each k,
    which is dashed.
    """
    ks: Array = np.array(figures.ks)
    lines = {name: figures.overall(name) for name in LINES if name in figures.recall}
    with _style():
        figure, (axis,) = _axes((4.4,), width=6.4)
        for name, values in lines.items():
            style = "o--" if name.endswith("+") else "o-"
            axis.plot(ks, values, style, color=LINES[name], linewidth=2.2 if name == "ntlbg" else 1.0, markersize=3)
        for name, height in _apart({name: float(values[-1]) for name, values in lines.items()}).items():
            axis.annotate(name, (ks[-1] * 1.04, height), color=LINES[name], va="center", annotation_clip=False)
        axis.set_xscale("log", base=2)
        axis.set_xticks(ks, [str(k) for k in figures.ks])
        axis.minorticks_off()
        axis.set_xlabel("frames chosen")
        axis.set_ylabel("evidence seen, %")
        return _png(figure)


def _apart(heights: dict[str, float]) -> dict[str, float]:
    """Heights of names, moved up where two would overlap."""
    placed: dict[str, float] = {}
    lowest = -np.inf
    for name in sorted(heights, key=lambda name: heights[name]):
        placed[name] = max(heights[name], lowest)
        lowest = placed[name] + LABEL_GAP
    return placed


def _style() -> Any:
    import matplotlib as mpl

    return mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})


def _axes(heights: Sequence[float], width: float = 8.6) -> tuple[Figure, list[Any]]:
    """Axes under each other that share the horizontal one. heights: inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, sum(heights) + 0.8), layout="constrained")
    axes = figure.subplots(len(heights), sharex=True, height_ratios=list(heights), squeeze=False)
    return figure, list(axes[:, 0])


def _named(axis: Any, text: str) -> None:
    axis.set_ylabel(text, rotation=0, ha="right", va="center")


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()
