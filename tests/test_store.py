import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

import ntlbg.store as module
from ntlbg.errors import StoreError
from ntlbg.store import Store, file_digest, file_stem, folder_atomic, key, write_atomic


def names(folder):
    return [p.name for p in folder.iterdir()]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(alphabet="abc", min_size=1), JSON, min_size=1, max_size=4))
def test_a_key_does_not_depend_on_the_order_of_its_inputs(inputs):
    """Same inputs in another order: the same key."""
    assert key(**inputs) == key(**dict(reversed(inputs.items())))


def test_every_input_changes_the_key():
    """Change one value, or its type, and the key is another."""
    keys = {key(a=1, b="x"), key(a=2, b="x"), key(a="1", b="x"), key(a=1, b="y"), key(a=1), key(a=1, c="x")}
    assert len(keys) == 6


def test_a_value_is_made_once(tmp_path):
    """The second fetch finds what the first made."""
    store = Store(tmp_path)

    def make(folder):
        (folder / "value").write_text("42")

    first = store.fetch("room", key(a=1), make)
    assert store.fetch("room", key(a=1), lambda _: pytest.fail("made twice")) == first
    assert (store.made, store.found) == ({"room": 1}, {"room": 1})


@pytest.mark.parametrize("damage", ["flip", "cut", "delete", "no entry"])
def test_a_damaged_value_is_made_again(tmp_path, damage):
    """Readers never see a value that does not verify."""
    store = Store(tmp_path)
    k = key(a=1)
    folder = store.put("room", k, lambda f: (f / "value").write_bytes(b"0123456789") and None)
    file = folder / "value"
    if damage == "flip":
        file.write_bytes(b"0123456780")
    if damage == "cut":
        file.write_bytes(b"01234")
    if damage == "delete":
        file.unlink()
    if damage == "no entry":
        (folder / "entry.json").unlink()
    assert store.get("room", k) is None
    again = store.fetch("room", k, lambda f: (f / "value").write_bytes(b"0123456789") and None)
    assert (again / "value").read_bytes() == b"0123456789"


def test_a_failed_write_leaves_nothing(tmp_path):
    """An exception while making leaves neither a value nor a partial folder."""
    store = Store(tmp_path)

    def broken(folder):
        (folder / "half").write_text("h")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.put("room", key(a=1), broken)
    assert store.get("room", key(a=1)) is None
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_full_disk_is_one_sentence(tmp_path):
    """An operating system error becomes a StoreError with a hint."""

    def full(folder):
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="No space left"):
        Store(tmp_path).put("room", key(a=1), full)


def test_kill_while_writing_leaves_the_old_file(tmp_path):
    """A process killed in the middle of a write leaves the old content whole."""
    target = tmp_path / "table"
    write_atomic(target, "old")
    script = (
        "import os, pathlib, ntlbg.store as s\n"
        "os.fsync = lambda fd: os._exit(9)\n"
        f"s.write_atomic(pathlib.Path({str(target)!r}), 'new' * 10000)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert target.read_text() == "old"


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    """A failing block leaves the old folder; a good one replaces all of it."""
    target = tmp_path / "out"
    with folder_atomic(target) as f:
        (f / "a").write_text("1")

    def broken():
        with folder_atomic(target) as f:
            (f / "b").write_text("2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert names(target) == ["a"]
    with folder_atomic(target) as f:
        (f / "c").write_text("3")
    assert names(target) == ["c"]
    assert names(tmp_path) == ["out"]


def test_no_id_can_take_the_name_of_another():
    """An id that looks like a hashed stem is hashed too."""
    assert file_stem(file_stem("a/b")) != file_stem("a/b")


@given(st.text(min_size=0, max_size=200), st.text(min_size=0, max_size=200))
def test_a_hostile_id_becomes_a_plain_file_name(one, other):
    """Stems have no separators or dots, are short, and differ when the ids do."""
    stem = file_stem(one)
    assert 0 < len(stem) <= 80
    assert stem.replace("-", "").replace("_", "").isalnum()
    assert not set(stem) & set("/\\.\0")
    assert (stem == file_stem(other)) == (one == other)


def test_a_value_that_cannot_be_replaced_is_not_taken_for_whole(tmp_path, monkeypatch):
    """A damaged value that may not be removed makes a store that cannot be used, never a value."""
    store = Store(tmp_path)

    def make(folder):
        (folder / "value").write_bytes(b"0123456789")

    folder = store.put("room", key(a=1), make)
    (folder / "value").write_bytes(b"0123456780")
    real = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, **kw: None if path == folder else real(path, **kw))
    with pytest.raises(StoreError, match="cannot store"):
        store.fetch("room", key(a=1), make)


def test_what_killed_processes_left_is_swept(tmp_path):
    """Old folders of the workshop go; those in which something was written lately stay, and so do values."""
    store = Store(tmp_path)
    value = store.put("room", key(a=1), lambda folder: (folder / "value").write_text("42") and None)
    old, busy = tmp_path / ".partial" / "old", tmp_path / ".partial" / "busy"
    for folder in (old, busy):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "half").touch()
    for path in (old / "inner" / "half", old / "inner", old, busy / "inner", busy):
        os.utime(path, (1, 1))
    assert store.sweep() == 1
    assert names(tmp_path / ".partial") == ["busy"]
    assert value.is_dir()
    assert Store(tmp_path / "none").sweep() == 0


