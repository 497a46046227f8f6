"""What pydantic found wrong, as sentences that name the key in params.yaml."""

from __future__ import annotations

import difflib
import json
from typing import Any

from pydantic import BaseModel, ValidationError

from ntlbg.config.document import Document, KeyPath, dotted

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a section",
    "model": "a section",
    "path": "a path",
    "literal": "one of the allowed values",
}
_ORDER = {"greater_than": ("gt", "greater than"), "greater_than_equal": ("ge", "at least")}
_ORDER |= {"less_than": ("lt", "less than"), "less_than_equal": ("le", "at most")}


def explain(error: ValidationError, document: Document, root: type[BaseModel]) -> tuple[list[str], list[str]]:
    """(sentences, hints): one sentence per wrong key, in the order of the file; hints for misspelt keys."""
    found: dict[KeyPath, list[str]] = {}
    hints = []
    for one in error.errors():
        at = _key_path(one["loc"], one["type"], document.data)
        found.setdefault(at, []).append(_problem(dict(one)))
        if one["type"] == "extra_forbidden":
            hints.append(_near(at, document, root))
    ordered = sorted(found, key=lambda at: (_line(document, at), dotted(at)))
    sentences = [f"{document.where(at)}: {_join(found[at])}" for at in ordered]
    return sentences, [hint for hint in hints if hint]


def _line(document: Document, at: KeyPath) -> int:
    return next((document.lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in document.lines), 0)


def _key_path(location: tuple[int | str, ...], kind: str, data: Any) -> KeyPath:
    """The path in the file. pydantic adds names of union members, which no user wrote."""
    at: list[str | int] = []
    value = data
    for place, part in enumerate(location):
        if _has(value, part):
            value = value[part]
        elif kind != "missing" or place < len(location) - 1:
            continue
        at.append(part)
    return tuple(at)


def _has(value: Any, part: int | str) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def _shown(value: Any) -> str:
    """What stands in the file, in a few words."""
    if value is None:
        return "empty"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, str):
        return f"the text `{value[:60]}{'…' if len(value) > 60 else ''}`"
    return f"`{_number(value)}`"


def _number(value: float | bool) -> str:
    return json.dumps(value).removesuffix(".0")


def _problem(one: dict[str, Any]) -> str:
    kind, context = one["type"], one.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "there is no such key"
    if kind in _ORDER:
        key, words = _ORDER[kind]
        return f"must be {words} {_number(context[key])}, is {_shown(one['input'])}"
    if kind in ("literal_error", "enum"):
        return f"must be {str(context['expected']).replace(chr(39), '`')}, is {_shown(one['input'])}"
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        words = "at least" if kind == "too_short" else "at most"
        return f"must have {words} {bound} entries, has {context['actual_length']}"
    if kind in ("value_error", "assertion_error"):
        return str(one["msg"]).split(", ", 1)[-1]
    base, _, rest = kind.partition("_")
    if rest in ("type", "parsing", "from_float", "attributes_type") and base in _KINDS:
        return f"must be {_KINDS[base]}, is {_shown(one['input'])}"
    return str(one["msg"])[:1].lower() + str(one["msg"])[1:]


def _join(problems: list[str]) -> str:
    """Several readings of one value (a union) as one sentence: `must be a whole number or `auto`, is `x``."""
    unique = list(dict.fromkeys(problems))
    if len(unique) == 1 or not all(p.startswith("must be ") and ", is " in p for p in unique):
        return unique[0]
    wanted = [p.removeprefix("must be ").rsplit(", is ", 1)[0] for p in unique]
    return f"must be {' or '.join(wanted)}, is {unique[0].rsplit(', is ', 1)[1]}"


def _near(at: KeyPath, document: Document, root: type[BaseModel]) -> str:
    """Which key was meant, or which there are."""
    known = _known_keys(root, at[:-1])
    if not known:
        return ""
    near = difflib.get_close_matches(str(at[-1]), known, n=1, cutoff=0.6)
    parent = dotted(at[:-1])
    if near:
        return f"did you mean `{dotted((*at[:-1], near[0]))}`?"
    return f"`{parent or document.path.name}` has the keys {', '.join(sorted(known))}"


def _known_keys(root: type[BaseModel], at: KeyPath) -> list[str]:
    """Keys that the schema knows at a path."""
    models = _models(root)
    for part in at:
        fields = [m.model_fields[part] for m in models if isinstance(part, str) and part in m.model_fields]
        # below a mapping or a list, any name or place leads to the same kind of value
        models = [m for field in fields for m in _models(field.annotation)] if fields else models
    return sorted({name for m in models for name in m.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The sections that an annotation names, also inside list[...], dict[...] and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models(inner)]
