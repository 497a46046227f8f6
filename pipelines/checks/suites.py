"""The expectations, in code: four suites for the two tables.

`*_table` suites hold what makes a corpus a corpus; one broken rule stops the run. `*_rows` suites hold what makes one
video or one question sound; a row that breaks a rule is put aside under its name and the others go on.

`says` is what a row (or the table) is told when it breaks the rule; `{column}` stands for the value in that row.
Columns that the corpus does not have are observations: see `observed.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

BENCHMARKS = ["longvideobench", "videomme", "mlvu", "own"]
SPLITS = ["train", "val", "test"]
KINDS = ["one_moment", "several_moments", "whole_video", ""]


def _meta(says: str) -> dict[str, Any]:
    return {"says": says}


def _identified(column: str) -> list[Expectation]:
    """Every row has a name of its own, a known benchmark and a known split."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1, meta=_meta("the table holds no rows")),
        gxe.ExpectColumnValuesToNotBeNull(column=column, meta=_meta(f"no `{column}`")),
        gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=1, meta=_meta(f"an empty `{column}`")),
        gxe.ExpectColumnValuesToBeUnique(column=column, meta=_meta(f"the same `{column}`, `{{{column}}}`")),
        gxe.ExpectColumnValuesToNotBeNull(column="benchmark", meta=_meta("no `benchmark`")),
        gxe.ExpectColumnValuesToBeInSet(
            column="benchmark", value_set=BENCHMARKS, meta=_meta("unknown `benchmark`, `{benchmark}`")
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="split", meta=_meta("no `split`")),
        gxe.ExpectColumnValuesToBeInSet(column="split", value_set=SPLITS, meta=_meta("unknown `split`, `{split}`")),
    ]


def videos_table() -> list[Expectation]:
    """What the video table as a whole must hold."""
    import great_expectations.expectations as gxe

    return [
        *_identified("video_id"),
        gxe.ExpectColumnValuesToBeInSet(
            column="splits_of_file", value_set=[1], meta=_meta("the same video file in more than one `split`")
        ),
    ]


def questions_table() -> list[Expectation]:
    """What the question table as a whole must hold."""
    import great_expectations.expectations as gxe

    return [
        *_identified("question_id"),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="split",
            column_B="split_of_video",
            ignore_row_if="either_value_is_missing",
            meta=_meta("`split` is `{split}`, but video `{video_id}` belongs to `{split_of_video}`"),
        ),
    ]


def videos_rows() -> list[Expectation]:
    """What one video must hold, given what lies on disk."""
    import great_expectations.expectations as gxe

    from pipelines.checks.files import FILE

    return [
        gxe.ExpectColumnValuesToBeInSet(column="found", value_set=[FILE], meta=_meta("its file `{path}` is {found}")),
        gxe.ExpectColumnValuesToBeBetween(
            column="size_on_disk", min_value=1, meta=_meta("its file `{path}` holds zero bytes")
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="size", meta=_meta("no `size` was recorded")),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="size_on_disk",
            column_B="size",
            ignore_row_if="either_value_is_missing",
            meta=_meta("its file `{path}` holds {size_on_disk} bytes, {size} were recorded"),
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="blake3_recorded", regex="^[0-9a-f]{64}$", meta=_meta("no blake3 was recorded for its file")
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="blake3_on_disk",
            column_B="blake3_recorded",
            ignore_row_if="either_value_is_missing",
            meta=_meta("the bytes of its file `{path}` are not the recorded ones (blake3 differs)"),
        ),
    ]


def questions_rows() -> list[Expectation]:
    """What one question must hold, given which videos are sound. Open questions have no options to count."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="video", value_set=["accepted"], meta=_meta("its video `{video_id}` is {video}")
        ),
        gxe.ExpectColumnValuesToBeBetween(column="text_length", min_value=1, meta=_meta("its text is empty")),
        gxe.ExpectColumnValuesToBeBetween(
            column="options_count", min_value=2, meta=_meta("it has {options_count} options, 2 are needed")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="options_blank", value_set=[0], meta=_meta("{options_blank} of its options are empty")
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="options_count",
            column_B="options_distinct",
            ignore_row_if="either_value_is_missing",
            meta=_meta("only {options_distinct} of its {options_count} options differ"),
        ),
        gxe.ExpectColumnValuesToNotBeNull(column="answer", meta=_meta("no `answer`")),
        gxe.ExpectColumnValuesToBeBetween(
            column="answer", min_value=-1, meta=_meta("its answer {answer} is below -1 (hidden)")
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="options_count",
            column_B="answer",
            ignore_row_if="either_value_is_missing",
            meta=_meta("its answer {answer} is not among its {options_count} options (they count from 0)"),
        ),
        gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=KINDS, meta=_meta("unknown `kind`, `{kind}`")),
    ]


SUITES = {suite.__name__: suite for suite in (videos_table, questions_table, videos_rows, questions_rows)}
