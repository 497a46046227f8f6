"""Weights on disk: safetensors, equal values to equal bytes, read back only as what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ntlbg.errors import InputError
from ntlbg.store import write_atomic

if TYPE_CHECKING:
    from torch import Tensor

HINT = "take the folder as training wrote it, or train again"


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write a safetensors file, whole or not at all."""
    from safetensors.torch import save

    # without metadata: the library writes it in a random order
    write_atomic(path, save({name: t.to("cpu").contiguous() for name, t in sorted(tensors.items())}))


def read_tensors(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tensors of a file, which must be exactly those of `shapes`, floating and finite.

    Raises InputError naming the file when it is missing, is no safetensors file (a pickle is not opened), or holds
    other tensors.
    """
    from safetensors.torch import load

    check_shapes(path, shapes)
    with _no_safetensors(path):
        found: dict[str, Tensor] = load(path.read_bytes())
    for name, tensor in found.items():
        # widened first: torch cannot ask numbers of one byte whether they are finite
        if not tensor.is_floating_point() or not bool(tensor.float().isfinite().all()):
            raise InputError(f"{path}: tensor `{name}` is not made of finite numbers", hint=HINT)
    return found


def check_shapes(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raises InputError as `read_tensors` does when the header tells of other names or shapes; no tensor is read."""
    from safetensors import safe_open

    if not path.is_file():
        raise InputError(f"{path}: is missing", hint=HINT)
    with _no_safetensors(path), safe_open(path, framework="pt") as file:
        found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  # no mapping
    odd = sorted(set(found) ^ set(shapes))
    if odd:
        where = "missing" if odd[0] in shapes else "not expected"
        raise InputError(f"{path}: tensor `{odd[0]}` is {where}", hint=HINT)
    for name, shape in found.items():
        if shape != tuple(shapes[name]):
            raise InputError(f"{path}: tensor `{name}` has shape {list(shape)}, not {list(shapes[name])}", hint=HINT)


@contextmanager
def _no_safetensors(path: Path) -> Iterator[None]:
    """What the library raises on a damaged or foreign file, as one sentence."""
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is not a safetensors file", hint=f"no pickle is ever read; {HINT}") from error
