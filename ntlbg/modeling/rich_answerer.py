"""RichAnswerer: a trained model behind the calls of Answerer, for requests that carry a video's features.

What is asked is exactly what an Answerer is asked, and `index`, `query` and `indices` besides: no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ntlbg.errors import InputError
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.request import Request
from ntlbg.modeling.sample import Sample
from ntlbg.modeling.threads import threads_for
from ntlbg.modeling.video_qa import NTLBGVideoQA


@dataclass
class RichAnswerer:
    """identity: JSON values for cache keys. presentation, points, full_frames: how picks are shown; points None shows
    all picks of a request where the rule's picks are taken as they are, and as many as in training where the model
    chooses among them.
    """

    model: NTLBGVideoQA
    identity: dict[str, Any]
    presentation: str
    points: int | None = None
    full_frames: int | None = None

    @classmethod
    def load(
        cls,
        folder: str | Path,
        answerer_folder: str | Path,
        device: str = "cpu",
        dtype: str = "float32",
        batch: int = 32,
        *,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
        encoder: dict[str, Any] | None = None,
    ) -> RichAnswerer:
        """folder: as a training stage wrote it. answerer_folder: the checkpoint that it was trained over.

        Raises InputError as `NTLBGVideoQA.load` does.
        """
        model = NTLBGVideoQA.load(
            Path(folder), answerer_folder, encoder=encoder, device=device, dtype=dtype, batch=batch
        )
        return cls._of(model, dtype, presentation, points, full_frames)

    @classmethod
    def untrained(
        cls,
        answerer_folder: str | Path,
        *,
        features: int,
        query: int,
        modeling: ModelingParams,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        batch: int = 32,
        timestamps: bool = False,
        presentation: str = "rich",
        points: int | None = None,
        full_frames: int | None = None,
        **told: Any,
    ) -> RichAnswerer:
        """A model as it is before any training. features, query: widths of the features and of the query's vector."""
        model = NTLBGVideoQA.fresh(
            answerer_folder,
            features=features,
            query=query,
            modeling=modeling,
            seed=seed,
            device=device,
            dtype=dtype,
            timestamps=timestamps,
            batch=batch,
            presentation=presentation,
            **told,
        ).eval()
        return cls._of(model, dtype, presentation, points, full_frames)

    @classmethod
    def _of(
        cls, model: NTLBGVideoQA, dtype: str, presentation: str | None, points: int | None, full_frames: int | None
    ) -> RichAnswerer:
        shown = presentation or model.settings.presentation
        identity = {
            "model": model.settings.model_dump(mode="json"),  # holds the digests of its weights
            "dtype": dtype,
            "presentation": shown,
            "points": points,
            "full_frames": full_frames,
        }
        return cls(model, identity, shown, points, full_frames)

    def score_options(self, requests: Sequence[Request]) -> list[list[float]]:
        """For each request the log-likelihood of each option as the answer.

        Raises InputError naming the first request without options, or with frames but without their features.
        """
        for place, request in enumerate(requests):
            if not request.options:
                raise InputError(f"requests[{place}] has no options to score")
        samples = self._samples(requests)
        return self.model.score_options(samples, **self._shown(samples))

    def generate(self, requests: Sequence[Request], max_new_tokens: int) -> list[str]:
        """The greedy answer to each request."""
        samples = self._samples(requests)
        return self.model.generate(samples, max_new_tokens, **self._shown(samples))

    def choose(self, requests: Sequence[Request]) -> list[tuple[int, ...]]:
        """Those of each request's indices that the model shows, rising: all where it has nothing to leave out."""
        samples = self._samples(requests)
        kept: list[tuple[int, ...]] = [()] * len(samples)
        with torch.no_grad(), threads_for(self.model.adapter.model):
            for place, sample in enumerate(samples):
                choice = self.model.represent([sample], **self._shown(samples)).choice
                kept[place] = tuple(choice.indices[0][choice.present[0]].tolist())
        return kept

    def _shown(self, samples: Sequence[Sample]) -> dict[str, Any]:
        points = self.points
        if points is None and self.model.settings.pool == 1:
            points = max((len(s.indices) for s in samples), default=0) or None
        return {"presentation": self.presentation, "points": points, "full_frames": self.full_frames}

    def _samples(self, requests: Sequence[Request]) -> list[Sample]:
        adapter = self.model.adapter
        visual: list[Any] = [None] * len(requests)
        with torch.no_grad(), threads_for(adapter.model):
            by_size: dict[tuple[int, int], list[int]] = {}
            for place, request in enumerate(requests):
                if request.visual is not None:
                    visual[place] = request.visual
                else:
                    by_size.setdefault(self._size(request), []).append(place)
            for size, places in by_size.items():
                shown = [requests[p].frames if len(requests[p].frames) else _none(size) for p in places]
                parts = adapter.embed_frames(np.concatenate(shown)).split([len(frames) for frames in shown])
                for place, part in zip(places, parts, strict=True):
                    visual[place] = part
        return [self._sample(place, request, visual[place]) for place, request in enumerate(requests)]

    def _size(self, request: Request) -> tuple[int, int]:
        if not len(request.frames):
            return self.model.settings.size
        height, width = request.frames.shape[1:3]
        return int(height), int(width)

    def _sample(self, place: int, request: Request, visual: Any) -> Sample:
        index, query = request.index, request.query
        if index is None or query is None:
            if len(request.frames):
                raise InputError(f"requests[{place}] has frames but not the features of their video")
            # asked blindly: there is no video, and nothing of it is shown
            nothing = np.zeros((1, self.model.settings.features), dtype=np.float32)
            features, times, duration, relevance, vector = nothing, np.zeros(1), 0.0, np.zeros(1), None
        else:
            features, times, duration = index.features, index.timestamps_s, index.duration_s
            relevance, vector = query.relevance, query.vector
        return Sample(
            features=features,
            timestamps_s=times,
            duration_s=duration,
            relevance=relevance,
            query=vector,
            indices=np.asarray(request.indices, dtype=np.int64),
            prompt=request.prompt,
            options=request.options,
            visual=visual,
            size=self._size(request),
        )


def _none(size: tuple[int, int]) -> Any:
    return np.zeros((0, *size, 3), dtype=np.uint8)
