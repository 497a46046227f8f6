"""Selectors are found by file and made by name."""

from __future__ import annotations

import pytest

from ntlbg.errors import InputError
from ntlbg.selection import registry


def test_the_baselines_that_every_table_shows_are_there():
    """uniform, random, topk_nms and kmedoids stand beside ntlbg, each under its own name."""
    assert {"uniform", "random", "topk_nms", "kmedoids", "ntlbg"} <= set(registry.classes())
    assert all(cls.name == name for name, cls in registry.classes().items())


def test_every_selector_says_where_it_comes_from():
    """Each rule has a source and parameters that can be listed."""
    for selector in registry.every():
        assert selector.source
        assert registry.make(selector.name, **selector.parameters) == selector


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("nltbg", {}, ["nltbg"]),
        ("ntlbg", {"step": 3}, ["ntlbg", "step"]),
        ("ntlbg", {"steps": 0}, ["ntlbg", "steps", "0"]),
        ("ntlbg", {"betas": []}, ["betas"]),
        ("ntlbg", {"betas": [1, "hot"]}, ["betas", "hot"]),
        ("ntlbg", {"snap": float("inf")}, ["snap", "inf"]),
        ("topk_nms", {"window_s": -1}, ["topk_nms", "window_s", "-1"]),
        ("random", {"seed": "today"}, ["random", "seed", "today"]),
    ],
)
def test_a_mistake_is_one_sentence_that_names_it(name, parameters, words):
    """Unknown names, unknown parameters and impossible values are refused with the culprit in the sentence."""
    with pytest.raises(InputError) as caught:
        registry.make(name, **parameters)
    assert all(word in caught.value.sentence for word in words)


def test_numbers_of_a_yaml_file_become_what_the_rule_needs():
    """A list becomes a tuple and a whole number a float, so equal settings are equal parameters."""
    assert registry.make("ntlbg", betas=[1, 2]) == registry.make("ntlbg", betas=(1.0, 2.0))
    assert isinstance(registry.make("topk_nms", window_s=3).parameters["window_s"], float)
