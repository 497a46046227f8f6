"""The small run of the project, made once in a folder and found there by whoever asks again."""

from __future__ import annotations

import filecmp
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from ntlbg.store import write_atomic
from tests.end_to_end.project import ROOT, Done, Project, copy_of_the_project, own_files
from tests.processes import end_left_of

ENDED, PARAMS = "ended.json", "params.yaml"


@dataclass(frozen=True)
class SmallRun:
    """project: after its first `make run`. done: how that ended. untouched: a copy, in which nothing has run since."""

    project: Project
    done: Done
    untouched: Project


def small_run(folder: Path) -> SmallRun:
    """The run that is kept in `folder`; made now where there is none, or one that failed or is of other files.

    Processes that ask at once wait for the one that makes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        done = _kept(folder) or _made(folder)
    return SmallRun(Project(folder / "project"), done, Project(folder / "untouched"))


def _kept(folder: Path) -> Done | None:
    try:
        told = json.loads((folder / ENDED).read_text())
    except FileNotFoundError:
        return None
    # params.yaml has a form of its own in the copy, so the original lies beside it
    places = {name: folder / ("" if name == PARAMS else "untouched") / name for name in own_files()}
    same = all(path.is_file() and filecmp.cmp(ROOT / name, path, shallow=False) for name, path in places.items())
    return Done(told["code"], told["out"], frozenset(told["ran"])) if same and told["code"] == 0 else None


def _made(folder: Path) -> Done:
    end_left_of(folder / "project")  # of a process that was killed while it made it
    for left in (folder / ENDED, folder / "project", folder / "untouched"):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    (folder / "project").mkdir()
    project = copy_of_the_project(folder / "project")
    done = project.run()
    shutil.copytree(project.root, folder / "untouched", symlinks=True)
    shutil.copyfile(ROOT / PARAMS, folder / PARAMS)
    write_atomic(folder / ENDED, json.dumps(asdict(done) | {"ran": sorted(done.ran)}))  # last: before it nothing counts
    return done
