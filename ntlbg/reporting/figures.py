"""Figures as static SVG: no script in the page. The same comparison gives the same bytes."""

from __future__ import annotations

import re
from typing import Any

from ntlbg.reporting.words import KINDS, METRICS, benchmark_name, in_order, is_frames

OURS = "#0b6e99"
COLOURS = {
    "uniform": "#8a8f98",
    "random": "#c2a46b",
    "topk_nms": "#b0665c",
    "kmedoids": "#7a8c5a",
    "ntlbg": OURS,
    "blind": "#d5d8dd",
    "oracle": "#8d7fb3",
}
OTHERS = ("#9467bd", "#c77cba", "#5aa7a7", "#a77c5a", "#6b7fd7", "#8c6d31")  # further rivals, by name
FONT = "Helvetica, Arial, Liberation Sans, sans-serif"


def colours(selectors: list[str]) -> dict[str, str]:
    """A fixed colour for each selector."""
    unknown = sorted(set(selectors) - set(COLOURS))
    return COLOURS | {name: OTHERS[i % len(OTHERS)] for i, name in enumerate(unknown)}


def forest(comparison: dict[str, Any]) -> str | None:
    """Paired differences against uniform with 95 % intervals, by benchmark, kind and metric; None without any."""
    records: list[dict[str, Any]] = []
    order: list[Any] = []
    for name, figures in comparison["benchmarks"].items():
        arms = {arm["arm"]: arm for arm in figures["arms"]}
        order += [a["arm"] for a in in_order(figures["arms"]) if a["arm"] not in order]
        for entry in figures["paired"]:
            if arms[entry["against"]]["selector"] != "uniform" or not is_frames(arms[entry["arm"]]):
                continue
            low, high = entry["ci"] or (entry["delta"], entry["delta"])
            records.append(
                {
                    "benchmark": benchmark_name(name),
                    "metric": METRICS[entry["metric"]],
                    "kind": KINDS[entry["kind"]],
                    "arm": entry["arm"],
                    "selector": arms[entry["arm"]]["selector"],
                    "delta": 100 * entry["delta"],
                    "low": 100 * low,
                    "high": 100 * high,
                }
            )
    if not records:
        return None
    import altair as alt

    names = [name for name in order if any(r["arm"] == name for r in records)]
    selector_of = {r["arm"]: r["selector"] for r in records}
    palette = colours(list(selector_of.values()))
    scale = alt.Scale(domain=names, range=[palette[selector_of[name]] for name in names])
    span = [min(0.0, *(r["low"] for r in records)), max(0.0, *(r["high"] for r in records))]
    y = alt.Y("kind:N", sort=list(KINDS.values()), title=None)
    data = alt.Data(values=records)
    base = alt.Chart(data).encode(
        y=y,
        yOffset=alt.YOffset("arm:N", sort=names),
        color=alt.Color(
            "arm:N", scale=scale, sort=names, title=None, legend=alt.Legend(orient="top", labelFontSize=12)
        ),
    )
    axis = alt.Axis(tickCount=6, labelOverlap=True)
    x = alt.X("delta:Q", title="difference to uniform, points", scale=alt.Scale(domain=span), axis=axis)
    lines = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=alt.Scale(domain=span)), x2="high:Q")
    dots = base.mark_point(filled=True, size=42, opacity=1).encode(x=x)
    zero = alt.Chart(data).mark_rule(color="#3d4450", strokeDash=[3, 3]).encode(x=alt.datum(0))
    chart = (
        alt.layer(zero, lines, dots)
        .properties(width=400, height=alt.Step(max(26, 11 * len(names)) / len(names)))
        .facet(
            row=alt.Row(
                "benchmark:N",
                title=None,
                sort=[benchmark_name(name) for name in comparison["benchmarks"]],
                header=alt.Header(labelAngle=0, labelAlign="left", labelFontWeight="bold", labelFontSize=13),
            ),
            column=alt.Column(
                "metric:N",
                title=None,
                sort=list(METRICS.values()),
                header=alt.Header(labelFontWeight="bold", labelFontSize=13),
            ),
        )
        .resolve_scale(x="shared")
    )
    return svg(chart)


