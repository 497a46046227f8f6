"""The arms of a selection bench: every registered rule as it is, and named settings of some of them.

An arm with a `+` has the settings of `tuned.json`, chosen for each k on draw 0 (benchmarks/selecting/tuning.py).
`:denoised` gives a rival the features and the relevance that `ntlbg` smooths for itself; `+:denoised` has both. What
does not exist (a rule, or a parameter of it) is no arm.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ntlbg.errors import InputError
from ntlbg.selection import registry
from ntlbg.selection.contract import Selector
from ntlbg.store import file_digest, key

TUNED = Path(__file__).with_name("tuned.json")
OURS, ALL_FRAMES = "ntlbg", "ntlbg_all_frames"
ON_OUR_INPUTS = ("logdet", "mdp3")  # these rivals are also run with `+:denoised`
THEIRS = ("baselines", "rivals", "seed")  # folders of rules that are not variants of ntlbg

Settings = dict[str, Any]
DENOISED: Settings = {"denoised": True}

# name: (rule, settings); a rule or parameter that does not exist makes no arm
NAMED: dict[str, tuple[str, Settings]] = {
    "ntlbg:3_steps": ("ntlbg", {"steps": 3}),
    "gift:512": ("gift", {"pool": 512, "batch": 20}),
    "logdet:1": ("logdet", {"weight": 1.0}),
    "logdet:denoised": ("logdet", DENOISED),
    "logdet:1:denoised": ("logdet", {"weight": 1.0, "denoised": True}),
    # the release's other file, on the published pool and on all frames (`lazy` picks what `single` does)
    "mdp3:single": ("mdp3", {"variant": "lazy"}),
    "mdp3:1": ("mdp3", {"variant": "lazy", "pool": 0, "temperature": 1.0}),
    "mdp3:denoised": ("mdp3", {"variant": "lazy", "pool": 0, "denoised": True}),
    "mdp3:1:denoised": ("mdp3", {"variant": "lazy", "pool": 0, "temperature": 1.0, "denoised": True}),
}


@dataclass(frozen=True)
class Arm:
    """A rule with settings. by_k: settings that replace them at some k."""

    name: str
    rule: str
    settings: Settings = field(default_factory=dict)
    by_k: dict[int, Settings] = field(default_factory=dict)

    def at(self, k: int) -> Selector:
        return registry.make(self.rule, **self.settings, **self.by_k.get(k, {}))

    @property
    def is_ours(self) -> bool:
        """Whether it is `ntlbg` or a variant of it."""
        folder = registry.classes()[self.rule].__module__.removeprefix("ntlbg.selection.").split(".")[0]
        return folder not in THEIRS

    @property
    def is_denoised(self) -> bool:
        """Whether it is a rival that was given our denoised inputs."""
        return not self.is_ours and bool(self.settings.get("denoised"))

    def code(self) -> str:
        """Key of all that decides what the arm picks: its settings and the source of its rule and what that imports."""
        module = registry.classes()[self.rule].__module__
        sources = {name: file_digest(path) for name, path in sorted(imported(module).items())}
        return key(rule=self.rule, settings=self.settings, by_k={str(k): v for k, v in self.by_k.items()}, code=sources)


@cache
def imported(module: str) -> dict[str, Path]:
    """The module and every module of `ntlbg` that it imports, directly or not: name → file."""
    found: dict[str, Path] = {}
    left = [module]
    while left:
        name = left.pop()
        if name in found or not name.startswith("ntlbg"):
            continue
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:  # a name inside a module
            continue
        if spec is None or spec.origin is None:
            continue
        found[name] = Path(spec.origin)
        for node in ast.walk(ast.parse(found[name].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                left += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                left += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def has(rule: str, settings: Settings) -> bool:
    """Whether the rule is registered and knows these parameters."""
    known = registry.classes().get(rule)
    return known is not None and set(settings) <= set(inspect.signature(known).parameters)


def every() -> dict[str, Arm]:
    """All arms by name: ntlbg first, then by name."""
    arms = [Arm(name, name) for name in registry.classes()]
    arms += [Arm(name, rule, settings) for name, (rule, settings) in NAMED.items() if has(rule, settings)]
    arms += tuned()
    return {arm.name: arm for arm in sorted(arms, key=lambda arm: (arm.name != OURS, arm.name))}


def tuned() -> Iterator[Arm]:
    """The arms of `tuned.json`, and those of ON_OUR_INPUTS once more on the denoised inputs."""
    if not TUNED.exists():
        return
    for rule, by_k in json.loads(TUNED.read_text(encoding="utf-8"))["settings"].items():
        if not all(has(rule, settings) for settings in by_k.values()):
            continue
        settings_by_k = {int(k): settings for k, settings in by_k.items()}
        yield Arm(f"{rule}+", rule, {}, settings_by_k)
        if rule in ON_OUR_INPUTS and has(rule, DENOISED):
            yield Arm(f"{rule}+:denoised", rule, DENOISED, settings_by_k)


def chosen(names: Sequence[str] | None) -> list[Arm]:
    """The named arms, or all.

    Raises InputError for a name that is no arm.
    """
    arms = every()
    for name in names or ():
        if name not in arms:
            raise InputError(f"there is no arm `{name}`", hint="there are: " + ", ".join(arms))
    return [arms[name] for name in names] if names else list(arms.values())
