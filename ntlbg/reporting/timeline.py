"""The picture of one question: the video's length, where the evidence lies, what was picked, the relevance curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from ntlbg.records.arrays import Array

WIDTH, LEFT, RIGHT = 1080, 74, 12
CURVE_TOP, CURVE_HEIGHT, LANE = 6, 46, 22


def timeline(
    duration_s: float,
    evidence: Sequence[tuple[float, float, float]],
    lanes: Sequence[tuple[str, Sequence[float], Sequence[bool], str]],
    relevance: tuple[Array, Array] | None,
) -> Markup:
    """SVG of fixed width; every string in it is escaped.

    duration_s: > 0. evidence: (start_s, end_s, tolerance_s) each; the tolerance is drawn paler.
    lanes: (label, times in seconds, whether each hits, colour).
    relevance: (timestamps_s [T], relevance [T]), drawn between its own least and greatest value.
    """
    inner = WIDTH - LEFT - RIGHT
    bottom = CURVE_TOP + CURVE_HEIGHT + LANE * len(lanes) + 6

    def x(t: float) -> float:
        return round(LEFT + inner * min(max(t / duration_s, 0.0), 1.0), 1)

    parts: list[str] = [f'<svg class="timeline" viewBox="0 0 {WIDTH} {bottom + 18}" role="img" aria-label="timeline">']
    for name, margin in (("tolerance", 1), ("evidence", 0)):
        for start, end, tolerance in evidence:
            if name == "tolerance" and tolerance == 0:
                continue
            left, right = x(start - margin * tolerance), x(end + margin * tolerance)
            parts.append(
                f'<rect class="{name}" x="{left}" y="{CURVE_TOP - 4}" width="{max(right - left, 2.0):.1f}" '
                f'height="{bottom - CURVE_TOP + 4}"/>'
            )
    parts.append(f'<text class="label" x="0" y="{CURVE_TOP + CURVE_HEIGHT / 2 + 4:.0f}">relevance</text>')
    if relevance is not None:
        parts.append(_curve(x, *relevance))
    for place, (label, times, hit, colour) in enumerate(lanes):
        y = CURVE_TOP + CURVE_HEIGHT + LANE * place + LANE // 2 + 4
        parts.append(f'<text class="label" x="0" y="{y + 4}">{escape(label)}</text>')
        parts.append(f'<line class="lane" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        for t, good in zip(times, hit, strict=True):
            fill = escape(colour) if good else "#ffffff"
            parts.append(
                f'<circle cx="{x(t)}" cy="{y}" r="5" fill="{fill}" stroke="{escape(colour)}" stroke-width="2"/>'
            )
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        parts.append(
            f'<text class="tick" x="{x(share * duration_s)}" y="{bottom + 14}" text-anchor="{anchor}">'
            f"{clock(share * duration_s)}</text>"
        )
    return Markup("".join([*parts, "</svg>"]))


def _curve(x: object, times: Array, values: Array) -> str:
    low, high = float(np.min(values)), float(np.max(values))
    scaled = (np.asarray(values, dtype=np.float64) - low) / (high - low) if high > low else np.zeros(len(values))
    step = max(1, len(scaled) // 1000)  # one peak a pixel is all that can be seen; keep each group's peak
    points = []
    for start in range(0, len(scaled), step):
        peak = start + int(np.argmax(scaled[start : start + step]))
        points.append(
            f"{x(float(times[peak]))},{CURVE_TOP + CURVE_HEIGHT * (1 - float(scaled[peak])):.1f}"  # type: ignore[operator]
        )
    return f'<polyline class="curve" points="{" ".join(points)}"/>'


def clock(seconds: float) -> str:
    """`4:05`, `1:02:03`."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, s = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{s:02d}" if hours else f"{minutes}:{s:02d}"
