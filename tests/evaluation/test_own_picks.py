"""Each arm picks by its own rule, and each question by its own relevance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from ntlbg.features.index import load_features
from ntlbg.selection.baselines.uniform import bin_centres
from ntlbg.store import file_stem
from tests.evaluation.small_world import World, direction


def chosen(rows: pd.DataFrame, selector: str) -> pd.DataFrame:
    return rows[(rows["selector"] == selector) & (rows["error"] == "")]


def test_selectors_pick_by_their_own_rule(run: Callable[..., pd.DataFrame], world: World) -> None:
    """Uniform's frames are the grid's; no other selector's are, taken together."""
    rows = run(evidence=None)
    for row in chosen(rows, "uniform").itertuples():
        features = load_features(world.paths["features"] / f"{file_stem(row.video_id)}.safetensors")
        assert list(row.indices) == list(bin_centres(features.index.timestamps_s, row.k))
    grid = chosen(rows, "uniform").set_index("question_id").sha256
    for selector in ("random", "topk_nms", "kmedoids", "ntlbg"):
        own = chosen(rows, selector).set_index("question_id").sha256
        assert (own != grid[own.index]).mean() > 0.5, selector


def test_each_question_is_selected_by_its_own_relevance(run: Callable[..., pd.DataFrame], world: World) -> None:
    """The frame most relevant to the row's own question is always among topk_nms's."""
    rows = chosen(run(evidence=None), "topk_nms")
    texts = world.questions.set_index("question_id").text
    assert len(rows)
    for row in rows.itertuples():
        features = load_features(world.paths["features"] / f"{file_stem(row.video_id)}.safetensors")
        relevance = features.vectors @ direction(texts[row.question_id]).astype(np.float32)
        assert int(np.argmax(relevance)) in list(row.indices)
