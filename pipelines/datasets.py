"""Tables as MLflow datasets: which rows a run read, under a digest that two clones share.

MLflow's own digest leaves out list columns and all rows after the ten thousandth; ours is of every value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blake3 import blake3

from ntlbg.store import canonical

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import DatasetInput

DIGEST = 16  # hex digits; MLflow keeps up to 36 characters


@dataclass(frozen=True)
class Dataset:
    """What a metric is linked to."""

    name: str
    digest: str


def digest_of(frame: pd.DataFrame) -> str:
    """Hex digest of names, values and their order; the index is left out."""
    import pyarrow as pa

    rows = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    # what JSON does not know (a date, a NaN) goes in by its text
    lines = (canonical({name: _plain(value) for name, value in row.items()}) for row in rows)
    return blake3("\n".join([canonical(list(frame.columns)), *lines]).encode()).hexdigest()[:DIGEST]


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return repr(value)


def dataset_input(frame: pd.DataFrame, *, name: str, context: str, source: str) -> tuple[Dataset, DatasetInput]:
    """The dataset as MLflow takes it. context: `training`, `validation` or `test`. source: the file it came from."""
    import warnings

    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import Dataset as Entity
    from mlflow.entities import DatasetInput, InputTag

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its schema warns of whole numbers, which could be null elsewhere
        table = from_pandas(frame, source=source, name=name, digest=digest_of(frame)).to_dict()
    tags = [InputTag("mlflow.data.context", context)]
    return Dataset(name, table["digest"]), DatasetInput(Entity(**table), tags)
