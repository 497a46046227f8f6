"""The product speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Brackets keep a pattern from finding itself here.
FORBIDDEN = {
    "a folder of somebody's machine": r"(?<![\w.])/(wor[k]|hom[e]/\w|roo[t]|Use[r]s/\w)/",
    "a ticket by its number": r"(?i)\b(issu[e]|ticke[t])s? #?\d+\b",
    "a note that is not part of the project": r"(?i)\b(desig[n]|brie[f])\.md\b",
    "who typed it": r"(?i)\b(sub-?agen[t]|codin[g] agent|(this|another|other) sessio[n]s?|AI assistan[t])",
    "work left for later": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
}

BINARY = {".png", ".jpg", ".safetensors", ".parquet", ".npy", ".mp4", ".webm", ".mkv", ".gz", ".zip"}


@cache
def tracked() -> list[Path]:
    """Files that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_speaks_of(what):
    """Nothing in the repository needs the machine, tracker or notes of whoever wrote it."""
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for path in tracked():
        if path.suffix in BINARY or path.name == "requirements.lock":
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [
            f"{path.relative_to(ROOT)}:{n}: {line[:120]}" for n, line in enumerate(lines, 1) if pattern.search(line)
        ]
    assert found == []


def test_the_patterns_can_fail():
    """Each pattern finds what it is for, and leaves ordinary words alone."""
    examples = {
        "a folder of somebody's machine": "see /" + "work/notes",
        "a ticket by its number": "as asked in is" + "sue 10",
        "a note that is not part of the project": "see desi" + "gn.md",
        "who typed it": "written in this sess" + "ion",
        "work left for later": "# TO" + "DO",
    }
    assert examples.keys() == FORBIDDEN.keys()
    for what, text in examples.items():
        assert re.search(FORBIDDEN[what], text), what
    for ordinary in ("user-agent", "scope='session'", "a known issue", "network/", "design", "./work/x"):
        assert not [what for what, pattern in FORBIDDEN.items() if re.search(pattern, ordinary)], ordinary


def test_no_large_or_secret_file_is_tracked():
    """Videos, weights of real models and keys do not belong in git."""
    large = [str(p.relative_to(ROOT)) for p in tracked() if p.stat().st_size > 6 * 2**20]
    secret = [str(p.relative_to(ROOT)) for p in tracked() if p.suffix in {".pem", ".key"} or p.name == ".env"]
    assert (large, secret) == ([], [])
