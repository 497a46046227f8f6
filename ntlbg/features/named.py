"""A question through the names of classes: a curve for each word, and one for the phrase as a whole.

A classifier says of each view which of its C classes it shows; a word stands for the classes that are named like it.
The words of a question are looked for one by one, because the mean of a sentence is near to nothing: where a frame
shows several of them, their curves add up. A word counts as far as some class is named like it, so "squirrel" counts
and "towards" does not; what a frame scores on words that were not asked for is taken off.

Letters: T frames, v views, C classes, e the space of the text encoder, q background words. The constants were chosen
on the film's development questions (docs/experiments/film.md, with what failed).
"""

from __future__ import annotations

import numpy as np

from ntlbg.records.arrays import Array
from ntlbg.statistics.threads import one_thread

FLATTEN = 2.0  # temperature of the logits: a photograph's classifier is too sure of itself on other pictures
SOFT = 0.1  # a class whose cosine with the word is this much below the best one's weighs 1/e of it
GROUND = 0.2  # cosine of a word with its best class at which it starts to count
HUBS = 0.6  # share of the mean background curve that is taken off
WHOLE = 0.5  # weight of the phrase's curve beside that of the words, both of unit spread
TOP = 10  # classes of a view that make up its place among the names (ConSE)


def standard(curves: Array) -> Array:
    """Each column of [T, n] with mean 0 and standard deviation 1; zeros where it is constant."""
    centred = curves - curves.mean(axis=0)
    spread = curves.std(axis=0)
    return centred / np.where(spread > 1e-12, spread, np.inf)


def class_weights(classes: Array, texts: Array) -> tuple[Array, Array]:
    """How much each class stands for each text: [n, C], rows of sum 1; and the cosine of its best class: [n].

    classes: [C, e], texts: [n, e], unit rows.
    """
    alike = texts.astype(np.float64) @ classes.T.astype(np.float64)
    best = alike.max(axis=1)
    weights = np.exp((alike - best[:, None]) / SOFT)
    return weights / weights.sum(axis=1, keepdims=True), best


def flattened(probabilities: Array) -> Array:
    """[T, v, C] probabilities at the temperature FLATTEN of their logits."""
    powered = probabilities.astype(np.float64) ** (1.0 / FLATTEN)
    return powered / np.maximum(powered.sum(axis=-1, keepdims=True), 1e-30)


def best_view(views: Array, weights: Array) -> Array:
    """views: [T, v, x], weights: [n, x]. Returns [T, n], the best view of each frame."""
    return (views @ weights.T).max(axis=1)


def places(probabilities: Array, names: Array) -> Array:
    """Where each view lies among the names (ConSE): the weighted mean of its TOP likeliest classes.

    names: [C, e], centred, not of unit norm. Returns [T, v, e], unit rows.
    """
    top = np.argpartition(-probabilities, TOP - 1, axis=-1)[..., :TOP]
    kept = np.zeros(probabilities.shape)
    np.put_along_axis(kept, top, np.take_along_axis(probabilities, top, axis=-1), axis=-1)
    vectors = kept @ names.astype(np.float64)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)


class Film:
    """What is computed once per video and shared by its questions.

    probabilities: [T, v, C]. names: [C, e] centred embeddings of the classes. background: [q, e] unit rows.
    places: [T, v, e] unit rows, each view among the names.
    """

    @one_thread()
    def __init__(self, probabilities: Array, names: Array, background: Array) -> None:
        self._classes = names / np.linalg.norm(names, axis=1, keepdims=True)
        self._flat = flattened(probabilities)
        self.places = places(probabilities, names)
        weights, _ = class_weights(self._classes, background)
        self._hubs: Array = standard(best_view(self._flat, weights)).mean(axis=1)  # [T]
        self._phrase_hubs: Array = best_view(self.places, background.astype(np.float64)).mean(axis=1)  # [T]

    @one_thread()
    def curve(self, phrase: Array, words: Array) -> Array:
        """Relevance [T]. phrase: [e] of the whole, words: [n, e] of the single words; unit norm."""
        whole = best_view(self.places, phrase[None].astype(np.float64))[:, 0] - self._phrase_hubs
        total: Array = WHOLE * standard(whole[:, None])[:, 0]
        weights, best = class_weights(self._classes, words)
        counts = np.maximum(best - GROUND, 0.0)
        if counts.sum() > 0:
            named = standard(best_view(self._flat, weights)) @ counts / counts.sum() - HUBS * self._hubs
            total = total + standard(named[:, None])[:, 0]
        return total
