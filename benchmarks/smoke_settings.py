"""The smoke tier's settings of selectors, chosen on validation videos that no comparison uses.

    python -m benchmarks.smoke_settings

Draws 24 videos of split `val` in a series of their own, scores them with the shipped encoder, and prints evidence
recall at k = 8 per kind for every setting of the grid. The choice is the setting with the highest mean over the three
kinds among those whose recall on whole-video questions is not below uniform's; `topk_nms` and `kmedoids` are tuned
on the same videos, without that condition.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ntlbg.backbone.practice import draw
from ntlbg.backbone.provide import SHIPPED_FOLDER
from ntlbg.corpus.planted import plan_video
from ntlbg.evaluation.evidence import Item, Items, recall
from ntlbg.features.encoders import load_encoder
from ntlbg.progress import track
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry

SEED, VIDEOS, K, SIZE = 77, 24, 8, (32, 48)
WHOLE = "whole_video"
GRID: dict[str, list[dict[str, Any]]] = {
    "uniform": [{}],
    "random": [{}],
    "topk_nms": [{"window_s": w} for w in (1.0, 2.0, 4.0, 8.0, 16.0)],
    "kmedoids": [{"contrast": c} for c in (0.3, 0.0)],
    "ntlbg": [
        {"contrast": c, "relevance_weight": w} for c, w in product((0.3, 0.0), (0.12, 0.25, 0.35, 0.5, 0.6, 0.7, 1.0))
    ],
}

Asked = tuple[VideoIndex, list[tuple[str, Query, Items]]]


def asked() -> list[Asked]:
    """The validation videos with their questions and evidence."""
    encoder = load_encoder(SHIPPED_FOLDER / "encoder")
    out = []
    for i in track(range(VIDEOS), "draw", unit="videos"):
        plan = plan_video(SEED, "val", "settings", i)
        scene = draw(plan, SIZE)
        features, vectors = encoder.encode_frames(scene.frames)
        index = VideoIndex(plan.video_id, features, scene.timestamps_s, plan.fps, len(features), plan.duration_s)
        questions = []
        for q in plan.questions:
            items: dict[int, list[tuple[float, float, float]]] = {}
            for item, start, end in q.evidence:
                items.setdefault(item, []).append((start, end, 0.0))
            relevance = vectors @ encoder.encode_texts([encoder.phrase(q.text)])[0]
            found = tuple(Item(tuple(intervals)) for intervals in items.values())
            questions.append((str(q.kind), Query(q.text, relevance), found))
        out.append((index, questions))
    return out


def recalls(videos: list[Asked], name: str, settings: dict[str, Any]) -> dict[str, float]:
    """Mean evidence recall per kind."""
    selector = registry.make(name, **settings)
    found: dict[str, list[float]] = {}
    for index, questions in videos:
        for kind, query, items in questions:
            found.setdefault(kind, []).append(recall(items, selector.select(index, query, K).timestamps_s) or 0.0)
    return {kind: float(np.mean(values)) for kind, values in sorted(found.items())}


def main() -> None:
    videos = asked()
    table = {(n, str(s)): recalls(videos, n, s) for n, settings in GRID.items() for s in settings}
    floor = table["uniform", "{}"][WHOLE]
    for name, settings in GRID.items():
        fit = [s for s in settings if name != "ntlbg" or table[name, str(s)][WHOLE] >= floor]
        best = max(fit, key=lambda s: float(np.mean(list(table[name, str(s)].values())))) if fit else None
        for s in settings:
            row = table[name, str(s)]
            cells = "  ".join(f"{kind} {value:.3f}" for kind, value in row.items())
            chosen = "  <- chosen" if s is best and len(settings) > 1 else ""
            print(f"{name:9} {cells}  mean {np.mean(list(row.values())):.3f}  {s or ''}{chosen}")


if __name__ == "__main__":
    main()
