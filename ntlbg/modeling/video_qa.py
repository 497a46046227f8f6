"""NTLBGVideoQA: question and candidate frames to an answer, through the learned law, the choice and the rich points.

A rule proposes frames; under the law of the question the choice keeps `points` of them (all, where the rule proposes
no more), each becomes a rich point, and points or frames are put before a language model in place of pictures.

Letters: B questions, T candidate frames, k picks, n visual tokens of a frame, p tokens of a point, D language model
width, A answer tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ntlbg.errors import InputError
from ntlbg.modeling import shown
from ntlbg.modeling.answerer import Answerer
from ntlbg.modeling.attention import NTLBGAttention
from ntlbg.modeling.choice import Choice, choose, masses, scores
from ntlbg.modeling.law import ConditionalLaw
from ntlbg.modeling.lora import WEIGHTS as LORA_WEIGHTS
from ntlbg.modeling.lora import Lora, add_lora, check_lora, has_lora, load_lora, save_lora
from ntlbg.modeling.params import ModelingParams
from ntlbg.modeling.pooling import pooled
from ntlbg.modeling.qwen import Inputs, QwenAdapter
from ntlbg.modeling.rich_points import RichPointConstructor, RichPoints
from ntlbg.modeling.sample import Batch, Sample, collate
from ntlbg.modeling.sequence import Blocks
from ntlbg.modeling.settings import Settings, Stage, read_settings, write_settings
from ntlbg.modeling.threads import threads_for
from ntlbg.store import canonical, file_digest
from ntlbg.tensors import HINT, check_shapes, read_tensors, write_tensors

__all__ = ["NTLBGVideoQA", "Output", "Sample"]

WEIGHTS, LORA = "ntlbg.safetensors", "lora"
OURS = ("attention", "constructor")


@dataclass(frozen=True, eq=False)
class Represented:
    """law, choice, masses: of the questions. visual: [B, k, p, D], the picks' pooled visual tokens. rich: None in
    presentation `frames`. blocks: the pictures. batch: the samples side by side.
    """

    batch: Batch
    law: ConditionalLaw
    choice: Choice
    masses: Tensor
    visual: Tensor
    rich: RichPoints | None
    blocks: Blocks


@dataclass(frozen=True, eq=False)
class Output:
    """logits: [B, 1 + A, V] from the prompt's last token on. labels: [B, 1 + A], the answer's tokens, IGNORED at the
    prompt's last one and after the answer: logits at one place are judged by the label of the next.

    features: [B, T, d]; mask: [B, T]; weights: [B, T] the tilted law; times_s: [B, T]. The rest as in `Represented`.
    """

    logits: Tensor
    labels: Tensor
    law: ConditionalLaw
    choice: Choice
    masses: Tensor
    rich: RichPoints | None
    visual: Tensor
    features: Tensor
    mask: Tensor
    weights: Tensor
    times_s: Tensor


class NTLBGVideoQA(nn.Module):
    """adapter: the answerer, whose own weights stay as they are. settings: sizes and defaults; what is drawn is drawn
    from its seed.
    """

    def __init__(self, adapter: QwenAdapter, settings: Settings) -> None:
        super().__init__()
        self.adapter = adapter
        self.settings = settings
        adapter.model.requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.attention, self.constructor = _built(settings)
        for module in (self.attention, self.constructor):
            module.to(adapter.device)
        if settings.lora is not None:
            add_lora(adapter.model, settings.lora, settings.seed)

    @classmethod
    def fresh(
        cls,
        answerer: str | Path | Answerer | QwenAdapter,
        *,
        features: int,
        query: int,
        modeling: ModelingParams,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        timestamps: bool = False,
        batch: int = 32,
        **told: Any,
    ) -> NTLBGVideoQA:
        """An untrained model. answerer: loaded, or where to load it from with the settings after `seed`.

        told: other fields of `Settings` (presentation, points, full_frames, size, selector, selector_settings,
        encoder). Raises InputError as `Answerer.load` does.
        """
        adapter = _adapter(answerer, device=device, dtype=dtype, timestamps=timestamps, batch=batch)
        settings = Settings(
            features=features,
            query=query,
            width=adapter.width,
            answerer=adapter.identity["answerer"],
            timestamps=adapter.answerer.timestamps,
            seed=seed,
            **Settings.sizes(modeling),
            **told,
        )
        return cls(adapter, settings)

    # --- on disk --------------------------------------------------------------------------------------------------

    def add_lora(self, rank: int, alpha: float, dropout: float = 0.0) -> None:
        """Let the language model learn too, by LoRA. Raises InputError when it does already."""
        if has_lora(self.adapter.model):
            raise InputError("the language model has LoRA matrices already")
        lora = Lora(rank=rank, alpha=alpha, dropout=dropout)
        add_lora(self.adapter.model, lora, self.settings.seed)
        self.settings = self.settings.model_copy(update={"lora": lora})

    def save(self, folder: Path, *, stage: Stage | None = None) -> None:
        """Write `ntlbg.json`, `ntlbg.safetensors` and, where there is one, the adapter `lora/`. No pickle.

        stage: after which stage of training this is; left out, as before.
        """
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors(folder / WEIGHTS, {name: p.detach() for name, p in self._own().items()})
        if self.settings.lora is not None:
            save_lora(self.adapter.model, self.settings.lora, folder / LORA)
        update: dict[str, Any] = {"files": {name: file_digest(folder / name) for name in self._files()}}
        update |= {"stage": stage} if stage is not None else {}
        self.settings = self.settings.model_copy(update=update)
        write_settings(folder, self.settings)

    @classmethod
    def load(
        cls,
        folder: Path,
        answerer: str | Path | Answerer | QwenAdapter,
        *,
        encoder: dict[str, Any] | None = None,
        device: str = "cpu",
        dtype: str = "float32",
        batch: int = 32,
    ) -> NTLBGVideoQA:
        """What `save` wrote, over its answerer (loaded without LoRA, or where to load it from). encoder: identity of
        the one that is used now.

        Raises InputError naming the file when one is missing, damaged or no safetensors, and when answerer or encoder
        are not those that the model was made with.
        """
        settings = read_settings(folder)
        adapter = _adapter(answerer, device=device, dtype=dtype, timestamps=settings.timestamps, batch=batch)
        _check_same(folder, "answerer", settings.answerer, adapter.identity["answerer"])
        if encoder is not None and settings.encoder:
            _check_same(folder, "encoder", settings.encoder, encoder)
        if settings.width != adapter.width:
            raise InputError(f"{folder}: is of width {settings.width}, the answerer of {adapter.width}")
        if has_lora(adapter.model):
            raise InputError(f"{folder}: the answerer has LoRA matrices of another model", hint="load it anew")
        try:
            check_shapes(folder / WEIGHTS, _shapes(settings))  # before memory is taken for them
            if settings.lora is not None:
                check_lora(adapter.model, settings.lora, folder / LORA)
            model = cls(adapter, settings)
        except (RuntimeError, ValueError) as error:
            raise InputError(f"{folder}: no model can be built from its settings ({error})") from error
        own = model._own()
        found = read_tensors(folder / WEIGHTS, {name: tuple(p.shape) for name, p in own.items()})
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(found[name])
        if settings.lora is not None:
            load_lora(adapter.model, folder / LORA)
        for name in model._files():
            if settings.files.get(name) != file_digest(folder / name):
                raise InputError(f"{folder / name}: is not as it was saved", hint=HINT)
        return model.eval()

    def _files(self) -> list[str]:
        """Files of weights below the saved folder."""
        return [WEIGHTS] if self.settings.lora is None else [WEIGHTS, f"{LORA}/{LORA_WEIGHTS}"]

    def _own(self) -> dict[str, Tensor]:
        return {name: t for name, t in self.state_dict(keep_vars=True).items() if name.split(".")[0] in OURS}

    # --- forward --------------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        return self.adapter.device

    def visual_tokens(
        self,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
        size: tuple[int, int] | None = None,
    ) -> int:
        """Tokens of the language model that a question's pictures take; what is left out is as in the settings."""
        s = self.settings
        return shown.visual_tokens(
            presentation or s.presentation,
            points or s.points,
            self.adapter.frame_tokens(*(size or s.size)),
            s.tokens_per_point,
            s.full_frames if full_frames is None else full_frames,
        )

    def forward(
        self,
        samples: Sequence[Sample],
        *,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
        noise: torch.Generator | None = None,
    ) -> Output:
        """Logits and labels of the samples' answers, with all that the losses need.

        points: picks that are shown; full_frames: of them whole, in `hybrid`; left out, both as in the settings.
        noise: perturbs the choice, in training.
        """
        seen = self.represent(samples, presentation=presentation, points=points, full_frames=full_frames, noise=noise)
        answers = [None if s.answer is None else s.options[s.answer] for s in samples]
        inputs = self._inputs(samples, seen, answers)
        return Output(
            logits=self.adapter.logits(inputs),
            labels=inputs.labels,
            law=seen.law,
            choice=seen.choice,
            masses=seen.masses,
            rich=seen.rich,
            visual=seen.visual,
            features=seen.batch.features,
            mask=seen.batch.mask,
            weights=seen.batch.weights,
            times_s=seen.batch.times_s,
        )

    def represent(
        self,
        samples: Sequence[Sample],
        *,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
        noise: torch.Generator | None = None,
    ) -> Represented:
        """Law, choice and pictures of the samples, before any word is read."""
        presentation, points = presentation or self.settings.presentation, points or self.settings.points
        shown.check(presentation)
        batch = collate(samples, self.settings.query, self.adapter.embed_frames, self.device)
        if batch.features.shape[-1] != self.settings.features:
            raise InputError(
                f"features of width {batch.features.shape[-1]} came to a model that reads {self.settings.features}"
            )
        self.adapter.check_width(batch.visual.shape[-1])
        law = self.attention(batch.features, batch.mask, batch.weights, batch.query)
        score = scores(law, batch.features, batch.mask, batch.z, self.attention.gains)
        choice = choose(score, batch.allowed, points, noise=noise)
        # where all that was proposed is kept nothing was chosen, and no gradient may say that it was
        chose = batch.proposed.sum(-1, keepdim=True) > points
        choice = replace(choice, gate=torch.where(chose, choice.gate, choice.present.to(choice.gate)))
        mass = masses(score, batch.mask, choice.indices, batch.features, choice.present)
        place = torch.searchsorted(batch.pool, choice.indices).clamp(max=batch.pool.shape[1] - 1)
        rows = torch.arange(len(samples), device=place.device)[:, None]
        visual = batch.visual[rows, place]  # [B, k, n, D·(1 + depth)]
        small = pooled(visual, self.settings.tokens_per_point)
        width = self.adapter.width
        count = [min(len(s.indices), points) for s in samples]
        rich = None
        if presentation != "frames":
            rich = self.constructor(
                batch.features,
                batch.mask,
                batch.times_s,
                batch.duration_s,
                choice.indices,
                choice.present,
                small[..., :width],
                mass,
                choice.gate,
            )
        blocks = self._blocks(samples, presentation, full_frames, choice, mass, visual, small, rich, count)
        return Represented(batch, law, choice, mass, small[..., :width].float(), rich, blocks)

    def _blocks(
        self,
        samples: Sequence[Sample],
        presentation: str,
        full_frames: int | None,
        choice: Choice,
        mass: Tensor,
        visual: Tensor,
        small: Tensor,
        rich: RichPoints | None,
        count: list[int],
    ) -> Blocks:
        gate = choice.gate[..., None, None]
        tokens = small
        if rich is not None:
            tokens = torch.cat([rich.embeds, gate * small[..., self.adapter.width :]], dim=-1)
        if presentation == "rich":
            return shown.as_points(tokens, count)
        grid = self._grid(samples, visual.shape[2])
        if presentation == "frames":
            return shown.as_frames(gate * visual, grid, count)
        whole = self.settings.full_frames if full_frames is None else full_frames
        return shown.as_both(tokens, gate * visual, grid, shown.heaviest(mass, choice.present, whole), count)

    def _grid(self, samples: Sequence[Sample], tokens: int) -> tuple[int, int]:
        """Rows and columns of the frames, of which all `tokens` tokens must be there."""
        sizes = {_size(s) or tuple(self.settings.size) for s in samples}
        grids = {self.adapter.frame_grid(*size) for size in sizes}
        if len(grids) > 1:
            raise InputError(f"frames of one batch differ in size: {sorted(sizes)}")
        grid = grids.pop()
        if grid[0] * grid[1] != tokens:
            raise InputError(
                f"a whole frame has {grid[0] * grid[1]} visual tokens here, but samples came with {tokens}",
                hint="only presentation `rich` reads pooled tokens; for the others give all of a frame's",
            )
        return grid

    def _inputs(self, samples: Sequence[Sample], seen: Represented, answers: Sequence[str | None] | None) -> Inputs:
        times = None
        if self.adapter.answerer.timestamps:
            chosen = zip(samples, seen.choice.indices.tolist(), seen.blocks.count, strict=True)
            times = [[float(s.timestamps_s[i]) for i in indices[:n]] for s, indices, n in chosen]
        return self.adapter.inputs([s.prompt for s in samples], seen.blocks, answers=answers, times_s=times)

    # --- answers --------------------------------------------------------------------------------------------------

    def score_options(
        self,
        samples: Sequence[Sample],
        *,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
    ) -> list[list[float]]:
        """For each sample the log-likelihood of each option as the answer, as `Answerer.score_options` counts it."""
        for place, sample in enumerate(samples):
            if not sample.options:
                raise InputError(f"samples[{place}] has no options to score")
        found: list[list[float]] = [[] for _ in samples]
        with torch.no_grad(), threads_for(self.adapter.model):
            for places in self._batches(samples):
                part = [samples[p] for p in places]
                seen = self.represent(part, presentation=presentation, points=points, full_frames=full_frames)
                scored = self.adapter.score(self._inputs(part, seen, None), [s.options for s in part])
                for place, values in zip(places, scored, strict=True):
                    found[place] = values
        return found

    def generate(
        self,
        samples: Sequence[Sample],
        max_new_tokens: int,
        *,
        presentation: str | None = None,
        points: int | None = None,
        full_frames: int | None = None,
    ) -> list[str]:
        """The greedy answer to each sample, as `Answerer.generate` writes it."""
        found = [""] * len(samples)
        with torch.no_grad(), threads_for(self.adapter.model):
            for places in self._batches(samples):
                part = [samples[p] for p in places]
                seen = self.represent(part, presentation=presentation, points=points, full_frames=full_frames)
                written = self.adapter.write(self._inputs(part, seen, None), max_new_tokens)
                for place, text in zip(places, written, strict=True):
                    found[place] = text
        return found

    def _batches(self, samples: Sequence[Sample]) -> Iterator[list[int]]:
        """Places of samples, batch by batch; those whose pictures have one shape go together."""
        groups: dict[tuple[Any, ...], list[int]] = {}
        for place, sample in enumerate(samples):
            tokens = None if sample.visual is None else tuple(sample.visual.shape[1:])
            groups.setdefault((tokens, _size(sample)), []).append(place)
        for places in groups.values():
            for start in range(0, len(places), self.adapter.answerer.batch):
                yield places[start : start + self.adapter.answerer.batch]


