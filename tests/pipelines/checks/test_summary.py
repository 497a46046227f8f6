"""Our own account: the page, the JSON and the CSV tell the same, and nothing in them runs."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser

import pytest

from pipelines.checks.docs import Verdict
from pipelines.checks.summary import SHOWN, Account, Quarantined, write

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "\u202egpj.exe\u2066",
    '=HYPERLINK("http://x")',
    "a\nb\r\nc,d;e",
    "x" * 100_000,
]


PLAIN = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "bdi"} | {
    "table",
    "caption",
    "tr",
    "th",
    "td",
    "code",
}


class Elements(HTMLParser):
    """Every element that a browser would make of a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def hostile(tmp_path):
    """An account of hostile rows, written."""
    rows = [Quarantined("videos", text, text, text, text, text) for text in HOSTILE]
    write(tmp_path, Account({"videos": 9, "questions": 4}, rows, [], stopped=HOSTILE[0]))
    return tmp_path


def test_the_page_holds_no_element_of_a_rows_making(hostile):
    """No script, image, link or handler comes out of any name."""
    page = Elements()
    page.feed((hostile / "summary.html").read_text(encoding="utf-8"))
    tags = {tag for tag, _ in page.found}
    assert tags <= PLAIN
    attributes = {name for _, attrs in page.found for name in attrs}
    assert attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}


def test_the_page_forbids_scripts_and_remote_loads(hostile):
    """Even if a string slipped through, the browser would run and fetch nothing; the page itself fetches nothing."""
    text = (hostile / "summary.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text.partition("<title>")[0]
    assert "src=" not in text.replace("&lt;img src=x", "").replace("default-src", "")
    assert "url(" not in text
    assert "49" not in text.partition("<body>")[2].replace("&#3949;", "")  # {{ 7*7 }} was not computed


def test_the_page_stays_small_and_in_order(hostile):
    """A long name is cut, and a right-to-left override is written out."""
    text = (hostile / "summary.html").read_text(encoding="utf-8")
    assert len(text) < 30_000
    assert "\u202e" not in text
    assert "\\u202egpj.exe" in text


def test_the_csv_is_one_row_a_name_and_no_formula(hostile):
    """New lines and separators inside a name break nothing, and no cell begins like a formula."""
    with (hostile / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + len(HOSTILE)
    assert {len(row) for row in rows} == {6}
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")]


def test_the_json_has_the_names_as_they_are(hostile):
    """What another program reads is exact, and the counts belong to the rows."""
    found = json.loads((hostile / "summary.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in found["quarantined"]] == HOSTILE
    assert found["tables"]["videos"] == {"rows": 9, "quarantined": len(HOSTILE), "accepted": 0}


def test_a_long_quarantine_is_cut_on_the_page_only(tmp_path):
    """The page says how many more there are and where."""
    rows = [Quarantined("questions", f"q{i}", "mlvu", "test", "", "its text is empty") for i in range(SHOWN + 7)]
    write(tmp_path, Account({"videos": 1, "questions": SHOWN + 8}, rows, []))
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert "7 more are in quarantine.csv" in text
    assert f">q{SHOWN}<" not in text
    assert len((tmp_path / "quarantine.csv").read_text().splitlines()) == SHOWN + 8
    assert f"1 videos and 1 questions are accepted; {SHOWN + 7} rows are in quarantine." in text


def test_a_broken_rule_is_marked(tmp_path):
    """The table of rules tells how many rows break each, and a rule about the whole table says so."""
    rules = [
        Verdict("videos_rows", "column_values_to_be_in_set", ("found",), "", False, 5, (1, 3)),
        Verdict("videos_table", "table_row_count_to_be_between", (), "", False, 0, ()),
        Verdict("videos_table", "column_values_to_be_unique", ("video_id",), "", True, 5, ()),
    ]
    write(tmp_path, Account({"videos": 5}, [], rules))
    text = (tmp_path / "summary.html").read_text(encoding="utf-8")
    assert '<td class="number broken">2</td>' in text
    assert '<td class="number broken">the table</td>' in text
    assert '<td class="number">0</td>' in text
