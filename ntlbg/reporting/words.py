"""How names and figures are written, the same in the verdict, the tables and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ALPHA = 0.05  # below it, after Holm's correction, a difference is called a win or a loss
MINUS = "−"

KINDS = {
    "all": "all",
    "one_moment": "one moment",
    "several_moments": "several moments",
    "whole_video": "whole video",
}
IN_A_SENTENCE = {
    "all": "all questions",
    "one_moment": "one-moment questions",
    "several_moments": "several-moments questions",
    "whole_video": "whole-video questions",
}
METRICS = {"accuracy": "accuracy", "evidence_recall": "evidence recall"}
BENCHMARKS = {"longvideobench": "LongVideoBench", "videomme": "Video-MME", "mlvu": "MLVU"}
ORDER = ("uniform", "random", "topk_nms", "kmedoids")  # baselines first, ntlbg after all rivals, bounds last
LAST = ("ntlbg", "blind", "oracle")


def benchmark_name(name: str) -> str:
    """The benchmark as its authors write it."""
    return BENCHMARKS.get(name, name)


def percent(share: float | None) -> str:
    """`61.3 %`; an en dash where there is no figure."""
    return "–" if share is None else f"{100 * share:.1f} %"


def bounds(ci: Sequence[float] | None) -> str:
    """`55.0–67.1`, in percent; "" where there is no interval."""
    return "" if ci is None else f"{100 * ci[0]:.1f}–{100 * ci[1]:.1f}"


def points(difference: float) -> str:
    """`+12.3`, in points of a percent scale."""
    value = round(100 * difference, 1)
    if value == 0:
        return "0.0"
    return f"{'+' if value > 0 else MINUS}{abs(value):.1f}"


def point_bounds(ci: Sequence[float] | None) -> str:
    """`+8.0 to +16.1`, in points."""
    return "no interval: one video" if ci is None else f"{points(ci[0])} to {points(ci[1])}"


def p_value(p: float | None) -> str:
    """`0.034`, `0.0002`, or `< 0.0001`."""
    if p is None:
        return "–"
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_equals(p: float | None) -> str:
    """`p = 0.034` or `p < 0.0001`."""
    text = p_value(p)
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def is_frames(arm: dict[str, Any]) -> bool:
    """Whether an arm is one of those that need no training: full frames, read by the language model as it is."""
    return bool(arm["presentation"] == "frames")


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def in_order(arms: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Arms as every table shows them: by k, baselines, rivals by name, ntlbg, blind, oracle."""

    def place(arm: dict[str, Any]) -> tuple[int, int, int, str]:
        name = arm["selector"]
        if name in LAST:
            group, rank = (1, LAST.index(name))
        else:
            group, rank = (0, ORDER.index(name) if name in ORDER else len(ORDER))
        return group, rank, arm["k"], name

    ks = sorted({arm["k"] for arm in arms if arm["selector"] not in ("blind", "oracle")})
    found = []
    for k in ks:
        found += sorted((a for a in arms if a["k"] == k and a["selector"] not in ("blind", "oracle")), key=place)
    return found + sorted((a for a in arms if a["selector"] in ("blind", "oracle")), key=place)
