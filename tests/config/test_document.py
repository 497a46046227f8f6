"""Reading YAML strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntlbg.config.document import dotted, read_document
from ntlbg.errors import ParamsError


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def reader(text: str | bytes):
        path = Path("params.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_document(path)

    return reader


def test_scalars_are_read_as_dvc_reads_them(read):
    """`5e-5` is a number, `010` is ten and `on` is text: one file must not mean two things to two readers."""
    from dvc.utils.serialize import loads_yaml

    text = "a: 5e-5\nb: 010\nc: on\nd: ~\ne: True\nf: .5\ng: -3\nh: [1, two]\ni:\n  j: 'x'\nk: 1_000\nl: 2026-11-24x\n"
    ours = read(text).data
    assert ours == {**loads_yaml(text), "k": ours["k"]}  # only here do they differ: 1.2 knows no `1_000`
    assert ours["a"] == 5e-5
    assert ours["k"] == "1_000"


def test_every_key_knows_its_line(read):
    """A sentence about a key can say where it stands."""
    lines = read("tier: a\n\ntiers:\n  a:\n    k:\n      - 4\n      - 8\n").lines
    assert lines[("tier",)] == 1
    assert lines[("tiers",)] == 3
    assert lines[("tiers", "a", "k")] == 5
    assert lines[("tiers", "a", "k", 1)] == 7


def test_a_missing_key_points_at_its_nearest_parent(read):
    """What does not stand in the file has no line; its section has."""
    assert read("a:\n  b:\n    c: 1\n").where(("a", "b", "d")) == "params.yaml, line 2: a.b.d"


def test_merge_keys_work_and_own_keys_win(read):
    """Two tiers may share a section by anchor."""
    assert read("x: &x {k: 1, l: 2}\ny: {<<: *x, k: 3}\n").data["y"] == {"k": 3, "l": 2}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3\n", "params.yaml, line 3: a: the key stands twice, first in line 1"),
        ("a:\n  b: 1\n  b: 2\n", "params.yaml, line 3: a.b: the key stands twice, first in line 2"),
        ("", "params.yaml: must hold keys and values"),
        ("- 1\n", "params.yaml: must hold keys and values"),
        ("5: a\n", "params.yaml, line 1: 5: the key must be text"),
        ("a: .nan\n", "params.yaml, line 1: a: must be a finite number, is `.nan`"),
        ("a: 1e999\n", "params.yaml, line 1: a: must be a finite number, is `1e999`"),
        ("a: [1\n", "is not valid YAML"),
        ("a: {b: &c [*c]}\n", "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("a: \x00\n", "is not valid YAML"),
        (b"a: \xff\n", "is not UTF-8 text"),
        ("a: !!python/object/apply:os.system [true]\n", "is not allowed here"),
        ("a: !!set {b}\n", "is not allowed here"),
        ("a: " + "x" * 1_000_001, "is larger than 1 MB"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(read, text, sentence):
    """Never a traceback, never a value that the file does not hold."""
    with pytest.raises(ParamsError) as caught:
        read(text)
    assert sentence in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_missing_file_is_named(tmp_path):
    """And the hint says where to stand."""
    with pytest.raises(ParamsError, match="there is no such file") as caught:
        read_document(tmp_path / "params.yaml")
    assert "project's folder" in caught.value.hint


def test_paths_are_written_as_people_write_them():
    """Keys by dots, places in brackets."""
    assert dotted(("tiers", "smoke", "k", 0)) == "tiers.smoke.k[0]"
