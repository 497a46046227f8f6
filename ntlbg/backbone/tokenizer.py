"""The tiny models' tokenizer: a word is a token; a word that the rendered world does not know is spelt.

Special tokens and chat layout are Qwen2-VL's, so the processor, the answerer and `generate` treat the tiny model as
they treat the large one. Colours, places, shapes and numbers are one token each: an option is scored in one step.
"""

from __future__ import annotations

import re
import string
from typing import Any

from ntlbg.corpus.world import COLOURS, NUMBERS, PLACES, SHAPES

PAD = "<|endoftext|>"
START, END = "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END = "<|vision_start|>", "<|vision_end|>"
IMAGE, VIDEO = "<|image_pad|>", "<|video_pad|>"
UNKNOWN = "<|unk|>"
SPECIAL = (PAD, UNKNOWN, START, END, VISION_START, VISION_END, "<|vision_pad|>", IMAGE, VIDEO)

# the questions of the rendered world, and what the tiny models are practised with
PHRASES = (
    "What colour is the shape in the place when it is seen first?",
    "What colour is the shape in the place when it is seen last?",
    "How many times does the shape appear in the place?",
    "Which of these places is shown?",
    "Which of these places is never shown?",
    "Where does most of the video take place?",
    "a picture of an empty place with nothing in it",
    "user assistant system",
)

CHAT = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\n' -}}"
    "{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}"
    "{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'image' -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}"
    "{%- elif part['type'] == 'video' -%}{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}"
    "{%- elif part['type'] == 'text' -%}{{- part['text'] -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{{- '<|im_end|>\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


def words() -> list[str]:
    """Every whole word that is a token, sorted."""
    spoken = {w for phrase in PHRASES for w in re.findall(r"[a-z]+", phrase.lower())}
    return sorted(spoken | set(COLOURS) | set(PLACES) | set(SHAPES) | set(NUMBERS))


def build_tokenizer(*, sentence: bool = False) -> Any:
    """A PreTrainedTokenizerFast. sentence: frame a text by start and end tokens, as a text encoder wants it."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = [*SPECIAL, *words(), *characters, *(f"##{c}" for c in characters)]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=64))
    core.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation(),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    core.decoder = decoders.WordPiece(prefix="##")
    if sentence:
        core.post_processor = processors.TemplateProcessing(
            single=f"{START} $A {END}", special_tokens=[(t, vocabulary[t]) for t in (START, END)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token=UNKNOWN,
        pad_token=PAD,
        eos_token=END,
        bos_token=START if sentence else None,
        additional_special_tokens=[t for t in SPECIAL if t not in (PAD, UNKNOWN, END)],
        padding_side="right" if sentence else "left",
        model_max_length=32 if sentence else 4096,
        chat_template=None if sentence else CHAT,
        clean_up_tokenization_spaces=False,
    )
