"""Prompts as the benchmarks word them, and parsers that never guess."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntlbg.errors import InputError
from ntlbg.questions.protocols import NAMES, get
from ntlbg.records.question import Question

QUESTION = Question("q", "v", "x", "What is held?", ("A cup", "A pen", "A cat", "A dog"), 2, "A cat")
LETTERED = [name for name in NAMES if name != "open"]


def test_official_prompts_are_word_for_word() -> None:
    """Instruction, order, punctuation and prefill are the benchmarks' own."""
    assert get("longvideobench").prompt(QUESTION).user == (
        "Question: What is held?\nA. A cup\nB. A pen\nC. A cat\nD. A dog\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert get("videomme").prompt(QUESTION).user == (
        "Select the best answer to the following multiple-choice question based on the video. "
        "Respond with only the letter (A, B, C, or D) of the correct option.\n"
        "What is held?\nA. A cup\nB. A pen\nC. A cat\nD. A dog\nThe best answer is:"
    )
    mlvu = get("mlvu").prompt(QUESTION)
    assert mlvu.user == (
        "Question: What is held?\nOptions:\n(A) A cup\n(B) A pen\n(C) A cat\n(D) A dog\nOnly give the best option."
    )
    assert mlvu.prefill == "Best Option: ("
    assert mlvu.system.startswith("Carefully watch this video and pay attention to every detail.")
    assert get("open").prompt(QUESTION).user == "What is held?"


@pytest.mark.parametrize("name", NAMES)
def test_a_prompt_knows_no_answer(name: str) -> None:
    """The right answer changes nothing that is asked."""
    other = replace(QUESTION, answer=0, answer_text="A cup")
    assert get(name).prompt(QUESTION) == get(name).prompt(other)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ("B", 1),
        (" b ", 1),
        ("(B)", 1),
        ("B.", 1),
        ("**B**", 1),
        ("B) Red", 1),
        ("B. Red", 1),
        ("B: Red", 1),
        ("Best answer: C", 2),
        ("Best option: (C)", 2),
        ("The best option is C", 2),
        ("The answer is D", 3),
        ("The answer is D.", 3),
        ("The correct answer is: **D. blue**", 3),
        ("answer: b", 1),
        ("Answer: B. Red", 1),
        ("Option B", 1),
        ("I think it is C.", 2),
        ("C, definitely", 2),
        ("D\n\nExplanation: A is wrong", 3),
        ("The answer is A because of it", 0),
        ("A. A team", 0),
        ("A is out, so the answer is B. No: the final answer is C", 2),
        ("(A) x\n(B) y\nBest: C", 2),
        ("The best option is (B) because (A) is wrong", 1),
    ],
)
@pytest.mark.parametrize("name", LETTERED)
def test_clear_replies_are_read(name: str, raw: str, place: int) -> None:
    """Common ways to name one option, with words that hold letters around them."""
    assert get(name).parse(raw, 4) == place


@pytest.mark.parametrize(
    "raw",
    [
        *("", "   ", "A or B", "A and B", "(A), (B)", "A man walks", "The answer is a dog", "The best answer is A man"),
        *("E", "The answer is E", "None of the above", "Based on the video", "U.S.A. wins", "I cannot tell", "5"),
        *("(A) cup\n(B) pen\n(C) cat", "Á", "答案", "\0"),
    ],
)
@pytest.mark.parametrize("name", LETTERED)
def test_unclear_replies_are_nothing(name: str, raw: str) -> None:
    """No letter, several letters, a letter beyond the options: None, never a guess."""
    assert get(name).parse(raw, 4) is None


@pytest.mark.parametrize("place", range(6))
def test_six_options_are_read(place: int) -> None:
    """MLVU's test set has options A to F."""
    letter = "ABCDEF"[place]
    assert [get("mlvu").parse(raw, 6) for raw in (letter, f"({letter})", f"{letter}) x", f"Best option: {letter}")] == [
        place
    ] * 4


@given(st.text(max_size=80), st.integers(2, 6))
def test_any_reply_gives_an_option_or_nothing(raw: str, n: int) -> None:
    """Whatever a model says, the place is within the options, and the same every time."""
    for name in NAMES:
        place = get(name).parse(raw, n)
        assert place is None or 0 <= place < n
        assert place == get(name).parse(raw, n)


def test_an_unknown_protocol_is_named() -> None:
    """With the known ones as a hint."""
    with pytest.raises(InputError, match="no protocol `chat`") as caught:
        get("chat")
    assert "open" in (caught.value.hint or "")
