"""Progress of long work: a bar with a rate and what is being done.

On a terminal: a rich bar. Elsewhere (a log file, CI): one line every few seconds, so that a log shows life.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

LINE_EVERY_S = 5.0

# ("begin", number, what, total, unit), ("advance", number, by, now) or ("end", number) of a worker's meter
Event = tuple[Any, ...]
_relay: list[Callable[[Event], None]] = []  # in a worker: how its meters reach the process that shows them
_numbers = count()
_bars: list[Any] = []  # the display that is open: two would write over each other


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

    def close(self) -> None:
        """The last line of a log; a bar stays as it is."""
        if self._bar is None and self.done:
            self._print()


@dataclass
class _Relayed(Meter):
    """Counts in a worker, and is shown by its parent."""

    number: int = 0

    def advance(self, by: int = 1, now: str | None = None) -> None:
        self.done += by
        _relay[0](("advance", self.number, by, now))


@contextmanager
def meters() -> Iterator[Callable[[str, int | None, str], Meter]]:
    """Makes meters (what, total, unit) that are shown together; who makes one closes it."""
    if not sys.stderr.isatty():
        yield Meter
        return
    if _bars:
        yield partial(_on, _bars[0])
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
        _bars.append(bar)
        try:
            yield partial(_on, bar)
        finally:
            _bars.clear()


def _on(bar: Any, what: str, total: int | None, unit: str) -> Meter:
    return Meter(what, total, unit, bar, bar.add_task(what, total=total, now="", rate=""))


@contextmanager
def meter(what: str, *, total: int | None = None, unit: str = "items") -> Iterator[Meter]:
    """A `Meter` for the block: `with meter("decode", total=90, unit="videos") as m: m.advance()`."""
    if _relay:
        number = next(_numbers)
        _relay[0](("begin", number, what, total, unit))
        yield _Relayed(what, total, unit, number=number)
        _relay[0](("end", number))
        return
    with meters() as make:
        shown = make(what, total, unit)
        yield shown
        shown.close()


def relay(send: Callable[[Event], None]) -> None:
    """In a worker: tell `send` of every meter instead of showing it; several processes would write over each other."""
    _relay[:] = [send]


class Board:
    """Shows the meters of several workers, once there is one: `take` is given what each of them told `relay`."""

    def __init__(self) -> None:
        self._shown = ExitStack()
        self._make: Callable[[str, int | None, str], Meter] | None = None
        self._open: dict[tuple[int, int], Meter] = {}

    def take(self, worker: int, event: Event) -> None:
        """The next event of a worker."""
        kind, number, *told = event
        if kind == "begin":
            if self._make is None:
                self._make = self._shown.enter_context(meters())
            self._open[worker, number] = self._make(*told)
        elif kind == "advance":
            self._open[worker, number].advance(*told)
        else:
            self._open.pop((worker, number)).close()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()


def track(items: Iterable[T], what: str, *, total: int | None = None, unit: str = "items") -> Iterator[T]:
    """Yield `items` while a meter counts them."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with meter(what, total=total, unit=unit) as m:
        for item in items:
            yield item
            m.advance()