def bars(comparison: dict[str, Any]) -> str | None:
    """Accuracy and evidence recall of every arm over all questions, with 95 % intervals and chance."""
    records: list[dict[str, Any]] = []
    order: list[Any] = []
    for name, figures in comparison["benchmarks"].items():
        shown = [arm for arm in figures["arms"] if is_frames(arm)]
        order += [a for a in in_order(shown) if a["arm"] not in [o["arm"] for o in order]]
        for arm in shown:
            for metric, metric_name in METRICS.items():
                if arm[metric] is None:
                    continue
                low, high = arm[f"{metric}_ci"] or (arm[metric], arm[metric])
                records.append(
                    {
                        "benchmark": benchmark_name(name),
                        "metric": metric_name,
                        "arm": arm["arm"],
                        "value": 100 * arm[metric],
                        "low": 100 * low,
                        "high": 100 * high,
                        "chance": None
                        if metric != "accuracy" or figures["chance"] is None
                        else 100 * figures["chance"],
                    }
                )
    if not records:
        return None
    import altair as alt

    names = [arm["arm"] for arm in in_order(order)]
    selector_of = {arm["arm"]: arm["selector"] for arm in order}
    palette = colours(list(selector_of.values()))
    scale = alt.Scale(domain=names, range=[palette[selector_of[name]] for name in names])
    data = alt.Data(values=records)
    base = alt.Chart(data).encode(y=alt.Y("arm:N", sort=names, title=None))
    x = alt.X("value:Q", title="percent", scale=alt.Scale(domain=[0, 100]))
    chart = (
        alt.layer(
            base.mark_bar(height={"band": 0.72}).encode(
                x=x, color=alt.Color("arm:N", scale=scale, sort=names, legend=None)
            ),
            base.mark_rule(color="#1c2026", strokeWidth=1.2).encode(x="low:Q", x2="high:Q"),
            base.mark_rule(color="#c0392b", strokeDash=[4, 3]).encode(x="mean(chance):Q", y=alt.Y()),
        )
        .properties(width=400, height=alt.Step(17))
        .facet(
            row=alt.Row(
                "benchmark:N",
                title=None,
                sort=[benchmark_name(name) for name in comparison["benchmarks"]],
                header=alt.Header(labelAngle=0, labelAlign="left", labelFontWeight="bold", labelFontSize=13),
            ),
            column=alt.Column(
                "metric:N",
                title=None,
                sort=list(METRICS.values()),
                header=alt.Header(labelFontWeight="bold", labelFontSize=13),
            ),
        )
    )
    return svg(chart)


def svg(chart: Any) -> str:
    """The chart as SVG text with ids that do not depend on what was drawn before."""
    import vl_convert

    styled = (
        chart.configure(font=FONT, background="transparent", padding=4)
        .configure_view(stroke="#e4e7eb")
        .configure_axis(
            gridColor="#eef0f3",
            domainColor="#c8cdd4",
            tickColor="#c8cdd4",
            labelColor="#3d4450",
            labelFontSize=12,
            titleColor="#6b7280",
            titleFontWeight="normal",
        )
    )
    return fixed_ids(vl_convert.vegalite_to_svg(styled.to_dict(), vl_version="6.4", allowed_base_urls=[]))


def fixed_ids(text: str) -> str:
    """Number the ids of an SVG in order of appearance: renderers count on through a process."""
    seen: dict[str, str] = {}
    for found in re.findall(r'\bid="([^"]+)"', text):
        seen.setdefault(found, f"f{len(seen)}")
    for old in sorted(seen, key=len, reverse=True):
        text = re.sub(rf'(\bid="|url\(#|href="#){re.escape(old)}(?=["\)])', rf"\g<1>{seen[old]}", text)
    return text
