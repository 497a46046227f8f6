from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, kstest

from ntlbg.corpus import planted, world
from ntlbg.corpus.planted import plan_video
from ntlbg.records.question import Kind


@pytest.fixture(scope="module")
def plans():
    return [plan_video(7, "test", "videomme", i) for i in range(150)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["train", "val", "test"]), st.integers(4, 5))
def test_a_plan_is_lawful(seed, split, n_options):
    """Chapters tile the video, events lie inside their chapter and apart, questions have one right option."""
    plan = plan_video(seed, split, "x", 0, n_options=n_options)
    assert plan.chapters[0].start_s == 0
    assert plan.chapters[-1].end_s == plan.duration_s
    for a, b in zip(plan.chapters, plan.chapters[1:], strict=False):
        assert a.end_s == b.start_s
        assert a.place != b.place
    for a, b in zip(plan.events, plan.events[1:], strict=False):
        assert b.start_s - a.end_s >= planted.GAP_S[0] - 1e-9
    for event in plan.events:
        assert any(
            c.place == event.place and c.start_s < event.start_s and event.end_s < c.end_s for c in plan.chapters
        )
    for question in plan.questions:
        assert len(set(question.options)) == len(question.options)
        assert 0 <= question.answer < len(question.options)
        assert question.evidence
        assert all(0 <= start < end <= plan.duration_s for _, start, end in question.evidence)


def test_the_evidence_answers_the_question(plans):
    """A colour question's single interval shows the answer; counts equal the items; first and last are so."""
    for plan in plans:
        for q in plan.questions:
            seen = [
                e
                for e in plan.events
                if (0, e.start_s, e.end_s) in q.evidence
                or any((e.start_s, e.end_s) == (a, b) for _, a, b in q.evidence)
            ]
            if q.form == "colour":
                assert [e.colour for e in seen] == [q.answer_text]
            if q.form == "first":
                assert seen[0].colour == q.answer_text
            if q.form == "last":
                assert seen[-1].colour == q.answer_text
            if q.form == "count":
                assert len(seen) == int(q.answer_text)
            if q.form in ("first", "last", "count"):
                assert len({e.colour for e in seen}) == len(seen)


def test_whole_video_answers_are_true(plans):
    """Shown was visited, never was not, most takes the most time."""
    for plan in plans:
        time = defaultdict(float)
        for c in plan.chapters:
            time[c.place] += c.end_s - c.start_s
        right = {q.form: q for q in plan.questions if q.kind is Kind.WHOLE_VIDEO}
        assert right["shown"].answer_text in time
        assert not set(right["shown"].options) - {right["shown"].answer_text} & set(time)
        assert right["never"].answer_text not in time
        assert right["most"].answer_text == max(time, key=time.get)


def test_options_do_not_give_the_answer_away(plans):
    """The right option's place, and the right count, are uniform (5 standard errors)."""
    answers = Counter((len(q.options), q.answer) for p in plans for q in p.questions)
    total = sum(answers.values())
    for n in answers.values():
        assert abs(n - total / 4) < 5 * (total * 3 / 16) ** 0.5
    counts = Counter(q.answer_text for p in plans for q in p.questions if q.form == "count")
    assert set(counts) == set(world.NUMBERS[: planted.COUNTS])
    for n in counts.values():
        assert binomtest(n, sum(counts.values()), 1 / planted.COUNTS).pvalue > 1e-4


def test_a_questions_number_tells_no_count(plans):
    """Neither its place in the list nor being the earlier of two says how large a count is."""
    counts = [[int(q.answer_text) for q in p.questions if q.form == "count"] for p in plans]
    earlier = sum(a > b for a, b in counts)
    assert binomtest(earlier, sum(a != b for a, b in counts), 0.5).pvalue > 1e-4
    forms = Counter((number, q.form) for p in plans for number, q in enumerate(p.questions))
    assert all(forms[number, "count"] > 5 for number in range(len(plans[0].questions)))


def test_event_times_know_no_sampling_grid(plans):
    """The fractional second at which events begin is uniform."""
    starts = [e.start_s % 1 for p in plans for e in p.events]
    assert kstest(starts, "uniform").pvalue > 1e-3


def test_held_out_combinations_are_met_in_test_only():
    """Train plans never show a held-out combination; test plans do."""

    def held_out(split: str) -> int:
        events = [e for i in range(60) for e in plan_video(7, split, "s", i).events]
        return sum(
            world.HELD_OUT_COLOUR[e.shape] == e.colour or world.HELD_OUT_PLACE[e.shape] == e.place for e in events
        )

    assert held_out("train") == held_out("val") == 0
    assert held_out("test") > 20


def test_a_plan_depends_on_its_name_alone():
    """Equal names give equal plans; another seed, split, series or index gives another video."""
    one = plan_video(7, "test", "mlvu", 3)
    assert one == plan_video(7, "test", "mlvu", 3)
    others = [plan_video(8, "test", "mlvu", 3), plan_video(7, "val", "mlvu", 3), plan_video(7, "test", "own", 3)]
    assert len({p.video_id for p in [one, *others, plan_video(7, "test", "mlvu", 4)]}) == 5
