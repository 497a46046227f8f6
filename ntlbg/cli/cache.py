"""`ntlbg cache`: what the store holds, whether it is sound, and how to make room.

The store remembers candidate frames, features and answers by content (`ntlbg/store.py`); everything in it can be made
again, so whatever is removed here costs time and nothing else. `NTLBG_STORE` names the store, else `.ntlbg/store`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from ntlbg.errors import InputError, StoreError
from ntlbg.progress import track
from ntlbg.store import ENTRY, Store

DAY_S = 24 * 3600.0
GB = 1e9

app = typer.Typer(no_args_is_help=True, help="Look at the store of frames, features and answers, check it, make room.")


@dataclass(frozen=True)
class Value:
    """One value of the store. size: bytes of its files. used: when it was last read or made, seconds since 1970."""

    room: str
    key: str
    size: int
    used: float


def values(store: Store) -> Iterator[Value]:
    """All values, room by room; folders without an entry are no values."""
    for entry in sorted(store.root.glob(f"[!.]*/??/*/{ENTRY}")):
        try:
            files = json.loads(entry.read_text(encoding="utf-8"))["files"].values()
            size, used = sum(int(size) for size, _ in files), entry.stat().st_mtime
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            size, used = 0, 0.0  # damaged: `verify` says so, and it is the first to go
        yield Value(entry.parent.parent.parent.name, entry.parent.name, size, used)


@app.command("ls")
def ls(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False) -> None:
    """What the store holds: values, size and last use of each room."""
    store = Store.default()
    rooms: dict[str, list[Value]] = {}
    for value in values(store):
        rooms.setdefault(value.room, []).append(value)
    told = {
        room: {"values": len(own), "bytes": sum(v.size for v in own), "last_used_s": max(v.used for v in own)}
        for room, own in rooms.items()
    }
    if as_json:
        typer.echo(json.dumps({"store": str(store.root), "rooms": told}, indent=2))
        return
    typer.echo(
        f"{store.root}: {_amount(sum(len(v) for v in rooms.values()), sum(v.size for o in rooms.values() for v in o))}"
    )
    for room, own in rooms.items():
        days = (time.time() - max(v.used for v in own)) / DAY_S
        typer.echo(f"  {room:<16} {_amount(len(own), sum(v.size for v in own))}, last used {max(days, 0):.1f} days ago")


@app.command("verify")
def verify() -> None:
    """Read every value and compare it with its checksums. Damaged ones are removed and named: exit code 4."""
    store = Store.default()
    known = list(values(store))
    damaged = [v for v in track(known, "verify", unit="values") if not store.verified(v.room, v.key)]
    typer.echo(f"{store.root}: {len(known) - len(damaged)} of {len(known)} values are sound")
    if damaged:
        names = ", ".join(f"{v.room}/{v.key[:12]}" for v in damaged[:10]) + (" …" if len(damaged) > 10 else "")
        raise StoreError(
            f"{store.root}: {len(damaged)} values were damaged and have been removed: {names}",
            hint="they are made again when they are needed; if this repeats, look at the disk",
        )


@app.command("gc")
def gc(
    unused_days: Annotated[float | None, typer.Option(help="Remove what was not used for so many days.")] = None,
    max_gb: Annotated[float | None, typer.Option(help="Remove the least recently used until so much is left.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
) -> None:
    """Make room: leftovers of killed processes always go; values by last use, by size, or both. What is open stays."""
    for name, limit in (("--unused-days", unused_days), ("--max-gb", max_gb)):
        if limit is not None and not 0 <= limit < float("inf"):
            raise InputError(f"{name} is {limit:g}; it must not be negative")
    store = Store.default()
    kept = sorted(values(store), key=lambda v: (v.used, v.room, v.key))
    going = []
    if unused_days is not None:
        before = time.time() - unused_days * DAY_S
        going = [v for v in kept if v.used < before]
        kept = kept[len(going) :]
    if max_gb is not None:
        left = sum(v.size for v in kept)
        for value in list(kept):
            if left <= max_gb * GB:
                break
            going.append(value)
            left -= value.size
    swept = 0 if dry_run else store.sweep()
    for value in going:
        if not dry_run:
            store.drop(value.room, value.key)
    typer.echo(
        f"{store.root}: {'would remove' if dry_run else 'removed'} {_amount(len(going), sum(v.size for v in going))}"
        + (f" and {swept} leftovers" if swept else "")
    )


def _amount(count: int, size: int) -> str:
    return f"{count} values, {size / GB:.2f} GB"
