"""requirements.lock: every package pinned by hash, no index named, everything asked for covered."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>\S+)(?P<marker> ;[^\\]*)? \\$")


@pytest.fixture(scope="module")
def lock():
    """Name -> (version, number of hashes) of each package of the lock."""
    found, name = {}, None
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if not line.startswith((" ", "#")) and line:
            match = PIN.match(line)
            assert match, f"not a pinned package with a hash: {line}"
            name = canonicalize_name(match["name"])
            assert name not in found, f"{name} stands there twice"
            found[name] = [match["version"], 0]
        elif re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line):
            found[name][1] += 1
        else:
            assert re.match(r" *#", line) or not line, f"neither a hash nor a comment: {line}"
    return found


def wanted() -> list[Requirement]:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    texts = (line.partition(" #")[0].strip() for line in lines if not line.startswith("#"))
    return [Requirement(text) for text in texts if text]


def test_every_package_has_a_hash(lock):
    """What is installed is what was compiled, byte for byte."""
    assert len(lock) > 100
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []


def test_no_index_is_named():
    """The lock works with whatever mirror a user has; an address in it would override theirs."""
    for name in ("requirements.lock", "requirements.in"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|@ file:", text), name


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_every_direct_package_is_locked(lock, requirement):
    """requirements.in and the lock were compiled together: each wish is met by its pin."""
    name = canonicalize_name(requirement.name)
    assert name in lock, f"{name} is not in requirements.lock: run `make lock`"
    assert requirement.specifier.contains(lock[name][0], prereleases=True)


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0"])
def test_the_lock_holds_all_that_either_python_needs(lock, python):
    """Compiled for 3.11, it has what a package asks for on 3.12 alone, too, in a fitting version."""
    machine = default_environment() | {"python_version": python[:4], "python_full_version": python}
    waiting = [(requirement, "") for requirement in wanted()]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate(machine | {"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        assert name in lock, f"Python {python} needs {requirement}, which is not in requirements.lock"
        assert requirement.specifier.contains(lock[name][0], prereleases=True), requirement
        for wished in {"", *requirement.extras} - {known for of, known in seen if of == name}:
            seen.add((name, wished))
            waiting += [(Requirement(text), wished) for text in requires(name) or ()]
    assert len({name for name, _ in seen}) > 100


def test_the_package_asks_for_the_same_list():
    """pyproject.toml holds no second list, so an installed package needs exactly what was locked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "dependencies" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.in"]}


def test_the_build_needs_no_package_outside_the_lock(lock):
    """`make setup` builds without isolation, so what builds it is pinned too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for requirement in map(Requirement, project["build-system"]["requires"]):
        assert requirement.specifier.contains(lock[canonicalize_name(requirement.name)][0])


def test_known_bad_companions_are_kept_out(lock):
    """Prefect's server does not start on a later fastapi, and its scheduler fails on sqlalchemy 2.1."""
    version = {name: tuple(int(n) for n in re.findall(r"\d+", pin)[:2]) for name, (pin, _) in lock.items()}
    assert version["fastapi"] < (0, 151)
    assert version["sqlalchemy"] < (2, 1)
    assert (15, 1) <= version["av"] < (19, 0)
