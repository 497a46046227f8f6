"""Great Expectations sees escaped copies only, and its pages can run and load nothing."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from pipelines.checks.docs import escaped, judge


def test_strings_are_escaped_and_the_rest_is_left():
    """Text in any column type becomes harmless; numbers and nulls stay what they are."""
    frame = pd.DataFrame(
        {
            "id": ["<b>&\"'", None],
            "category": pd.Categorical(["<i>", "<i>"]),
            "n": pd.array([1, None], dtype="Int64"),
        }
    )
    copy = escaped(frame)
    assert copy["id"].tolist() == ["&lt;b&gt;&amp;&quot;&#x27;", None]
    assert copy["category"].tolist() == ["&lt;i&gt;"] * 2
    assert copy["n"].tolist() == [1, pd.NA]


def test_a_cell_that_is_not_understood_is_refused():
    """A list could carry strings past the escaping."""
    with pytest.raises(TypeError, match="list"):
        escaped(pd.DataFrame({"options": [["<script>"]]}))


def test_a_rule_that_cannot_be_judged_is_not_passed():
    """A column that is not there is an error, never a pass."""
    with judge() as by, pytest.raises(RuntimeError, match="could not be judged"):
        by.check("videos_table", pd.DataFrame({"video_id": ["a"]}), key="video_id")


def test_great_expectations_is_imported_only_when_it_judges():
    """Importing the checks costs no four seconds, and the package sees its analytics switched off."""
    code = (
        "import sys, os, pipelines.checks.accept as a; assert 'great_expectations' not in sys.modules;"
        "from pipelines.checks.docs import judge\n"
        "with judge(): assert os.environ['GX_ANALYTICS_ENABLED'] == 'false' and 'great_expectations' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
