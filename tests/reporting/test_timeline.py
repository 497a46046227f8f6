"""The picture of one question."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from ntlbg.reporting.timeline import LEFT, RIGHT, WIDTH, clock, timeline


def draw(**changed: object) -> str:
    arguments: dict = {
        "duration_s": 100.0,
        "evidence": [(20.0, 30.0, 0.0)],
        "lanes": [("ntlbg", [25.0, 50.0], [True, False], "#123456")],
        "relevance": (np.arange(5000) / 50, np.sin(np.arange(5000))),
    }
    return str(timeline(**(arguments | changed)))


def test_places_are_in_proportion_to_time() -> None:
    """Evidence covers its share of the width; hits are filled and misses are not."""
    tree = ElementTree.fromstring(draw())
    (bar,) = tree.iter("rect")
    inner = WIDTH - LEFT - RIGHT
    assert float(bar.get("width", 0)) == round(inner / 10, 1)
    hit, miss = list(tree.iter("circle"))
    assert (hit.get("fill"), miss.get("fill")) == ("#123456", "#ffffff")
    assert float(miss.get("cx", 0)) == LEFT + inner / 2


def test_an_instant_can_be_seen_and_nothing_leaves_the_picture() -> None:
    """Point evidence has a width; times beyond the end stay at the edge; tolerance is drawn as well."""
    tree = ElementTree.fromstring(draw(evidence=[(50.0, 50.0, 2.0), (99.0, 130.0, 0.0)]))
    bars = [(r.get("class"), float(r.get("x", 0)), float(r.get("width", 0))) for r in tree.iter("rect")]
    assert [name for name, _, _ in bars] == ["tolerance", "evidence", "evidence"]
    assert bars[1][2] == 2.0
    assert all(x + width <= WIDTH - RIGHT + 0.11 for _, x, width in bars)


def test_a_long_video_draws_no_more_points_than_can_be_seen() -> None:
    """Thinned, keeping peaks."""
    values = np.zeros(20_000)
    values[12_345] = 1
    tree = ElementTree.fromstring(draw(relevance=(np.arange(20_000) / 200, values)))
    points = next(tree.iter("polyline")).get("points", "").split()
    assert len(points) <= 1001
    assert min(float(p.split(",")[1]) for p in points) == 6.0


def test_labels_are_escaped() -> None:
    """A hostile label stays text; a flat curve and a missing one are drawn without complaint."""
    text = draw(lanes=[("<script>x</script>", [1.0], [True], '"><script>')], relevance=None)
    assert "<script>" not in text
    ElementTree.fromstring(text)
    ElementTree.fromstring(draw(relevance=(np.arange(3.0), np.ones(3))))


def test_clock() -> None:
    """Minutes and seconds; hours when there are any."""
    assert [clock(s) for s in (5, 65.4, 3725)] == ["0:05", "1:05", "1:02:05"]
