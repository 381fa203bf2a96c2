"""Ready-made pipelines: everything between the lines of a scanner and labelled trajectories."""

from .base import BaseRecipe
from .birmingham import Birmingham
from .fpi import Fpi
from .lines import Lines
from .minpoints import Minpoints
from .peptml import PeptML

RECIPES: dict[str, type[BaseRecipe]] = {recipe.name: recipe for recipe in (Lines, PeptML, Birmingham, Minpoints, Fpi)}
"""The recipes by name."""

__all__ = ["RECIPES", "BaseRecipe", "Birmingham", "Fpi", "Lines", "Minpoints", "PeptML"]
