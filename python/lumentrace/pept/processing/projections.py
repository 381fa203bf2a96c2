"""Slices through all positions, as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import axis_names, column_of, trajectories
from lumentrace.plots.frames import Frames


class SpatialProjections(Reducer):
    """Pictures of the points near each of many parallel planes.

    Parameters
    ----------
    directory : path
        Folder for the pictures; they need matplotlib.
    start, end : float
        First and last plane along `dimension`, in mm.
    dimension : {"x", "y", "z"}, default "x"
        Axis across the planes.
    num_divisions : int, default 500
        Number of planes.
    max_distance : float, default 10
        Points as near to a plane as this are drawn, in mm.
    colorbar_col : int or str, default -1
        Column that colours the points.
    height, width : int, default 1000
        Of the pictures, in pixels.
    prefix : str, default "frame"
        Files are ``frame0000.png`` and so on.
    **kwargs
        Further settings of matplotlib's `scatter`.

    Raises
    ------
    ValueError
        If an argument makes no sense or there is no such column.
    """

    def __init__(
        self,
        directory: Any,
        start: float,
        end: float,
        dimension: str = "x",
        num_divisions: int = 500,
        max_distance: float = 10,
        colorbar_col: int | str = -1,
        height: int = 1000,
        width: int = 1000,
        prefix: str = "frame",
        **kwargs: Any,
    ) -> None:
        if not np.isfinite([start, end]).all():
            raise ValueError(f"`start`, `end`: expected finite numbers, found {start}, {end}")
        if int(num_divisions) != num_divisions or num_divisions < 1:
            raise ValueError(f"`num_divisions`: expected a whole number of at least 1, found {num_divisions}")
        (self.dimension,) = axis_names(dimension, 1)
        self.directory, self.prefix = directory, prefix
        self.start, self.end, self.num_divisions = float(start), float(end), int(num_divisions)
        self.max_distance, self.colorbar_col = float(max_distance), colorbar_col
        self.height, self.width, self._settings = height, width, kwargs

    def fit(self, samples: Any) -> list[Path]:
        """Draw the points of all trajectories; the files that were written."""
        paths = trajectories("SpatialProjections", samples)
        frames = Frames(self.directory, self.prefix, self.width, self.height)
        xyz = np.concatenate([np.empty((0, 3)), *(path.points[:, 1:4] for path in paths)])
        colours = np.concatenate([np.empty(0), *(column_of(path, self.colorbar_col) for path in paths)])
        across = "xyz".index(self.dimension)
        first, second = (axis for axis in range(3) if axis != across)
        for value in np.linspace(self.start, self.end, self.num_divisions):
            near = np.abs(xyz[:, across] - value) <= self.max_distance
            figure = frames.figure()
            axes = figure.subplots()
            settings = {"s": 12, "cmap": "magma", **self._limits(colours), **self._settings}
            drawn = axes.scatter(xyz[near, first], xyz[near, second], c=colours[near], **settings)
            figure.colorbar(drawn)
            axes.set(xlabel=f"{'xyz'[first]} (mm)", ylabel=f"{'xyz'[second]} (mm)", aspect="equal")
            axes.set_title(f"{self.dimension} = {value:.1f} mm")
            for name, axis in (("xlim", first), ("ylim", second)):
                finite = xyz[np.isfinite(xyz[:, axis]), axis]
                if len(finite) and finite.min() < finite.max():
                    axes.set(**{name: (finite.min(), finite.max())})
            frames.add(figure)
        return frames.paths

    @staticmethod
    def _limits(colours: Any) -> dict[str, float]:
        finite = colours[np.isfinite(colours)]
        return {"vmin": finite.min(), "vmax": finite.max()} if len(finite) else {}
