"""`training` in a tier of params.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from ntlbg.section import Section

Stage = Literal["select", "joint", "full"]
STAGES: tuple[Stage, ...] = ("select", "joint", "full")


class TrainingParams(Section):
    """How the three stages take their steps. The same for every selector whose picks are trained on."""

    selectors: Annotated[list[str], Field(min_length=1, default_factory=lambda: ["ntlbg", "uniform"])]  # a model each
    presentation: Literal["rich", "hybrid"] = "rich"
    points: PositiveInt = 48  # representatives of a question
    full_frames: NonNegativeInt = 4  # `hybrid` only: picks shown whole, the others as points
    protocol: Literal["open", "longvideobench", "videomme", "mlvu"] = "open"  # how training questions are asked
    size: tuple[PositiveInt, PositiveInt] = (32, 48)  # [height, width] of the frames that the answerer sees
    timestamps: bool = False  # writes "<12.3s>" before each picture

    batch_size: PositiveInt = 16  # questions per step on one device
    gradient_accumulation: PositiveInt = 1  # steps whose gradients are summed before one update
    max_steps: NonNegativeInt = 200  # updates per stage
    steps: dict[Stage, NonNegativeInt] = Field(default_factory=dict)  # updates of single stages, instead of max_steps
    learning_rate: PositiveFloat = 1e-3  # of our modules, at its peak
    lora_learning_rate: PositiveFloat | None = None  # None = learning_rate
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05  # share of a stage's updates
    clip: PositiveFloat = 1.0  # norm of the gradient, at most
    weight_decay: NonNegativeFloat = 0.01  # of matrices

    lora_rank: PositiveInt = 8
    lora_alpha: PositiveFloat = 16.0
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05

    unfreeze_encoder: bool = False  # stage `select` trains the encoder's last vision block too
    encoder_learning_rate: PositiveFloat | None = None  # of that block; None = a tenth of learning_rate

    constraint_target: Literal["median", "argmin"] = "median"  # the contour that picks are drawn to
    likelihood: NonNegativeFloat = 1.0  # weight of the Gaussian likelihood that pins Sigma; 0 lets it drift

    perturb: Annotated[float, Field(ge=0, lt=1)] = 0.2  # share of candidate frames hidden from the rule in training
    variants: PositiveInt = 8  # ways of hiding; epoch after epoch the next one

    validate_every: PositiveInt = 25  # updates
    patience: NonNegativeInt = 0  # validations without a better one before a stage ends; 0 = all its updates
    watch: Literal["accuracy", "loss"] = "accuracy"  # on the val questions; a tie goes to the lower loss
    checkpoint_every: PositiveInt = 50  # updates; what a kill costs at most
    precision: Literal["auto", "float32", "float16", "bfloat16"] = "auto"  # auto: float32 on a CPU
    device: Literal["cpu", "cuda"] = "cpu"

    @field_validator("selectors")
    @classmethod
    def _unique(cls, names: list[str]) -> list[str]:
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"`{twice[0]}` is listed twice")
        return names

    @property
    def effective_batch_size(self) -> int:
        """Questions that one update has seen, on one device."""
        return self.batch_size * self.gradient_accumulation

    def steps_of(self, stage: Stage) -> int:
        """Updates of a stage."""
        return self.steps.get(stage, self.max_steps)

    def span(self, stage: Stage) -> tuple[int, int]:
        """(updates before this stage, updates of all three): where a stage lies on the common schedule."""
        before = STAGES[: STAGES.index(stage)]
        return sum(map(self.steps_of, before)), sum(map(self.steps_of, STAGES))
