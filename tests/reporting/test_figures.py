"""Static figures."""

from __future__ import annotations

import re

from ntlbg.reporting.figures import bars, colours, fixed_ids, forest
from tests.reporting.conftest import benchmark, comparison


def test_the_same_comparison_gives_the_same_bytes() -> None:
    """Whatever was drawn before in this process."""
    content = comparison(mlvu=benchmark(), videomme=benchmark(-0.1))
    first = (forest(content), bars(content))
    forest(comparison(longvideobench=benchmark()))
    assert (forest(content), bars(content)) == first


def test_nothing_in_a_figure_runs_or_loads() -> None:
    """No script, no handler, no address but the SVG namespaces; names stay text."""
    content = comparison(**{"<script>alert(1)</script>": benchmark()})
    for picture in (forest(content), bars(content)):
        assert picture is not None
        assert "<script" not in picture
        assert not re.search(r"\son\w+=", picture)
        assert set(re.findall(r"https?://[^\"' ]+", picture)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }


def test_without_numbers_there_is_no_figure() -> None:
    """An empty comparison draws nothing."""
    assert forest(comparison()) is None
    assert bars(comparison()) is None


def test_ids_are_numbered_in_order_of_appearance() -> None:
    """References follow their ids; text that only looks like an id is left alone."""
    text = '<clipPath id="clip12"/><clipPath id="clip1"/><g clip-path="url(#clip12)"><text>clip1</text></g>'
    assert fixed_ids(text) == '<clipPath id="f0"/><clipPath id="f1"/><g clip-path="url(#f0)"><text>clip1</text></g>'


def test_rivals_get_colours_of_their_own() -> None:
    """Known selectors keep theirs."""
    found = colours(["ntlbg", "zebra", "aardvark"])
    assert found["ntlbg"] == colours([])["ntlbg"]
    assert found["zebra"] != found["aardvark"]
