"""What a verdict says of a row, and the sentence that stops a stage."""

from __future__ import annotations

import pandas as pd
import pytest

from ntlbg.errors import InputError
from pipelines.checks.docs import Verdict
from pipelines.checks.sentences import reasons, said, stop

SEEN = pd.DataFrame({"id": ["a", "b", "c", "d", "e"], "n": pd.array([1, 2, None, 4, 5], dtype="Int64")})


def verdict(says: str, *rows: int, passed: bool = False) -> Verdict:
    return Verdict("suite", "rule", ("n",), says, passed, len(SEEN), rows)


def test_a_template_takes_values_and_reaches_nothing_else():
    """A cell is only ever an argument, made visible; null is empty."""
    row = pd.Series({"id": "{n.__class__}\x1b[2J", "n": None})
    assert said("`{id}` has {n}", row) == "`{n.__class__}\\u001b[2J` has "


def test_reasons_of_a_row_are_joined_in_the_order_of_the_rules():
    """A rule that passed says nothing; one that failed and blames nobody is a mistake of ours."""
    found = reasons([verdict("first {n}", 0, 3), verdict("second", 3), verdict("third", passed=True)], SEEN)
    assert found == {0: "first 1", 3: "first 4; second"}
    with pytest.raises(RuntimeError, match="named no row"):
        reasons([verdict("first")], SEEN)


def test_a_stage_is_stopped_with_the_first_rows_by_name_and_the_number_of_the_others():
    """One sentence, with what to look at and how much there is."""
    stop("file", [verdict("x", passed=True)], SEEN, what="rows", name=lambda row: row["id"])
    with pytest.raises(InputError) as caught:
        stop("file", [verdict("too {n}", 4, 0, 1, 3)], SEEN, what="rows", name=lambda row: row["id"])
    assert caught.value.sentence == "file: 4 of 5 rows break a rule: a: too 1; b: too 2; d: too 4; and 1 more"
