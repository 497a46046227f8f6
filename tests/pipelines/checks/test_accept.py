"""A broken corpus stops with one sentence; a broken row goes aside under its name; everything else goes on."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ntlbg.errors import InputError
from pipelines.checks.accept import accept
from pipelines.checks.docs import POLICY
from pipelines.checks.tables import DEFECTS, QUESTIONS, VIDEOS


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_sound_corpus_goes_on_whole(corpus):
    """Every row is accepted, sorted by id, with its columns as they were; nothing partial is left beside."""
    result = corpus.accept()
    assert result.counts == {"videos": 3, "questions": 3, "quarantined_videos": 0, "quarantined_questions": 0}
    assert corpus.accepted("videos") == sorted(corpus.videos, key=lambda row: row["video_id"])
    assert corpus.accepted("questions") == sorted(corpus.questions, key=lambda row: row["question_id"])
    assert pq.read_schema(corpus.into / "videos.parquet") == VIDEOS
    assert pq.read_schema(corpus.into / "questions.parquet") == QUESTIONS
    assert corpus.accepted("training") == [row for row in corpus.accepted("questions") if row["split"] != "test"]
    assert pq.read_schema(corpus.into / "training.parquet") == QUESTIONS
    names = {p.name for p in corpus.root.iterdir()}
    assert names == {"accepted", "corpus", "validation", "videos"}


def test_equal_rows_give_equal_bytes_in_any_order(corpus):
    """The accepted tables do not depend on the order in which a corpus was walked, nor on the day."""
    corpus.accept()
    first = files(corpus.into)
    corpus.videos.reverse()
    corpus.questions.reverse()
    corpus.accept()
    assert files(corpus.into) == first


def test_single_broken_videos_are_put_aside_by_name(corpus, reasons):
    """Each kind of broken file is told from the others; their questions follow them, and the sound ones stay."""
    corpus.add_video("missing", path=str(corpus.root / "none.mp4"), size=0, blake3="")
    corpus.add_video("folder", path=str(corpus.root))
    os.mkfifo(corpus.root / "videos" / "pipe")
    corpus.add_video("pipe", path=str(corpus.root / "videos" / "pipe"))
    corpus.add_video("size", size=1)
    corpus.add_video("bytes", blake3="0" * 64)
    corpus.add_video("unrecorded", blake3="")
    Path(corpus.add_video("zero", size=0)["path"]).write_bytes(b"")
    corpus.add_question("q_missing", "missing")
    result = corpus.accept()
    found = reasons(corpus)
    assert result.counts == {"videos": 3, "questions": 3, "quarantined_videos": 7, "quarantined_questions": 1}
    assert found["missing"].endswith("none.mp4` is missing")
    assert found["folder"].endswith("is not a regular file")
    assert found["pipe"].endswith("is not a regular file")
    assert found["size"].endswith("holds 13 bytes, 1 were recorded")
    assert found["bytes"].endswith("are not the recorded ones (blake3 differs)")
    assert found["unrecorded"] == "no blake3 was recorded for its file"
    assert found["zero"].endswith("holds zero bytes")
    assert found["q_missing"] == "its video `missing` is quarantined"
    assert len(found) == 8


def test_single_broken_questions_are_put_aside_by_name(corpus, reasons):
    """Each defect has its reason, several are all told, and open or hidden answers are no defect."""
    corpus.add_question("high", "c", answer=3)
    corpus.add_question("low", "c", answer=-2)
    corpus.add_question("none", "c", answer=None)
    corpus.add_question("one", "c", options=["red"], answer=0)
    corpus.add_question("twice", "c", options=["red", "red ", "blue"])
    corpus.add_question("blank", "c", options=["red", " ", "blue"])
    corpus.add_question("silent", "c", text=" \t")
    corpus.add_question("stray", "nobody")
    corpus.add_question("kind", "c", kind="often")
    corpus.add_question("both", "c", text="", answer=9)
    corpus.add_question("open", "c", options=[], answer=-1)
    corpus.add_question("hidden", "c", answer=-1, answer_text="")
    result = corpus.accept()
    assert result.quarantined_questions == 10
    assert {row["question_id"] for row in corpus.accepted("questions")} == {"q_a", "q_b", "q_c", "open", "hidden"}
    assert reasons(corpus) == {
        "high": "its answer 3 is not among its 3 options (they count from 0)",
        "low": "its answer -2 is below -1 (hidden)",
        "none": "no `answer`",
        "one": "it has 1 options, 2 are needed",
        "twice": "only 2 of its 3 options differ",
        "blank": "1 of its options are empty",
        "silent": "its text is empty",
        "stray": "its video `nobody` is unknown",
        "kind": "unknown `kind`, `often`",
        "both": "its text is empty; its answer 9 is not among its 3 options (they count from 0)",
    }


BROKEN = {
    "a video id twice": (
        lambda c: c.add_video("a", "train"),
        r"videos\.parquet: the same `video_id`, `a` \(rows 1, 3, counted from 0\)",
    ),
    "a question id twice": (
        lambda c: c.add_question("q_a", "a", "train"),
        r"questions\.parquet: the same `question_id`, `q_a` \(rows 1, 3, ",
    ),
    "an unknown benchmark": (
        lambda c: c.add_video("x", benchmark="egoschema"),
        r"videos\.parquet: unknown `benchmark`, `egoschema` \(row 3, ",
    ),
    "a question in another split than its video": (
        lambda c: c.add_question("leak", "c", "train"),
        r"questions\.parquet: `split` is `train`, but video `c` belongs to `test` \(row 3, ",
    ),
    "one file in two splits": (
        lambda c: c.videos.append(c.videos[0] | {"video_id": "copy", "split": "train"}),
        r"videos\.parquet: the same video file in more than one `split` \(rows 0, 3, ",
    ),
    "every video bad": (
        lambda c: [row.update(path="nowhere") for row in c.videos],
        r"videos\.parquet: none of its 3 videos is sound; the first, `c`: its file `nowhere` is missing",
    ),
    "every question bad": (
        lambda c: [row.update(text="") for row in c.questions],
        r"questions\.parquet: none of its 3 questions is sound; the first, `q_c`: its text is empty",
    ),
    "no question at all": (lambda c: c.questions.clear(), r"questions\.parquet: the table holds no rows"),
    "no video at all": (lambda c: c.videos.clear(), r"videos\.parquet: the table holds no rows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_corpus_stops_with_one_sentence(corpus, name):
    """File, column and rows are named; what was accepted before is untouched; the report tells the same sentence."""
    corpus.into.mkdir()
    (corpus.into / "videos.parquet").write_bytes(b"of an earlier run")
    change, sentence = BROKEN[name]
    change(corpus)
    with pytest.raises(InputError, match=sentence) as error:
        corpus.accept()
    assert "\n" not in error.value.sentence
    assert files(corpus.into) == {"videos.parquet": b"of an earlier run"}
    told = json.loads((corpus.reports / "summary.json").read_text())
    assert told["stopped"] == error.value.sentence
    assert told["tables"]["questions"]["accepted"] == 0


def test_a_missing_column_stops_before_anything_is_written(corpus):
    """There is no report on a table that is not one."""
    table = pa.Table.from_pylist(corpus.questions, QUESTIONS).drop_columns(["options"])
    corpus.write(questions=table)
    with pytest.raises(InputError, match=r"questions\.parquet: column `options` missing"):
        accept(corpus.root / "corpus", corpus.into, corpus.reports)
    assert not corpus.into.exists()
    assert not corpus.reports.exists()


def test_paths_are_read_from_the_working_folder(corpus, monkeypatch):
    """Rendered videos are recorded relative to it, so that two clones agree."""
    monkeypatch.chdir(corpus.root)
    for row in corpus.videos:
        row["path"] = os.path.relpath(row["path"], corpus.root)
    assert corpus.accept().videos == 3


def test_a_large_corpus_is_checked_by_size_alone(corpus):
    """Above the limit other bytes of the same size pass here (decoding meets them); another size still does not."""
    corpus.videos[0]["blake3"] = "0" * 64
    corpus.videos[1]["size"] += 1
    result = corpus.accept(digest_limit=10)
    assert (result.videos, result.quarantined_videos) == (2, 1)


def test_evidence_is_never_opened(corpus):
    """A file of intervals that would break whoever opened it lies beside the tables and changes nothing."""
    folder = corpus.write()
    os.mkfifo(folder / "evidence.parquet")
    assert corpus.accept().questions == 3


class Markup(HTMLParser):
    """The scripts' texts and the attributes of one page."""

    def __init__(self):
        super().__init__()
        self.scripts, self.handlers, self.inside = [], [], False

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script"
        self.handlers += [value or "" for name, value in attrs if name.startswith("on")]

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)

    def handle_endtag(self, tag):
        self.inside = False


