"""Planted videos: seeded, with the moments that are written down, and evidence that is scored as it says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.selecting import generator
from benchmarks.selecting.generator import KINDS, LENGTHS, LEVELS, MULTI, SINGLE, WHOLE, Cell, Evidence, Part
from ntlbg.evaluation.relevance_auc import auc


def test_a_video_is_made_from_its_cell_alone():
    """The same cell gives the same video; another draw, another one."""
    first, again = (generator.planted(Cell(1, 0, 300, 0.72, MULTI)) for _ in range(2))
    np.testing.assert_array_equal(first.video.features, again.video.features)
    np.testing.assert_array_equal(first.query.relevance, again.query.relevance)
    assert first.evidence == again.evidence
    other = generator.planted(Cell(2, 0, 300, 0.72, MULTI))
    assert not np.array_equal(first.query.relevance, other.query.relevance)


def test_a_draw_holds_every_cell_sixteen_times():
    """720 videos, each of another name; a part of them is even over kinds, and whole rounds over everything."""
    cells = generator.cells(1)
    assert len({cell.name for cell in cells}) == 720
    assert set(Counter((c.frames, c.level, c.kind) for c in cells).values()) == {16}
    assert generator.cells(1, 90) == cells[:90]
    assert set(Counter((c.frames, c.level, c.kind) for c in cells[45:90]).values()) == {1}
    part = cells[45:60]
    assert Counter(c.kind for c in part) == dict.fromkeys(KINDS, 5)
    assert set(Counter(c.level for c in part).values()) == {3}
    assert max(Counter(c.frames for c in part).values()) <= 6


@pytest.mark.parametrize("frames", LENGTHS)
def test_layouts_keep_their_lengths(frames):
    """Chapters of at least 10 s, shots of at most 60 s, and no shot of the scene that the one before it showed."""
    made = generator.layout(np.random.default_rng(frames), frames)
    low, high = generator.CHAPTERS[frames]
    assert low <= made.chapter.max() + 1 <= high
    assert np.bincount(made.chapter).min() >= generator.CHAPTER_S
    assert max(b - a for a, b in made.shots) <= 60
    assert [made.shot[a] for a, _ in made.shots] == list(range(len(made.shots)))
    for (a, _), (b, _) in zip(made.shots[:-1], made.shots[1:], strict=True):
        assert made.chapter[a] != made.chapter[b] or made.scene[a] != made.scene[b]


def test_features_have_the_written_variances():
    """Squared distances between frames add up the parts that the frames do not share."""
    rng = np.random.default_rng(5)
    made = generator.layout(rng, 3600)
    x = generator.features(rng, made)
    assert np.mean(np.square(x).sum(axis=1)) == pytest.approx(1.0, abs=0.08)
    a, b = rng.integers(3600, size=(2, 40_000))

    def distance2(of):
        return float(np.mean(np.square(x[a[of][:1500]] - x[b[of][:1500]]).sum(axis=1)))

    same = {name: getattr(made, name)[a] == getattr(made, name)[b] for name in ("chapter", "scene", "shot")}
    noise = generator.SLOW + generator.WHITE
    apart = generator.CHAPTER + generator.SCENE + generator.SHOT + noise
    assert distance2(~same["chapter"] & ~same["scene"]) == pytest.approx(2 * apart, rel=0.1)
    shot = same["chapter"] & same["scene"] & ~same["shot"]
    assert distance2(shot) == pytest.approx(2 * (generator.SHOT + noise), rel=0.1)
    near = np.flatnonzero(np.diff(made.shot) == 0)
    steps = float(np.mean(np.square(x[near + 1] - x[near]).sum(axis=1)))
    assert steps == pytest.approx(2 * (generator.SLOW * (1 - generator.PHI) + generator.WHITE), rel=0.05)


def test_moments_keep_apart_and_nuisance_keeps_off_them():
    """2 to 20 s each, centres more than 20 s and a share of the video apart; no distractor touches one."""
    rng = np.random.default_rng(3)
    made = generator.layout(rng, 1200)
    found = generator.moments(rng, made, 6)
    assert all(2 <= b - a <= 20 for a, b in found)
    assert np.diff([(a + b) / 2 for a, b in found]).min() > 1200 / 24
    for _ in range(20):
        _, distractors = generator.nuisance(rng, found, 1200)
        assert not [1 for a, b in found for c, d in distractors if c < b + 1 and a - 1 < d]


def test_levels_order_how_well_relevance_tells():
    """The measured AUC rises from level to level, from little above chance to nearly all."""
    means = [
        np.mean(
            [
                auc(p.query.relevance, p.evidence.shown(300))
                for p in (generator.planted(Cell(0, n, 300, level, SINGLE)) for n in range(12))
            ]
        )
        for level in (0.60, 0.90)
    ]
    assert 0.45 < means[0] < 0.73
    assert 0.83 < means[1] < 0.99


def test_rows_are_of_unit_norm_and_relevance_is_their_cosine():
    """What an encoder would give."""
    planted = generator.planted(Cell(0, 1, 300, list(LEVELS)[2], WHOLE))
    np.testing.assert_allclose(np.linalg.norm(planted.video.features, axis=1), 1, atol=1e-6)
    assert np.linalg.norm(planted.query.vector) == pytest.approx(1)
    np.testing.assert_allclose(planted.video.features @ planted.query.vector, planted.query.relevance, atol=1e-6)


def test_recall_is_the_weighted_share_of_the_parts():
    """The tolerance reaches a second before the first and after the last frame of a span, any of which is enough."""
    evidence = Evidence((Part(((10, 14),), 1.0), Part(((30, 32), (50, 52)), 3.0)), 1.0)
    for times, recall in [
        ([], 0.0),
        ([8.0, 15.0], 0.0),
        ([9.0], 0.25),
        ([14.0], 0.25),
        ([51.0], 0.75),
        ([30.0, 50.0], 0.75),
        ([32.0, 13.0], 1.0),
    ]:
        assert evidence.recall(np.array(times)) == recall
    exact = Evidence((Part(((10, 14),), 1.0),), 0.5)
    assert (exact.recall([13.0]), exact.recall([14.0]), exact.recall([9.4])) == (1.0, 0.0, 0.0)


def test_whole_video_questions_ask_for_all_of_it():
    """Chapters weigh by their length, scenes alike; every frame shows something, and all frames everything."""
    weights = set()
    for number in range(8):
        planted = generator.planted(Cell(0, number, 300, 0.60, WHOLE))
        parts = planted.evidence.parts
        assert planted.evidence.shown(300).all()
        assert planted.evidence.recall(planted.video.timestamps_s) == 1.0
        total = sum(part.weight for part in parts)
        assert total in (300, len(parts))
        weights.add(total == 300)
    assert weights == {True, False}
