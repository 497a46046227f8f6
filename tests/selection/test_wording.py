"""Which questions are taken to ask about the whole video."""

from __future__ import annotations

import pytest

from ntlbg.records.query import Query
from ntlbg.selection import checks, registry
from ntlbg.selection.ntlbg import NTLBG
from ntlbg.selection.wording import LONGEST, asks_about_the_whole


@pytest.mark.parametrize(
    "question",
    [
        "Can you summarize the main contents of this video?",
        "What is this video about?",
        "What genre of movie is the clip in the video from?",
        "What type of film is this?",
        "Which of these places is never shown?",
        "What happens in this film, from beginning to end?",
        "Where does the story in the video take place?",
        "Is there anything unusual in this surveillance video?",
    ],
)
def test_the_whole_is_asked_about(question):
    """The gist, a property of the video, all of it, or what nobody can deny who has not seen it."""
    assert asks_about_the_whole(question)
    assert asks_about_the_whole(question.upper())


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the star in the forest?",
        "How many times does the moon appear throughout the video?",
        "At the beginning of the video, what kind of vehicle is the man riding?",
        "What kind of animals are being kept in the video?",
        "Which scene comes before the summary?",
        "Arrange the following events from the video in the correct chronological order: (1) a (2) b",
        "",
        "Summarise the video. " + "x" * LONGEST,
    ],
)
def test_moments_are_not(question):
    """A thing in the video, a count, an order, a time; nor is a long text read, which describes scenes."""
    assert not asks_about_the_whole(question)


def test_ntlbg_covers_the_video_for_such_a_question():
    """Whatever the curve says, and it says that it believed nothing; with `wording` off the curve is followed."""
    video, query = checks.a_video(120), checks.a_query(120)
    whole = type(query)("What is this video about?", query.relevance)
    turned = type(query)("What is this video about?", -query.relevance)
    rule = registry.make("ntlbg")
    chosen = checks.keeps_the_contract(rule, video, whole, 8)
    assert chosen.trust == 0.0
    assert chosen.sha256 == rule.select(video, turned, 8).sha256
    deaf = registry.make("ntlbg", wording=False)
    assert deaf.select(video, whole, 8).sha256 == rule.select(video, query, 8).sha256 != chosen.sha256


VARIANTS = [rule for rule in registry.every() if isinstance(rule, NTLBG)]


@pytest.mark.parametrize("rule", [v for v in VARIANTS if v.wording], ids=lambda rule: rule.name)
def test_a_variant_reads_the_words_as_ntlbg_does(rule):
    """It changes one thing, and the words are another: such a question is covered as `ntlbg` in its space covers it."""
    video, curve = checks.a_video(120), checks.a_query(120).relevance
    whole = Query("What is this video about?", curve)
    plain = registry.make("ntlbg", smoothing_s=rule.smoothing_s)
    for k in (1, 8, 120):
        assert rule.select(video, whole, k).sha256 == plain.select(video, whole, k).sha256


def test_the_rule_blind_to_the_question_reads_no_words():
    """What a question says changes no frame of `ntlbg_no_tilt`; it alone of the variants is deaf."""
    assert [v.name for v in VARIANTS if not v.wording] == ["ntlbg_no_tilt"]
    video, curve = checks.a_video(120), checks.a_query(120).relevance
    rule = registry.make("ntlbg_no_tilt")
    one, other = (rule.select(video, Query(text, curve), 8) for text in ("What is this video about?", "Who waves?"))
    assert one.sha256 == other.sha256