def _built(settings: Settings) -> tuple[NTLBGAttention, RichPointConstructor]:
    """The modules that training trains, with fresh weights."""
    s = settings
    return (
        NTLBGAttention(s.features, s.query, s.rank, s.hidden),
        RichPointConstructor(s.features, s.width, s.context, s.temporal, s.width, s.window, s.hidden),
    )


def _shapes(settings: Settings) -> dict[str, tuple[int, ...]]:
    """Of every tensor of ours, without memory for any."""
    with torch.device("meta"):
        modules = zip(OURS, _built(settings), strict=True)
        return {f"{name}.{of}": tuple(t.shape) for name, one in modules for of, t in one.state_dict().items()}


def _size(sample: Sample) -> tuple[int, int] | None:
    """(h, w) of a sample's frames, where it says so."""
    if sample.frames is not None and sample.visual is None:
        height, width = sample.frames.shape[1:3]
        return int(height), int(width)
    return sample.size


def _adapter(answerer: str | Path | Answerer | QwenAdapter, **told: Any) -> QwenAdapter:
    if isinstance(answerer, QwenAdapter):
        return answerer
    return QwenAdapter(answerer) if isinstance(answerer, Answerer) else QwenAdapter.load(answerer, **told)


def _check_same(folder: Path, what: str, made_with: dict[str, Any], now: dict[str, Any]) -> None:
    if canonical(made_with) != canonical(now):
        raise InputError(
            f"{folder}: was made with another {what}", hint=f"use the {what} that it was trained with, or train again"
        )
