"""Vectors on a grid, and how they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.data.grid import Floats, Grid
from lumentrace.data.pept_object import PEPTObject
from lumentrace.data.pixels import Pixels
from lumentrace.data.voxels import Voxels

HEAD = 0.3
"""Length of an arrow's head, as a part of the arrow."""


class VectorGrid2D(PEPTObject):
    """A vector in every pixel.

    Parameters
    ----------
    xpixels, ypixels : Pixels
        Components of the vectors; NaN where there is none.
    """

    def __init__(self, xpixels: Pixels, ypixels: Pixels) -> None:
        self.xpixels, self.ypixels = xpixels, ypixels

    def vectors(self, factor: float = 1) -> Floats:
        """Rows x, y, vx, vy: centres of the pixels that have a vector, and the vectors times `factor`."""
        return _vectors([self.xpixels, self.ypixels], factor)

    def quiver(self, factor: float | None = None, color: Any = None) -> Any:
        """Arrows as a Plotly trace for `PlotlyGrapher2D.add_trace`.

        Parameters
        ----------
        factor : float, optional
            Length of an arrow in mm per unit of the vector; by default the longest is as long as two pixels.
        color : str, optional
            Colour of the arrows.
        """
        import plotly.graph_objects as go

        rows = self.vectors()
        lengths = np.hypot(rows[:, 2], rows[:, 3])
        if factor is None:
            longest = lengths.max(initial=0.0)
            factor = 2 * float(self.xpixels.pixel_size.max()) / longest if longest > 0 else 1.0
        start, way = rows[:, :2], rows[:, 2:] * factor
        end, across = start + way, way[:, ::-1] * [-1, 1]
        heads = [end - HEAD * way + side * HEAD / 2 * across for side in (-1, 1)]
        gap = np.full_like(start, np.nan)
        lines = np.stack([start, end, gap, heads[0], end, heads[1], gap], axis=1).reshape(-1, 2)
        return go.Scatter(x=lines[:, 0], y=lines[:, 1], mode="lines", line={"color": color}, showlegend=False)


class VectorGrid3D(PEPTObject):
    """A vector in every voxel.

    Parameters
    ----------
    xvoxels, yvoxels, zvoxels : Voxels
        Components of the vectors; NaN where there is none.
    """

    def __init__(self, xvoxels: Voxels, yvoxels: Voxels, zvoxels: Voxels) -> None:
        self.xvoxels, self.yvoxels, self.zvoxels = xvoxels, yvoxels, zvoxels

    def vectors(self, factor: float = 1) -> Floats:
        """Rows x, y, z, vx, vy, vz: centres of the voxels that have a vector, and the vectors times `factor`."""
        return _vectors([self.xvoxels, self.yvoxels, self.zvoxels], factor)

    def quiver(self, factor: float = 1, colorscale: Any = "Magma") -> Any:
        """Cones as a Plotly trace for `PlotlyGrapher.add_trace`, coloured by the length of the vector.

        Parameters
        ----------
        factor : float, default 1
            Size of the cones; with 1 they just do not overlap.
        colorscale : str or list, default "Magma"
        """
        import plotly.graph_objects as go

        x, y, z, u, v, w = self.vectors().T
        return go.Cone(
            x=x, y=y, z=z, u=u, v=v, w=w, sizemode="scaled", sizeref=factor, anchor="tail", colorscale=colorscale
        )


def _vectors(components: list[Any], factor: float) -> Floats:
    grid: Grid = components[0]
    values = np.stack([np.asarray(each) for each in components], axis=-1)
    centres = np.stack(np.meshgrid(*grid.centres(), indexing="ij"), axis=-1)
    known = np.isfinite(values).all(axis=-1)
    return np.concatenate([centres[known], values[known] * factor], axis=1)