def test_an_empty_setting_names_no_folder(monkeypatch):
    """`NTLBG_STORE=` is as good as unset: values must not be strewn over the working folder."""
    monkeypatch.setenv("NTLBG_STORE", "")
    assert Store.default().root == Path(".ntlbg/store")


def test_a_dropped_value_is_missing_and_made_again(tmp_path: Path) -> None:
    """Forgetting twice is no mistake, and leaves nothing in the workshop."""
    store = Store(tmp_path)
    folder = store.put("frames", "a" * 64, lambda f: (f / "x").write_bytes(b"1"))
    with (folder / "x").open("rb") as reader:
        store.drop("frames", "a" * 64)
        store.drop("frames", "a" * 64)
        assert reader.read() == b"1"
    assert store.get("frames", "a" * 64) is None
    assert list((tmp_path / ".partial").iterdir()) == []
    assert store.fetch("frames", "a" * 64, lambda f: (f / "x").write_bytes(b"1")).exists()


def test_a_digest_is_remembered_while_the_file_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No second reading of a file that has settled; any change is noticed, also one that keeps size and time."""
    path = tmp_path / "video.mp4"
    path.write_bytes(b"first")
    os.utime(path, ns=(0, 0))
    monkeypatch.setattr(module, "SETTLED_NS", -(10**18))
    first = file_digest(path)
    with monkeypatch.context() as patched:
        patched.setattr(module, "blake3", lambda *_, **__: pytest.fail("the file is read again"))
        assert file_digest(path) == first
    time.sleep(0.05)  # longer than a tick of the clock of files
    path.write_bytes(b"other")
    os.utime(path, ns=(0, 0))
    assert file_digest(path) == blake3(b"other").hexdigest() != first


def test_the_digest_of_a_file_that_was_just_changed_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next change may bear the same time."""
    monkeypatch.setattr(module, "_digests", {})
    path = tmp_path / "video.mp4"
    path.write_bytes(b"first")
    file_digest(path)
    assert not module._digests


SHRINKS = """
import os, pathlib, sys, threading, time
from ntlbg.store import file_digest
path = pathlib.Path(sys.argv[1])
os.truncate(path, 1 << 28)
threading.Timer(0.02, os.truncate, (path, 1)).start()
print(file_digest(path))
"""


def test_a_file_that_shrinks_while_it_is_hashed_kills_nobody(tmp_path: Path) -> None:
    """A page that is gone is a signal to who has mapped it; whoever reads meets an end."""
    path = tmp_path / "video.mp4"
    path.touch()
    done = subprocess.run([sys.executable, "-c", SHRINKS, path], capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stdout.strip())) == (0, 64)


@pytest.mark.parametrize("size", [0, 1, module.PIECE_BYTES - 1, module.PIECE_BYTES, 2 * module.PIECE_BYTES + 1])
def test_a_digest_is_that_of_all_bytes(tmp_path: Path, size: int) -> None:
    """However many pieces a file is read in."""
    data = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "a").write_bytes(data[:size])
    assert file_digest(tmp_path / "a") == blake3(data[:size]).hexdigest()
