"""One YAML file, read safely and strictly: plain values only, no key twice, every key with its line.

Scalars are read as YAML 1.2 reads them, as DVC does: `5e-5` is a number and `on` is a text. Anchors, aliases and
merge keys work; tags that build objects are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ntlbg.errors import ParamsError

KeyPath = tuple[str | int, ...]

MAX_BYTES = 1_000_000
_MAP, _SEQ, _MERGE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:merge"


class _CoreLoader(yaml.SafeLoader):
    """Resolves only what the YAML 1.2 core schema resolves: null, true/false, integers, floats, text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


# by hand: PyYAML's own constructors read `010` as eight, as YAML 1.1 did
_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": lambda text: float(re.sub(r"^([-+]?)\.(?=[a-zA-Z])", r"\1", text)),
    "tag:yaml.org,2002:str": str,
}


@dataclass(frozen=True)
class Document:
    """data: the file's values. lines: 1-based line of every key and list entry, by its path."""

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int]

    def where(self, at: KeyPath) -> str:
        """`params.yaml, line 17: tiers.smoke.video.fps`; the nearest known line when the key is absent."""
        for end in range(len(at), 0, -1):
            if at[:end] in self.lines:
                return f"{self.path}, line {self.lines[at[:end]]}: {dotted(at)}"
        return f"{self.path}: {dotted(at)}" if at else str(self.path)


def dotted(at: KeyPath) -> str:
    """`("tiers", "smoke", "k", 0)` as `tiers.smoke.k[0]`."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(path: Path) -> Document:
    """Read a YAML mapping.

    Raises ParamsError naming the file, the line and, where there is one, the key.
    """
    text = _text(path)
    lines: dict[KeyPath, int] = {}
    try:
        node = _CoreLoader(text).get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ParamsError(f"{path}: must hold keys and values", hint="its first key is `tier`")
        data = _value(node, (), path, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ParamsError(f"{path}{line}: is not valid YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "nested too deeply"
        raise ParamsError(f"{path}: is not valid YAML ({reason})") from None
    return Document(path, data, lines)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ParamsError(f"{path}: is larger than {MAX_BYTES // 1_000_000} MB; this is no settings file")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(f"{path}: there is no such file", hint="run in the project's folder") from None
    except UnicodeDecodeError as error:
        raise ParamsError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ParamsError(f"{path}: cannot be read ({error.strerror})") from None


def _value(node: yaml.Node, at: KeyPath, path: Path, lines: dict[KeyPath, int]) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, line, value in _pairs(node, at, path):
            if key is None:
                merged = {**_merge(value, at, path, lines), **merged}
                continue
            here = (*at, key)
            if key in own:
                raise ParamsError(
                    f"{path}, line {line}: {dotted(here)}: the key stands twice, first in line {lines[here]}"
                )
            lines[here] = line
            own[key] = _value(value, here, path, lines)
        return {**merged, **own}
    if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
        values = []
        for place, entry in enumerate(node.value):
            lines[(*at, place)] = entry.start_mark.line + 1
            values.append(_value(entry, (*at, place), path, lines))
        return values
    line = node.start_mark.line + 1
    read = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
    if read is None:
        raise ParamsError(f"{path}, line {line}: {dotted(at)}: the tag `{node.tag}` is not allowed here")
    try:
        value = read(node.value)
    except ValueError:
        raise ParamsError(f"{path}, line {line}: {dotted(at)}: cannot be read as `{node.tag}`") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ParamsError(f"{path}, line {line}: {dotted(at)}: must be a finite number, is `{node.value}`")
    return value


def _pairs(node: yaml.MappingNode, at: KeyPath, path: Path) -> Iterator[tuple[str | None, int, yaml.Node]]:
    """Keys as text (None for a merge key) with their lines and value nodes."""
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.tag == _MERGE:
            yield None, line, value
        elif isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:str":
            yield key.value, line, value
        else:
            written = key.value if isinstance(key, yaml.ScalarNode) else "…"
            raise ParamsError(f"{path}, line {line}: {dotted((*at, str(written)))}: the key must be text")


def _merge(node: yaml.Node, at: KeyPath, path: Path, lines: dict[KeyPath, int]) -> dict[str, Any]:
    """`<<: *one` or `<<: [*one, *other]`; the earlier mapping wins, as YAML defines it."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found: dict[str, Any] = {}
    for one in nodes:
        inner: dict[KeyPath, int] = {}
        value = _value(one, at, path, inner)
        if not isinstance(value, dict):
            raise ParamsError(f"{path}, line {node.start_mark.line + 1}: `<<` must name a mapping")
        for key, line in inner.items():
            lines.setdefault(key, line)
        found = {**value, **found}
    return found