HOSTILE = [
    "<script>alert('pwned')</script>",
    "</script><img src=x onerror=pwned()>",
    '"><svg/onload=pwned()>',
    "' onmouseover='pwned()",
    "javascript:pwned()",
    "$v__0 ${pwned} {{ pwned }} {% pwned %}",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "\u202epwned\u2066",
    "pwned" * 40_000,
    "pwned\0\x1b[31m\r\n",
    "=pwned|cmd",
]


def test_hostile_strings_run_nowhere(corpus, reasons):
    """Ids, paths, texts and options that are markup, formulas or escapes are shown as text in every page made."""
    for place, text in enumerate(HOSTILE):
        corpus.add_video(text, size=1, group=text, container=text)
        corpus.add_question(text, text, text=text, options=[text, text], category=text, origin=text, group=text)
        corpus.add_question(f"kind {place}", "c", kind=text, origin=text)
    result = corpus.accept()
    assert result.quarantined_videos == len(HOSTILE)
    assert result.quarantined_questions == 2 * len(HOSTILE)
    pages = list(corpus.reports.rglob("*.html"))
    assert len(pages) >= 1 + 1 + 4 + 4, "our summary, the index, four suites and four validations"
    showing = 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "Content-Security-Policy" in text.partition("<title>")[0]
        assert page.name == "summary.html" or POLICY in text
        for raw in ("<script>alert('pwned", "<img src=x", "<svg/onload", "' onmouseover='", "\u202e", "\0", "\x1b"):
            assert raw not in text, f"{raw!r} in {page}"
        markup = Markup()
        markup.feed(text)
        assert not [s for s in markup.scripts + markup.handlers if "pwned" in s]
        assert not re.search(r"href\s*=\s*[\"']?\s*javascript:pwned", text)
        assert len(text) < 1_000_000
        showing += "pwned" in text
    assert showing >= 3, "the pages that name rows do show them"


def test_the_kept_pages_load_nothing_from_the_network(corpus):
    """The policy forbids scripts and every other host, and it stands before the first thing that could load."""
    corpus.accept()
    for page in (corpus.reports / "docs").rglob("*.html"):
        head = page.read_text(encoding="utf-8").partition("<head>")[2].lstrip()
        assert head.startswith('<meta http-equiv="Content-Security-Policy"')
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY
    assert "http" not in POLICY.replace("http-equiv", "")


def test_rows_that_the_readers_refused_are_in_the_account(corpus):
    """A bad row of a source never becomes a row of the corpus, and is still named with the others."""
    row = {"benchmark": "mlvu", "file": "json/4_count.json", "row": 17, "question_id": "", "reason": "no such option"}
    folder = corpus.root / "corpus"
    folder.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row], schema=DEFECTS), folder / "defects.parquet")
    result = corpus.accept()
    assert [(q.table, q.origin, q.reason) for q in result.quarantine] == [
        ("sources", "json/4_count.json row 17", "no such option")
    ]
    assert (corpus.reports / "quarantine.csv").read_text().count("json/4_count.json row 17") == 1
    assert result.counts["questions"] == 3
