"""Tables as MLflow datasets."""

from __future__ import annotations

import pandas as pd

from pipelines.datasets import dataset_input, digest_of

TABLE = pd.DataFrame(
    {"question_id": ["a", "b"], "options": [["x", "y"], ["z"]], "answer": [0, 1], "at_s": [0.5, 1e300]}
)


def changed(**columns) -> pd.DataFrame:
    return TABLE.assign(**columns)


def test_the_digest_is_of_every_value():
    """Of lists too, and of the order of rows and columns; MLflow's own passes over lists and late rows."""
    found = {
        digest_of(table)
        for table in (
            TABLE,
            changed(options=[["x", "y"], ["w"]]),
            changed(answer=[0, 2]),
            changed(at_s=[0.5, 2e300]),
            TABLE[::-1],
            TABLE[TABLE.columns[::-1]],
            TABLE.rename(columns={"answer": "right"}),
            pd.concat([TABLE, TABLE]),
        )
    }
    assert len(found) == 8


def test_the_digest_is_the_same_wherever_the_rows_lie():
    """Not of the index, which says where a row stood in a larger table, nor of the kind of text column."""
    moved = TABLE.set_axis([7, 9])
    assert digest_of(moved) == digest_of(TABLE) == digest_of(changed(question_id=pd.array(["a", "b"], dtype="string")))


def test_a_dataset_tells_name_context_source_and_columns(tmp_path):
    """As MLflow's page shows it, without a warning about whole numbers."""
    file = tmp_path / "questions.parquet"
    TABLE.to_parquet(file)
    dataset, described = dataset_input(TABLE, name="mlvu", context="test", source=str(file))
    assert (dataset.name, dataset.digest) == ("mlvu", digest_of(TABLE))
    assert described.dataset.name == "mlvu"
    assert described.dataset.digest == digest_of(TABLE)
    assert str(file) in described.dataset.source
    assert '"num_rows": 2' in described.dataset.profile
    assert "options" in described.dataset.schema
    assert [(tag.key, tag.value) for tag in described.tags] == [("mlflow.data.context", "test")]
