"""The one file that touches DVC's internals: the stages of dvc.yaml and what each needs.

DVC has no public way to ask for the graph as data; `Repo.index.graph` is stable within the pinned version.
"""

from __future__ import annotations

from pathlib import Path

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
