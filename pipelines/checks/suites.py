"""The expectations, in code: four suites for the two tables of a corpus, one for feature files, one for answers.

`*_table` suites hold what makes a corpus a corpus; one broken rule stops the run. `*_rows` suites hold what makes one
video or one question sound; a row that breaks a rule is put aside under its name and the others go on.

`says` is what a row (or the table) is told when it breaks the rule; `{column}` stands for the value in that row.
`feature_files` and `answer_rows` are about what our own stages made: a row that breaks a rule stops the stage.
Columns that no table has are observations: see `observed.py`, `feature_files.py` and `answer_rows.py`.
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


def _equal(a: str, b: str, says: str) -> Expectation:
    """Two columns agree wherever both are known."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnPairValuesToBeEqual(
        column_A=a, column_B=b, ignore_row_if="either_value_is_missing", meta=_meta(says)
    )


def _none(column: str, says: str) -> Expectation:
    """A count of faults is 0."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[0], meta=_meta(says))


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


def feature_files() -> list[Expectation]:
    """What the feature file of one decoded video must hold."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="video_id", meta=_meta("it was decoded twice")),
        gxe.ExpectColumnValuesToBeInSet(column="state", value_set=["sound"], meta=_meta("its file is {state}")),
        _equal("rows", "frames", "{rows} rows of features for {frames} frames"),
        _equal("vector_rows", "frames", "{vector_rows} vectors for {frames} frames"),
        _equal("width", "width_of_all", "its features have {width} numbers, those of the others {width_of_all}"),
        _none("not_finite", "{not_finite} of its numbers are not finite"),
        _none("off_unit", "{off_unit} of its vectors are not of length 1"),
        _none("times_off", "{times_off} of its times are not those of the decoded frames"),
        _none("unlike", "{unlike} frames have the vector of another picture, at {unlike_at}"),
    ]


def answer_rows() -> list[Expectation]:
    """What one row of an evaluation must hold."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="state", value_set=["present"], meta=_meta("its row is {state}")),
        gxe.ExpectColumnValuesToBeInSet(
            column="times_asked", value_set=[1], meta=_meta("it stands there {times_asked} times")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="ended",
            value_set=["answered", "an error"],
            meta=_meta("of an answer and an error it has {ended}"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="place", min_value=0, meta=_meta("its answer is not one letter from A to Z")
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="options",
            column_B="place",
            ignore_row_if="either_value_is_missing",
            meta=_meta("its answer is option {place}, counted from 0, of {options}"),
        ),
        _equal("marked", "marked_due", "it is marked {marked}, and must be {marked_due}"),
        _none("steps_back", "its picks are not sorted, or not unique"),
        _equal("picks", "picks_due", "{picks} frames were picked where {picks_due} must be"),
        _equal("times", "picks", "{times} times for {picks} picks"),
        _none("times_off", "{times_off} of its picks are not candidate frames at these times"),
        gxe.ExpectColumnValuesToBeBetween(
            column="masses_sum", min_value=1 - 1e-6, max_value=1 + 1e-6, meta=_meta("its masses sum to {masses_sum}")
        ),
        _equal("digest", "digest_due", "its sha256 is not that of its picks"),
        gxe.ExpectColumnValuesToBeBetween(
            column="evidence_recall",
            min_value=0,
            max_value=1,
            meta=_meta("its evidence recall is {evidence_recall}, not from 0 to 1"),
        ),
    ]


SUITES = {
    suite.__name__: suite
    for suite in (videos_table, questions_table, videos_rows, questions_rows, feature_files, answer_rows)
}
