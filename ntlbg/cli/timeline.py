"""The whole video on one line: the relevance curve, the picks, and the share of the video each stands for."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from ntlbg.cli.contact_sheet import ACCENT, FAINT, INK
from ntlbg.cli.text import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ntlbg.api import Chosen

CURVE = "#31688e"


def timeline(chosen: Chosen) -> bytes:
    """A PNG, 1,440 pixels wide."""
    from matplotlib import figure as figures
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    times, relevance = chosen.features.index.timestamps_s, chosen.query.relevance
    picked = chosen.selection
    figure = figures.Figure(figsize=(9.6, 3.3), dpi=150, facecolor="white", layout="constrained")
    top, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    top.fill_between(times, relevance, relevance.min(), color=CURVE, alpha=0.15, linewidth=0)
    top.plot(times, relevance, color=CURVE, linewidth=0.9, label="relevance")
    top.vlines(picked.timestamps_s, relevance.min(), relevance[picked.indices], color=ACCENT, linewidth=1.0)
    top.plot(picked.timestamps_s, relevance[picked.indices], "o", color=ACCENT, markersize=5, label="chosen frames")
    for rank, (x, y) in enumerate(zip(picked.timestamps_s, relevance[picked.indices], strict=True), 1):
        if len(picked) <= 32:
            top.annotate(str(rank), (x, y), (0, 5), textcoords="offset points", ha="center", fontsize=7.5, color=INK)
    top.margins(y=0.18)
    top.set_ylim(bottom=float(relevance.min()))
    top.set_ylabel("relevance", fontsize=8, color=FAINT)
    # a dollar sign would start mathematics
    title = " ".join(plain(chosen.query.text).split()).replace("$", r"\$")
    top.set_title(title if len(title) <= 110 else title[:109] + "…", loc="left", fontsize=10, color=INK, weight="bold")
    top.legend(loc="upper right", fontsize=7.5, frameon=False, ncols=2, bbox_to_anchor=(1, 1.17))
    span = max(float(times[-1] - times[0]), 1e-9)
    below.bar(picked.timestamps_s, picked.masses, width=span / 120, color=ACCENT)
    below.set_ylabel("mass", fontsize=8, color=FAINT)
    below.set_ylim(0, float(np.max(picked.masses)) * 1.15)
    below.set_xlim(float(times[0]) - span * 0.01, float(times[-1]) + span * 0.01)
    below.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 3, 6, 10], integer=True))
    below.xaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{int(s) // 60}:{int(s) % 60:02d}"))
    below.yaxis.set_major_formatter(FuncFormatter(lambda m, _: f"{m:.0%}"))
    below.yaxis.set_major_locator(MaxNLocator(2))
    for axes in (top, below):
        axes.tick_params(labelsize=7.5, colors=FAINT, length=3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color("#c9c7c1")
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks is drawn as a box; that is all
        _save(figure, out)
    return out.getvalue()


def _save(figure: Figure, out: io.BytesIO) -> None:
    # no date and no version in the file: equal selections, equal bytes
    figure.savefig(out, format="png", metadata={"Software": None})
