"""The tables of planted truth: from rows of `planted.measured` to figures, and from figures to markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.selecting.arms import ALL_FRAMES, OURS, Arm
from benchmarks.selecting.differences import Difference, differences
from benchmarks.selecting.generator import KINDS, LENGTHS
from ntlbg.records.arrays import Array

# the bar, in points; set before the rules met the second draw
WITHIN_KIND = {8: 5.0}  # of the best arm on each kind, by k
WITHIN_KIND_ELSE = 3.0
WITHIN_DENOISED = 1.0  # of log-det and MDP3 on the same inputs, averaged over k
# what a table of errors shows, but for the time
MEASURES = (
    "Mean squared distance to the nearest pick as a share of the law's trace, in 64 principal scores; 1 less the "
    "largest gap of the distribution functions along time"
)


def markdown(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


@dataclass(frozen=True, eq=False)
class Figures:
    """recall: arm → [n, K] in per cent, videos in one order. kinds: [n]. ks: [K]. arms: by name, failed ones left out.

    measures: arm → [K, 3] error under the plain and the tilted law and evenness. ms: arm → [K], of the longest videos.
    failed: arm → why, and how often.
    """

    ks: tuple[int, ...]
    kinds: Array
    arms: dict[str, Arm]
    recall: dict[str, Array]
    measures: dict[str, Array]
    ms: dict[str, Array]
    failed: dict[str, str]
    areas: dict[float, tuple[float, float]]  # level → mean and sd of the measured AUC

    @classmethod
    def of(cls, rows: pd.DataFrame, arms: Sequence[Arm]) -> Figures:
        ks = tuple(sorted(int(k) for k in rows["k"].unique()))
        videos = rows.drop_duplicates("video").sort_values("video")
        asked = videos[videos["auc"].notna() & (videos["kind"] != "whole")].groupby("level")["auc"]
        areas = {float(level): (float(a.mean()), float(a.std(ddof=0))) for level, a in asked}
        recall, measures, ms, failed = {}, {}, {}, {}
        for arm in arms:
            own = rows[rows["arm"] == arm.name].sort_values(["video", "k"])
            wrong = own[own["failed"] != ""]
            if len(wrong):
                failed[arm.name] = f"{len(wrong)} of {len(own)}: {wrong['failed'].iloc[0]}"
                continue
            recall[arm.name] = 100 * own["recall"].to_numpy().reshape(-1, len(ks))
            by_k = own.groupby("k", sort=True)
            measures[arm.name] = by_k[["error_plain", "error_tilted", "evenness"]].mean().to_numpy()
            longest = own[own["frames"] == own["frames"].max()]
            ms[arm.name] = longest.groupby("k", sort=True)["ms"].median().to_numpy()
        by_name = {arm.name: arm for arm in arms if arm.name in recall}
        return cls(ks, videos["kind"].to_numpy(str), by_name, recall, measures, ms, failed, areas)

    def weights(self) -> Array:
        """[n]: with these the mean over videos is the mean over kinds, each kind weighing the same."""
        counts = {kind: np.sum(self.kinds == kind) for kind in set(self.kinds.tolist())}
        return np.array([len(self.kinds) / (len(counts) * counts[kind]) for kind in self.kinds.tolist()])

    def by_kind(self, arm: str) -> Array:
        """[3, K]: mean recall of each kind at each k."""
        return np.array([self.recall[arm][self.kinds == kind].mean(axis=0) for kind in KINDS])

    def overall(self, arm: str) -> Array:
        """[K]: mean over kinds."""
        return self.by_kind(arm).mean(axis=0)

    @property
    def rivals(self) -> list[str]:
        """What `ntlbg` is compared with: no variants of itself, and not the arms that were given its inputs."""
        return [name for name, arm in self.arms.items() if not arm.is_ours and not arm.is_denoised]

    @property
    def variants(self) -> list[str]:
        return [name for name, arm in self.arms.items() if arm.is_ours and name != OURS]

    @property
    def denoised(self) -> list[str]:
        return [name for name, arm in self.arms.items() if arm.is_denoised]

    def against(self, names: Sequence[str], k: int | None) -> list[Difference]:
        """`ntlbg` minus each of these, at one k or, with None, averaged over all."""
        weights = self.weights()

        def values(name: str) -> Array:
            return weights * (self.recall[name].mean(axis=1) if k is None else self.recall[name][:, self.ks.index(k)])

        return differences(values(OURS), {name: values(name) for name in names})


def interval(difference: Difference) -> str:
    return f"{difference.delta:+.1f} [{difference.low:.1f}, {difference.high:.1f}]"


def recall_table(f: Figures) -> str:
    """Recall by kind and k, best mean first."""
    body = []
    for name in sorted(f.recall, key=lambda arm: (-float(f.overall(arm).mean()), arm)):
        kinds, mean = f.by_kind(name), f.overall(name)
        cells = ["/".join(f"{v:.0f}" for v in kinds[:, i]) + f" **{mean[i]:.1f}**" for i in range(len(f.ks))]
        shown = f"**{name}**" if name == OURS else name
        body.append([shown, *cells, f"{mean.mean():.1f}"])
    body += [[name, *["failed"] * (len(f.ks) + 1)] for name in f.failed]
    return markdown(["arm", *(f"k = {k}" for k in f.ks), "mean"], body)


def difference_table(f: Figures, names: Sequence[str]) -> str:
    """`ntlbg` minus every one of these arms, the nearest first."""
    by_k = {k: {d.against: d for d in f.against(names, k)} for k in f.ks}
    average = sorted(f.against(names, None), key=lambda d: (d.delta, d.against))
    body = [
        [d.against, *(interval(by_k[k][d.against]) for k in f.ks), f"**{interval(d)}**", f"{d.holm:.4f}"]
        for d in average
    ]
    return markdown(["against", *(f"k = {k}" for k in f.ks), "average over k", "p (Holm)"], body)


def measure_table(f: Figures, at: Sequence[int] = (16, 64)) -> str:
    """Quantisation error, evenness and time at these k; least error under the tilted law first."""
    ks = [k for k in f.ks if k in at] or [f.ks[-1]]
    places = [f.ks.index(k) for k in ks]
    body = []
    for name in sorted(f.measures, key=lambda arm: (float(f.measures[arm][places, 1].mean()), arm)):
        m = f.measures[name][places]
        cells = [" ".join(f"{v:.2f}" for v in m[:, column]) for column in range(3)]
        body.append([name, *cells, " ".join(f"{f.ms[name][i]:.1f}" for i in places)])
    shown = ", ".join(map(str, ks))
    return markdown([f"arm (k = {shown})", "error, plain law", "error, tilted law", "evenness", "ms"], body)


def verdict(f: Figures) -> list[tuple[str, bool, str]]:
    """What was asked of `ntlbg`: the sentence, whether it holds, and what misses it or the tightest case."""
    found = []
    for k in f.ks:
        nearest = min(f.against(f.rivals, k), key=lambda d: d.delta)
        found.append(
            (f"first in the mean at k = {k}", nearest.delta > 0, f"{interval(nearest)} against {nearest.against}")
        )
    average = f.against(f.rivals, None)
    missed = [d for d in average if not d.is_above]
    nearest = min(average, key=lambda d: d.low)
    shown = "; ".join(f"{interval(d)} against {d.against}" for d in missed or [nearest])
    found.append(("average over k clear of zero against every arm", not missed, shown))
    for d in f.against(f.denoised, None):
        found.append((f"average over k at most 1 point below {d.against}", d.delta >= -WITHIN_DENOISED, interval(d)))
    for d in f.against([name for name in f.variants if name == ALL_FRAMES], None):
        found.append(("its pool of representatives not below all frames as pool", d.delta >= 0, interval(d)))
    for i, k in enumerate(f.ks):
        margin = WITHIN_KIND.get(k, WITHIN_KIND_ELSE)
        for row, kind in enumerate(KINDS):
            best = max(f.rivals, key=lambda arm: float(f.by_kind(arm)[row, i]))
            gap = float(f.by_kind(OURS)[row, i] - f.by_kind(best)[row, i])
            sentence = f"within {margin:.0f} points of the best arm on {kind} at k = {k}"
            found.append((sentence, gap >= -margin, f"{gap:+.1f} against {best}"))
    return found


def page(f: Figures, draw: int) -> str:
    """One draw in markdown, the misses first."""
    bar = verdict(f) if f.rivals and OURS in f.recall else []
    missed = [(sentence, shown) for sentence, holds, shown in bar if not holds]
    parts = [f"## Draw {draw}: {len(f.kinds)} videos\n"]
    parts.append(
        f"{len(bar) - len(missed)} of {len(bar)} of what was asked hold."
        + ("".join(f"\n- missed: {sentence} ({shown})" for sentence, shown in missed))
        + "\n"
    )
    parts.append(
        "Evidence recall in per cent, single/multi/whole **mean**; AUC of relevance by nominal level: "
        + ", ".join(f"{level:.2f}: {mean:.2f} (sd {sd:.2f})" for level, (mean, sd) in f.areas.items())
        + ".\n"
    )
    parts += [recall_table(f), ""]
    if f.failed:
        parts += ["Failed, and so without figures:", *(f"- {name}: {why}" for name, why in f.failed.items()), ""]
    if OURS in f.recall:
        for title, names in (
            ("`ntlbg` minus every other arm, 95 % paired intervals over videos", f.rivals),
            ("`ntlbg` minus rivals on its own denoised inputs", f.denoised),
            ("`ntlbg` minus its variants", f.variants),
        ):
            if names:
                parts += [f"### {title}\n", difference_table(f, names), ""]
    parts += [
        "### Error, evenness, time\n",
        f"{MEASURES}; processor time, median at T = {max(LENGTHS)}.\n",
        measure_table(f),
        "",
        *(["### What was asked\n", markdown(["", "", ""], [[s, "yes" if h else "**no**", w] for s, h, w in bar]), ""]),
    ]
    return "\n".join(parts)


def as_json(f: Figures) -> dict[str, Any]:
    """The figures of a draw, for programs."""
    return {
        "videos": len(f.kinds),
        "ks": list(f.ks),
        "recall": {name: f.by_kind(name).round(3).tolist() for name in f.recall},
        "failed": f.failed,
        "average": [vars(d) for d in f.against([n for n in f.recall if n != OURS], None)] if OURS in f.recall else [],
    }
