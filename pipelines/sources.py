"""sources.lock: what lies in the folders that the active tier's corpus names.

DVC can watch only paths that dvc.yaml spells out, and would hash terabytes to do it. So a run first writes down, for
every folder and file of `corpus.folders` and `corpus.own`, one digest: over the contents of its question and subtitle
files and over the names, sizes and times of its videos. Stage `corpus` depends on that file. A rendered corpus names
no folder, and the file says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from ntlbg.corpus.params import CorpusParams
from ntlbg.store import file_digest, key, write_atomic

LOCK = Path("sources.lock")
TEXTS = {".json", ".jsonl", ".parquet", ".csv", ".srt", ".vtt", ".ass", ".txt"}  # read, not only looked at
LARGEST_TEXT = 256 << 20  # bytes; what is larger is a video in disguise


def record(corpus: CorpusParams, lock: Path = LOCK) -> bool:
    """Write the lock; whether it changed. A source that is missing is recorded as such: the stage will name it."""
    content = json.dumps({str(path): digest(path) for path in named(corpus)}, indent=2, sort_keys=True) + "\n"
    if lock.exists() and lock.read_text() == content:
        return False
    write_atomic(lock, content)
    return True


def named(corpus: CorpusParams) -> list[Path]:
    """The folders and files that a corpus names."""
    folders = [path for path in (corpus.folders.model_dump().values() if corpus.folders else ()) if path]
    own = [path for source in corpus.own for path in (source.jsonl, source.videos)]
    return [Path(path) for path in dict.fromkeys([*folders, *own])]


def digest(source: Path) -> str:
    """Of a file or of all files below a folder; "missing" where there is neither."""
    root = source.expanduser()
    try:
        root.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "unreadable"
    return key(files=[[name, *_state(file)] for name, file in sorted(_files(root))])


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    if root.is_file():
        yield "", root
        return
    seen: set[tuple[int, int]] = set()
    # linked folders too: videos often lie on another disk than the annotations
    for folder, below, names in os.walk(root, followlinks=True):
        facts = Path(folder).stat()
        if (facts.st_dev, facts.st_ino) in seen:  # a link in a circle
            below.clear()
            continue
        seen.add((facts.st_dev, facts.st_ino))
        below.sort()
        for name in names:
            file = Path(folder) / name
            # a name need not be UTF-8, but what is written down must
            yield os.fsencode(file.relative_to(root)).decode("utf-8", "backslashreplace"), file


def _state(file: Path) -> list[str | int]:
    try:
        facts = file.stat()
        if file.suffix.lower() in TEXTS and file.is_file() and facts.st_size <= LARGEST_TEXT:
            return ["read", file_digest(file)]
    except OSError:
        return ["unreadable"]
    return ["seen", facts.st_size, facts.st_mtime_ns]
