"""`selection` in a tier of params.yaml: which rules are compared, at which budgets, with which settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PositiveInt, field_validator, model_validator

from ntlbg.errors import InputError
from ntlbg.section import Section
from ntlbg.selection import registry
from ntlbg.selection.contract import Selector


class SelectionParams(Section):
    """Budgets and selectors of a comparison. Every selector meets every budget."""

    k: Annotated[list[PositiveInt], Field(min_length=1)]  # frames that the language model may read
    selectors: Annotated[list[str], Field(min_length=1)]  # names, in the order of the tables
    settings: dict[str, dict[str, Any]] = Field(
        default_factory=dict
    )  # parameters by selector; what is left out keeps its default

    @field_validator("k", "selectors")
    @classmethod
    def _unique(cls, values: list[Any]) -> list[Any]:
        twice = sorted({v for v in values if values.count(v) > 1})
        if twice:
            raise ValueError(f"`{twice[0]}` is listed twice")
        return values

    @field_validator("selectors")
    @classmethod
    def _has_uniform(cls, names: list[str]) -> list[str]:
        if "uniform" not in names:
            raise ValueError("`uniform` is missing; every comparison is made against it")
        return names

    @model_validator(mode="after")
    def _makeable(self) -> SelectionParams:
        idle = sorted(set(self.settings) - set(self.selectors))
        if idle:
            raise ValueError(f"settings are given for `{idle[0]}`, which is not among the selectors")
        for name in self.selectors:
            try:
                self.make(name)
            except InputError as error:
                raise ValueError(error.sentence + (f" ({error.hint})" if error.hint else "")) from None
        return self

    def make(self, name: str) -> Selector:
        """The selector of this name with the settings given for it."""
        return registry.make(name, **self.settings.get(name, {}))
