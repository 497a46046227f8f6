"""Proof that the tests can fail: applies each one-line fault of `faults.yaml` to a copy and runs the test it names.

    python -m tests.mutations            all faults
    python -m tests.mutations NAME …     some of them

A fault is caught when its test passes on the sound copy and fails on the faulty one. Exit code 1 when one survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def copy_of_the_tree(into: Path) -> None:
    """All files that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, into / name)


def passes(tree: Path, test: str) -> bool:
    """Whether this test passes in this tree. Raises when pytest did not get as far as running it."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if (
        done.returncode not in (0, 1)
        or "no tests ran" in done.stdout
        or " passed" not in done.stdout + " passed" * (done.returncode == 1)
    ):
        raise SystemExit(f"{test} did not run:\n{done.stdout}\n{done.stderr}")
    return done.returncode == 0


def main(names: list[str]) -> int:
    faults = yaml.safe_load((HERE / "faults.yaml").read_text())
    chosen = [f for f in faults if not names or f["name"] in names]
    survivors = []
    with tempfile.TemporaryDirectory(prefix="ntlbg-mutations-") as folder:
        tree = Path(folder)
        copy_of_the_tree(tree)
        sound: dict[str, bool] = {}
        for fault in chosen:
            started = time.monotonic()
            target = tree / fault["file"]
            text = target.read_text()
            if text.count(fault["line"]) != 1:
                raise SystemExit(
                    f"{fault['name']}: its line stands {text.count(fault['line'])} times in {fault['file']}"
                )
            if fault["test"] not in sound:
                sound[fault["test"]] = passes(tree, fault["test"])
            if not sound[fault["test"]]:
                raise SystemExit(f"{fault['test']} fails without any fault")
            target.write_text(text.replace(fault["line"], fault["becomes"]))
            caught = not passes(tree, fault["test"])
            target.write_text(text)
            print(
                f"{'caught  ' if caught else 'SURVIVED'} {time.monotonic() - started:5.1f} s  "
                f"{fault['name']}: {fault['test']}",
                flush=True,
            )
            if not caught:
                survivors.append(fault["name"])
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} faults caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
