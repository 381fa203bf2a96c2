"""Ready-made pipelines: everything between the lines of a scanner and labelled trajectories."""

from .base import BaseRecipe
from .birmingham import Birmingham
from .peptml import PeptML

RECIPES: dict[str, type[BaseRecipe]] = {recipe.name: recipe for recipe in (PeptML, Birmingham)}
"""The recipes by name."""

__all__ = ["RECIPES", "BaseRecipe", "Birmingham", "PeptML"]
