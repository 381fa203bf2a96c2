"""Trajectories by each of lumentrace's recipes, for `scoreboard.py`."""

from functools import partial

from jobs import serve

from lumentrace import LineData
from lumentrace.pept.recipes import RECIPES


def tracked(recipe, lines, tracers):
    return recipe(tracers=tracers).fit(LineData(lines), verbose=False)


if __name__ == "__main__":
    serve({name: partial(tracked, recipe) for name, recipe in RECIPES.items()})
