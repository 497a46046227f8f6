"""Evidence recall, by its definition and its properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.evaluation.evidence import Item, hits, items_of, read_evidence, recall, shown

COLUMNS = ["question_id", "item", "start_s", "end_s", "tolerance_s"]
times = st.lists(st.floats(0, 100), max_size=12)
interval = st.tuples(st.floats(0, 90), st.floats(0, 10), st.floats(0, 3)).map(lambda t: (t[0], t[0] + t[1], t[2]))
item = st.lists(interval, min_size=1, max_size=3).map(lambda found: Item(tuple(found)))


def write(path: Path, rows: list[tuple]) -> Path:
    pd.DataFrame(rows, columns=COLUMNS).to_parquet(path)
    return path


@given(st.lists(item, min_size=1, max_size=5), times, times)
@settings(max_examples=100, deadline=None)
def test_more_picks_never_lower_recall(items: list[Item], picks: list[float], more: list[float]) -> None:
    """Monotone in the picks, and always a share of the items."""
    before, after = recall(tuple(items), picks), recall(tuple(items), picks + more)
    assert before is not None
    assert after is not None
    assert 0 <= before <= after <= 1
    assert (after * len(items)) == pytest.approx(round(after * len(items)))


@given(st.lists(item, min_size=1, max_size=5), times)
@settings(max_examples=60, deadline=None)
def test_recall_is_positive_exactly_when_a_frame_shows_evidence(items: list[Item], picks: list[float]) -> None:
    """The frame-wise and the item-wise view agree."""
    assert (recall(tuple(items), picks) or 0) > 0 or not shown(tuple(items), np.array(picks)).any()
    assert any(hits(tuple(items), picks)) == shown(tuple(items), np.array(picks)).any()


def test_the_interval_is_half_open_and_widened_on_both_sides() -> None:
    """start − tolerance ≤ t < end + tolerance."""
    one = (Item(((10.0, 12.0, 0.5),)),)
    assert [recall(one, [t]) for t in (9.49, 9.5, 11.0, 12.49, 12.5)] == [0, 1, 1, 1, 0]
    assert one[0].shown_at(np.array([9.7, 10.0, 11.99, 12.0]), widened=False).tolist() == [False, True, True, False]


def test_any_interval_of_an_item_counts_once() -> None:
    """Two frames in two intervals of one item hit one item of two."""
    items = (Item(((0.0, 1.0, 0.0), (5.0, 6.0, 0.0))), Item(((20.0, 21.0, 0.0),)))
    assert recall(items, [0.5, 5.5]) == 0.5


def test_no_evidence_has_no_recall() -> None:
    """Unknown is not zero."""
    assert recall((), [1.0]) is None
    assert items_of(None, "q") == ()
    assert items_of({}, "q") == ()


def test_rows_become_items_in_order(tmp_path: Path) -> None:
    """Rows of one item are its intervals; items are ordered by their number."""
    path = write(
        tmp_path / "evidence.parquet", [("q", 1, 5.0, 6.0, 0.0), ("q", 0, 1.0, 2.0, 0.5), ("q", 1, 8.0, 9.0, 0.0)]
    )
    assert read_evidence(path) == {"q": (Item(((1.0, 2.0, 0.5),)), Item(((5.0, 6.0, 0.0), (8.0, 9.0, 0.0))))}


@pytest.mark.parametrize("row", [("q", 0, 5.0, 4.0, 0.0), ("q", 0, 1.0, float("nan"), 0.0), ("q", 0, 1.0, 2.0, -1.0)])
def test_a_bad_interval_is_named(tmp_path: Path, row: tuple) -> None:
    """File and row stand in the sentence."""
    path = write(tmp_path / "evidence.parquet", [("p", 0, 1.0, 2.0, 0.0), row])
    with pytest.raises(InputError, match=r"evidence.parquet, row 1"):
        read_evidence(path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    """No traceback out of pandas."""
    with pytest.raises(InputError, match=r"nowhere.parquet"):
        read_evidence(tmp_path / "nowhere.parquet")
