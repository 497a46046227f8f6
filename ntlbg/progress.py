"""Progress of long work: a bar with a rate and what is being done.

On a terminal: a rich bar. Elsewhere (a log file, CI): one line every few seconds, so that a log shows life.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

LINE_EVERY_S = 5.0


@dataclass
class Meter:
    """Counts work done. `advance` takes how much, and optionally what is being worked on now."""

    what: str
    total: int | None
    unit: str
    _bar: Any = None
    _task: Any = None
    done: int = 0
    _started: float = field(default_factory=time.monotonic)
    _printed: float = field(default_factory=time.monotonic)

    def advance(self, by: int = 1, now: str | None = None) -> None:
        self.done += by
        # often a file's name, and names may hold anything: nothing in it may drive the terminal
        now = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in now) if now else None
        if self._bar is not None:
            self._bar.update(self._task, advance=by, now=now or "", rate=self._rate())
            return
        if time.monotonic() - self._printed >= LINE_EVERY_S:
            self._print(now)

    def _rate(self) -> str:
        elapsed = max(time.monotonic() - self._started, 1e-9)
        return f"{self.done / elapsed:.1f} {self.unit}/s"

    def _left(self) -> str:
        """Time left at the rate so far, once there is one."""
        if self.total is None or not 0 < self.done < self.total:
            return ""
        left = (time.monotonic() - self._started) / self.done * (self.total - self.done)
        return f", about {left:.0f} s left" if left < 100 else f", about {left / 60:.0f} min left"

    def _print(self, now: str | None = None) -> None:
        self._printed = time.monotonic()
        of = f"/{self.total}" if self.total is not None else ""
        print(
            f"{self.what}: {self.done}{of} {self.unit}, {self._rate()}{self._left()}{f'  {now}' if now else ''}",
            file=sys.stderr,
            flush=True,
        )


@contextmanager
def meter(what: str, *, total: int | None = None, unit: str = "items") -> Iterator[Meter]:
    """A `Meter` for the block: `with meter("decode", total=90, unit="videos") as m: m.advance()`."""
    if not sys.stderr.isatty():
        plain = Meter(what, total, unit)
        yield plain
        if plain.done:
            plain._print()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", style="dim", markup=False),  # a name with brackets is no markup
        console=Console(stderr=True),
    )
    with bar:
        yield Meter(what, total, unit, bar, bar.add_task(what, total=total, now="", rate=""))


def track(items: Iterable[T], what: str, *, total: int | None = None, unit: str = "items") -> Iterator[T]:
    """Yield `items` while a meter counts them."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with meter(what, total=total, unit=unit) as m:
        for item in items:
            yield item
            m.advance()
