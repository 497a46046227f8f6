"""How many representatives a video gets."""

from __future__ import annotations

import pytest

from ntlbg.modeling.params import ModelingParams

PARAMS = ModelingParams(representatives=512, coverage_ratio=0.125, coverage_align=8, coverage_minimum=16)


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (4096, 512),  # the whole tier
        (10_000, 512),  # never more than the tier's number
        (1000, 120),  # 125, aligned to 8
        (300, 32),  # 37.5, aligned to 8
        (100, 16),  # 12.5: below the minimum
        (10, 10),  # there are no more frames than that
        (1, 1),
    ],
)
def test_coverage_is_aligned_and_bounded_on_both_sides(frames, expected):
    """At least the minimum, at most the tier's number, never more than there are frames."""
    assert PARAMS.representatives_of(frames) == expected


def test_more_frames_never_get_fewer_representatives():
    """And floating point loses none: 0.07 × 100 is 7."""
    numbers = [PARAMS.representatives_of(n) for n in range(1, 5000)]
    assert numbers == sorted(numbers)
    exact = ModelingParams(representatives=512, coverage_ratio=0.07, coverage_align=7, coverage_minimum=1)
    assert exact.representatives_of(100) == 7


def test_a_rule_proposes_no_more_than_the_video_has_representatives():
    """However many points are asked for; `pool` multiplies what is left."""
    assert [PARAMS.proposals(256, frames) for frames in (4096, 300, 10)] == [256, 32, 10]
    wide = PARAMS.model_copy(update={"pool": 1.5})
    assert [wide.proposals(256, frames) for frames in (4096, 300)] == [384, 48]


def test_sizes_of_the_trained_parts_have_defaults_and_bounds():
    """A tier need not name them; a pool below 1 or an uneven time encoding is refused."""
    assert (PARAMS.rank, PARAMS.window, PARAMS.tokens_per_point, PARAMS.pool) == (8, 5, 1, 1.0)
    for wrong in ({"pool": 0.5}, {"temporal": 6}, {"rank": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ModelingParams(**(PARAMS.model_dump() | wrong))
