"""The one file that touches DVC's internals: the stages of dvc.yaml, what each needs and whether it has changed, and
locks of the dead.

DVC has no public way to ask for the graph as data; `Repo.index.graph` is stable within the pinned version.
"""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

RWLOCK = Path(".dvc/tmp/rwlock")

Node = tuple[str, tuple[str, ...]]


def stage_graph(root: str | Path = ".") -> list[Node]:
    """(address, addresses it needs) of every stage, each after all that it needs; equal graphs give equal lists.

    Raises InputError when dvc.yaml cannot be resolved.
    """
    import networkx
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    from ntlbg.errors import InputError

    try:
        with Repo(str(root)) as repo:
            graph = repo.index.graph  # an edge leads from a stage to what it needs
            order = networkx.lexicographical_topological_sort(graph.reverse(copy=True), key=lambda s: s.addressing)
            return [
                (s.addressing, tuple(sorted(d.addressing for d in graph.successors(s) if not d.is_data_source)))
                for s in order
                if not s.is_data_source
            ]
    except DvcException as error:
        raise InputError(f"dvc.yaml: {str(error).splitlines()[0]}") from None


def changed_stages(root: str | Path = ".") -> set[str] | None:
    """Addresses of the stages that `dvc status` would name: with all others, `dvc repro` would do nothing.

    One look at all of them costs what one `dvc repro --single-item` costs. None when DVC cannot say, because another
    of its commands is at work or dvc.yaml or dvc.lock is broken; asking stage by stage then tells what is wrong.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root), _wait_for_lock=True) as repo:
            return set(repo.status())
    except DvcException:
        return None


def forget_dead_locks(root: str | Path = ".") -> bool:
    """Remove DVC's record of what is being read and written when none of the processes it names lives; whether it did.

    DVC does so itself, but takes a killed process that nobody has collected yet for a living one.
    """
    path = Path(root) / RWLOCK
    if not path.exists():
        return False
    with path.with_name(f"{path.name}.lock").open("a") as guard:
        try:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as DVC does while it reads and writes
            text = path.read_text()
        except OSError:
            return False  # being written, or gone
        try:
            holders = {int(one["pid"]) for one in _holders(json.loads(text))}
        except json.JSONDecodeError:
            path.unlink(missing_ok=True)  # a kill cut it off: DVC would refuse to work until somebody removes it
            return True
        except (ValueError, KeyError, TypeError):
            return False  # not as we know it: DVC will say what is wrong with it
        if not holders or any(_lives(pid) for pid in holders):
            return False
        path.unlink(missing_ok=True)
        return True


def _holders(known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    readers = [one for several in known.get("read", {}).values() for one in several]
    return [*known.get("write", {}).values(), *readers]


def _lives(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
