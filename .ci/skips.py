"""Fail when a test was skipped that may not be: `skips.py ALLOWED REPORT.xml…`.

ALLOWED names one test a line (`tests/room/test_module.py::test_name  # why`), all its parameters included. Reports are
pytest's `--junitxml`. A test that is expected to fail counts as skipped: it proves nothing either.
"""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def dotted(name: str) -> str:
    """`tests/a/test_b.py::Class::test_c[x]` as junit tells it: `tests.a.test_b.Class.test_c`."""
    place, _, test = name.partition("[")[0].partition("::")
    return ".".join([place.removesuffix(".py").replace("/", "."), *filter(None, test.split("::"))])


def allowed(text: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {dotted(line) for line in lines if line}


def skipped(report: Path) -> tuple[int, dict[str, str]]:
    """How many tests ran or were skipped, and name -> reason of those skipped."""
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    found: dict[str, str] = {}
    for case in cases:
        skip = case.find("skipped")
        if skip is not None:
            parts = [case.get("classname") or "", (case.get("name") or "").partition("[")[0]]
            found[".".join(filter(None, parts))] = skip.get("message") or ""
    return len(cases), found


def main(arguments: list[str]) -> int:
    may = allowed(Path(arguments[0]).read_text(encoding="utf-8"))
    total = 0
    unasked: dict[str, str] = {}
    for report in map(Path, arguments[1:]):
        count, names = skipped(report)
        if not count:
            print(f"error: {report.name} tells of no test at all", file=sys.stderr)
            return 1
        total += count
        unasked |= {name: why for name, why in names.items() if name not in may}
    for name, why in sorted(unasked.items()):
        print(f"error: {name} was skipped ({why}) and is not in {arguments[0]}", file=sys.stderr)
    if not unasked:
        print(f"{total} tests, none skipped outside {arguments[0]}")
    return 1 if unasked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
