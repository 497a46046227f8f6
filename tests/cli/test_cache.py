"""`ntlbg cache`: the store as its user sees it."""

from __future__ import annotations

import json
import os
import time

import pytest

from ntlbg.cli import main
from ntlbg.store import ENTRY, Store

DAY_S = 24 * 3600


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store with three values of a megabyte, last used 1, 2 and 3 days ago."""
    monkeypatch.setenv("NTLBG_STORE", str(tmp_path / "store"))
    store = Store.default()
    for days in (1, 2, 3):
        folder = store.put(
            "frames" if days < 3 else "answers", f"{days}" * 64, lambda f: (f / "x").write_bytes(bytes(10**6))
        )
        os.utime(folder / ENTRY, (time.time() - days * DAY_S,) * 2)
    return store


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main.run(["cache", *arguments])
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def left(store):
    return sorted(path.parent.name[0] for path in store.root.glob(f"*/??/*/{ENTRY}"))


def test_ls_counts_values_and_bytes(store, capsys):
    """Room by room, for people and for programs."""
    code, told, _ = run(capsys, "ls")
    assert code == 0
    assert "3 values, 0.00 GB" in told.splitlines()[0]
    rooms = json.loads(run(capsys, "ls", "--json")[1])["rooms"]
    assert {room: (r["values"], r["bytes"]) for room, r in rooms.items()} == {
        "answers": (1, 10**6),
        "frames": (2, 2 * 10**6),
    }


def test_an_empty_store_is_no_mistake(tmp_path, monkeypatch, capsys):
    """Nothing was computed yet."""
    monkeypatch.setenv("NTLBG_STORE", str(tmp_path / "none"))
    for command in ("ls", "verify", "gc"):
        assert run(capsys, command)[0] == 0


def test_verify_removes_and_names_what_is_damaged(store, capsys):
    """One flipped byte; the others stay; the exit code says so, and the next time all is well."""
    file = store.folder("frames", "2" * 64) / "x"
    file.write_bytes(b"\1" + bytes(10**6 - 1))
    code, told, error = run(capsys, "verify")
    assert (code, "2 of 3 values are sound" in told, "frames/222222222222" in error) == (4, True, True)
    assert left(store) == ["1", "3"]
    assert run(capsys, "verify")[0] == 0


def test_to_verify_is_not_to_use(store, capsys):
    """What lay unused for long is still the first to go after all was looked at."""
    run(capsys, "verify")
    run(capsys, "gc", "--unused-days", "1.5")
    assert left(store) == ["1"]


def test_gc_goes_by_last_use(store, capsys):
    """Reading a value is use: what was read stays when as old a one goes."""
    store.get("answers", "3" * 64)
    assert run(capsys, "gc", "--unused-days", "1.5", "--dry-run")[1].endswith("would remove 1 values, 0.00 GB\n")
    assert left(store) == ["1", "2", "3"]
    run(capsys, "gc", "--unused-days", "1.5")
    assert left(store) == ["1", "3"]


def test_gc_keeps_to_a_size(store, capsys):
    """The least recently used go first, and no more than must."""
    run(capsys, "gc", "--max-gb", "0.0021")
    assert left(store) == ["1", "2"]
    run(capsys, "gc", "--max-gb", "0")
    assert left(store) == []


def test_gc_without_limits_removes_no_value(store, capsys):
    """Only what killed processes left, when it is old."""
    old = store.root / ".partial" / "abc"
    old.mkdir(parents=True)
    os.utime(old, (1, 1))
    assert "1 leftovers" in run(capsys, "gc")[1]
    assert left(store) == ["1", "2", "3"]


@pytest.mark.parametrize("limit", ["-1", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(store, limit, capsys):
    """In one sentence, and nothing is removed."""
    code, _, error = run(capsys, "gc", "--max-gb", limit)
    assert (code, error.startswith("error: --max-gb is")) == (2, True)
    assert len(left(store)) == 3
