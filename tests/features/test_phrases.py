"""Questions to phrases."""

from __future__ import annotations

import pytest

from ntlbg.features.phrases import phrase, words


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What colour is the big dog?", "the big dog"),
        ("What's the colour of the car?", "the car"),
        ("How many people are in the boat?", "people in the boat"),
        ("Which animal appears in the video?", "animal"),
        ("At the beginning of the film, what does the man hold?", "the man hold"),
        ("a dog on a skateboard", "a dog on a skateboard"),
        ("What happens?", "What happens?"),
        ("¿Qué animal duerme?", "Qué animal duerme"),
        ("狗在哪里?", "狗在哪里"),
    ],
)
def test_asking_words_go_and_things_stay(question: str, expected: str) -> None:
    """What could be in a picture stays; a question of nothing but asking words stays as it is."""
    assert phrase(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What colour is the Rabbit's nose, and the dog’s nose?", ["rabbit", "nose", "dog"]),
        ("Which animal dangles above the picket fence?", ["animal", "dangles", "above", "picket", "fence"]),
        ("in the", []),
        ("狗在哪里?", ["狗在哪里"]),
    ],
)
def test_words_are_those_that_can_name_something(question: str, expected: list[str]) -> None:
    """In lower case, each once, without articles, prepositions and possessive endings."""
    assert words(question) == expected
