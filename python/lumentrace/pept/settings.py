"""Settings of a run, and what each of them means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from lumentrace.base.errors import did_you_mean
from lumentrace.engine import settings
from lumentrace.engine.settings import setting
from lumentrace.pept.recipes import RECIPES, BaseRecipe, Lines
from lumentrace.pept.scanners.kinds import KINDS


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How an acquisition is read and tracked; `lumentrace pept run` has an option for each.

    As names and values the settings of the recipe stand beside the others: ``{"recipe": "lines", "tracers": 2}``.
    """

    recipe: BaseRecipe = setting(Lines(), "the recipe and its settings")
    scanner: str = setting("auto", f"{', '.join(KINDS)}, or auto: what the file looks like")
    separation: float | None = setting(None, "distance of two screens, mm, where the file does not say")
    reader: tuple[str, ...] = setting((), "what else the reader is told, such as delayeds=yes")
    lenient: bool = setting(False, "leave out damaged lines of text and count them")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], source: str = "settings") -> Self:
        """Settings from names and values; see `lumentrace.engine.settings.Settings.from_mapping`."""
        own = {each.name for each in fields(cls)}
        name = given.get("recipe", Lines.name)
        if name not in RECIPES:
            hint = did_you_mean(str(name), RECIPES)
            raise ValueError(f"{source}: expected recipe to be one of {', '.join(RECIPES)}, found {name!r}{hint}")
        others = {key: value for key, value in given.items() if key not in own}
        if "recipe" not in given:
            _check_default(others, source)
        recipe = RECIPES[name].from_mapping(others, f"{source}: recipe {name!r}")
        rest = {key: value for key, value in given.items() if key in own and key != "recipe"}
        made = super().from_mapping(rest, source)
        return replace(made, recipe=recipe, reader=tuple(made.reader))

    def describe(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of every setting; those of the recipe beside the others."""
        own = [each for each in super().describe() if each[0] != "recipe"]
        return [("recipe", self.recipe.name, f"one of {', '.join(RECIPES)}"), *self.recipe.describe(), *own]

    def to_dict(self) -> dict[str, Any]:
        """Names and values; those of the recipe beside the others."""
        names = ("scanner", "separation", "reader", "lenient")
        own = {name: getattr(self, name) for name in names}
        return {"recipe": self.recipe.name, **self.recipe.to_dict(), **own}

    def defaults(self) -> dict[str, Any]:
        """Names and values of settings that nobody chose; those of the recipe that was chosen beside the others."""
        return {**super().defaults(), **self.recipe.defaults(), "recipe": Lines.name}


def _check_default(given: Mapping[str, Any], source: str) -> None:
    """Say which recipes have a setting that the default one lacks."""
    for name in given:
        having = [key for key, recipe in RECIPES.items() if name in {each.name for each in fields(recipe)}]
        if having and Lines.name not in having:
            known = f"{name!r}, a setting of {', '.join(having)}"
            raise ValueError(f"{source}: expected `recipe` beside {known}; found none, which stands for {Lines.name!r}")
