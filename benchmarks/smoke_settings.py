"""The smoke tier's settings of selectors, chosen on validation videos that no comparison uses.

    python -m benchmarks.smoke_settings

Draws 48 videos of split `val` in a series of their own, scores them with the shipped encoder, and prints evidence
recall at k = 8 per kind for every setting of the grid. `topk_nms` and `kmedoids` get the setting of highest mean over
the three kinds. `ntlbg` gets a milder one: the smallest relevance weight whose mean is within a standard error (over
videos, paired) of the best one's, since a weight at the end of the grid is hardly a trade-off any more. Questions about
the whole video are known by their words and get the same frames from every setting of `ntlbg`.
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
from ntlbg.records.arrays import Array
from ntlbg.records.query import Query
from ntlbg.records.video_index import VideoIndex
from ntlbg.selection import registry

SEED, VIDEOS, K, SIZE = 77, 48, 8, (32, 48)
MILDEST = "ntlbg"  # gets the first setting that is as good as the best; its grid goes from mild to strong
GRID: dict[str, list[dict[str, Any]]] = {
    "uniform": [{}],
    "random": [{}],
    "topk_nms": [{"window_s": w} for w in (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0)],
    "kmedoids": [
        {"contrast": c, "betas": b} for b, c in product(((0.3, 1.0, 2.0), (1.0, 2.0, 4.0), (2.0, 4.0, 8.0)), (0.3, 0.0))
    ],
    "ntlbg": [
        {"contrast": c, "relevance_weight": w} for w, c in product((0.12, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6), (0.3, 0.0))
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


def recalls(videos: list[Asked], name: str, settings: dict[str, Any]) -> tuple[dict[str, float], Array]:
    """(mean evidence recall per kind, the mean over the kinds of each video)."""
    selector = registry.make(name, **settings)
    by_video: list[dict[str, float]] = []
    for index, questions in videos:
        found: dict[str, list[float]] = {}
        for kind, query, items in questions:
            found.setdefault(kind, []).append(recall(items, selector.select(index, query, K).timestamps_s) or 0.0)
        by_video.append({kind: float(np.mean(values)) for kind, values in sorted(found.items())})
    means = {kind: float(np.mean([video[kind] for video in by_video])) for kind in by_video[0]}
    return means, np.array([np.mean(list(video.values())) for video in by_video])


def chosen(scores: list[Array], mildest: bool) -> int:
    """Place of the setting to take. scores: of each setting in turn, a mean per video, [videos].

    The best mean; or the first setting that is less than a standard error of the paired difference below it.
    """
    best = max(range(len(scores)), key=lambda place: float(scores[place].mean()))
    if not mildest:
        return best
    for place, score in enumerate(scores):
        behind = scores[best] - score
        if behind.mean() <= behind.std(ddof=1) / np.sqrt(len(behind)):
            return place
    return best


def main() -> None:
    videos = asked()
    for name, grid in GRID.items():
        table = [recalls(videos, name, settings) for settings in track(grid, name, unit="settings")]
        taken = chosen([score for _, score in table], mildest=name == MILDEST)
        for place, (settings, (row, score)) in enumerate(zip(grid, table, strict=True)):
            cells = "  ".join(f"{kind} {value:.3f}" for kind, value in row.items())
            mark = "  <- chosen" if place == taken and len(grid) > 1 else ""
            print(f"{name:9} {cells}  mean {score.mean():.3f}  {settings or ''}{mark}")


if __name__ == "__main__":
    main()
