"""The tiny models' words."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer

from ntlbg.backbone.tokenizer import PHRASES, SPECIAL, UNKNOWN, build_tokenizer
from ntlbg.corpus.planted import plan_video
from ntlbg.corpus.world import COLOURS, NUMBERS, PLACES, SHAPES


@pytest.mark.parametrize("word", [*COLOURS, *PLACES, *SHAPES, *NUMBERS])
def test_every_option_is_one_token(word):
    """Options are scored in one step, and none is longer than another."""
    assert len(build_tokenizer()(word, add_special_tokens=False)["input_ids"]) == 1


def test_every_question_of_the_corpus_is_made_of_whole_words():
    """No word of a planned question has to be spelt."""
    tokens = build_tokenizer()
    for index in range(8):
        for question in plan_video(3, "test", "words", index).questions:
            pieces = tokens.tokenize(question.text)
            assert not any(p.startswith("##") or p == UNKNOWN for p in pieces), question.text


def test_an_unknown_word_is_spelt_and_reads_back():
    """Free text is never lost to one unknown token."""
    tokens = build_tokenizer()
    ids = tokens("Zebra 42?", add_special_tokens=False)["input_ids"]
    assert tokens.unk_token_id not in ids
    assert tokens.decode(ids).replace(" ", "") == "zebra42?"


def test_case_and_special_tokens():
    """Words are read in any case; Qwen2-VL's special tokens are whole, and skipped on reading back."""
    tokens = build_tokenizer()
    assert tokens.tokenize("What COLOUR") == ["what", "colour"]
    for special in SPECIAL:
        assert tokens.tokenize(f"red{special}blue") == ["red", special, "blue"]
    ids = tokens("red<|im_end|>", add_special_tokens=False)["input_ids"]
    assert tokens.decode(ids, skip_special_tokens=True) == "red"


def test_a_sentence_is_framed():
    """The text encoder's pooled token is the end token, so every sentence has one, at its end."""
    tokens = build_tokenizer(sentence=True)
    for phrase in PHRASES:
        ids = tokens(phrase)["input_ids"]
        assert ids[0] == tokens.bos_token_id
        assert ids.index(tokens.eos_token_id) == len(ids) - 1


def test_saving_keeps_every_token(tmp_path):
    """The tokenizer that AutoTokenizer loads is the tokenizer that was saved."""
    tokens = build_tokenizer()
    tokens.save_pretrained(tmp_path)
    again = AutoTokenizer.from_pretrained(tmp_path, trust_remote_code=False)
    for text in (*PHRASES, "zebra <12.3s>", "<|vision_start|><|image_pad|>"):
        assert again(text)["input_ids"] == tokens(text)["input_ids"]
    assert again.chat_template == tokens.chat_template
