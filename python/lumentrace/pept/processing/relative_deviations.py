"""How far trajectories stray from their places between two cross-sections of a flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import Floats, trajectories
from lumentrace.pept.processing.planes import pair_of_planes, planes_between
from lumentrace.plots.formatting import histogram
from lumentrace.plots.frames import Frames


class RelativeDeviations(Reducer):
    """Distances between where trajectories cross one plane and where they cross another.

    Parameters
    ----------
    p1, p2 : (3,) array-like
        Points on the two planes, in mm; crossings are measured from them.
    ax1, ax2 : (3,) array-like, optional
        Directions across the planes; by default from `p1` to `p2`.
    max_distance : float, default 10
        A trajectory that does not cross a plane counts if it comes as near as this, in mm.
    histogram : bool, default True
        Return a Plotly histogram instead of the distances.
    **kwargs
        Further settings of `lumentrace.pept.plots.histogram`.

    Raises
    ------
    ValueError
        If an argument makes no sense.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import RelativeDeviations
    >>> paths = [PointData([[0, 5, 5, 0], [1, 8, 9, 100]]), PointData([[0, 2, 2, 0], [1, 2, 2, 100]])]
    >>> RelativeDeviations([0, 0, 0], [0, 0, 100], histogram=False).fit(paths).tolist()
    [5.0, 0.0]
    """

    def __init__(
        self,
        p1: ArrayLike,
        p2: ArrayLike,
        ax1: ArrayLike | None = None,
        ax2: ArrayLike | None = None,
        max_distance: float = 10,
        histogram: bool = True,
        **kwargs: Any,
    ) -> None:
        self._planes = pair_of_planes(p1, p2, ax1, ax2)
        self.max_distance, self.histogram = float(max_distance), bool(histogram)
        self._settings = kwargs

    def fit(self, samples: Any) -> Any:
        """A figure, or one distance in mm for each trajectory, NaN for those that miss a plane."""
        paths = trajectories("RelativeDeviations", samples)
        before, after = (plane.crossings(paths, self.max_distance) for plane in self._planes)
        distances: Floats = np.linalg.norm(after - before, axis=1)
        if not self.histogram:
            return distances
        return histogram(distances, **{"xlabel": "deviation (mm)", "ylabel": "trajectories", **self._settings})


class RelativeDeviationsLinear(Reducer):
    """`RelativeDeviations` in many planes from one point to another, with a picture of each.

    Parameters
    ----------
    directory : path
        Folder for the pictures; they need matplotlib.
    p1, p2 : (3,) array-like
        First and last point, in mm; planes are across the way between them.
    num_divisions : int, default 50
        Number of planes.
    max_distance : float, default 10
        As for `RelativeDeviations`.
    height, width : int, default 1000, 2000
        Of the pictures, in pixels.
    prefix : str, default "frame"
        Files are ``frame0000.png`` and so on.
    **kwargs
        Further settings of matplotlib's `hist`.
    """

    def __init__(
        self,
        directory: Any,
        p1: ArrayLike,
        p2: ArrayLike,
        num_divisions: int = 50,
        max_distance: float = 10,
        height: int = 1000,
        width: int = 2000,
        prefix: str = "frame",
        **kwargs: Any,
    ) -> None:
        self.directory, self.prefix = directory, prefix
        self.height, self.width = height, width
        self.max_distance = float(max_distance)
        self._planes, self._settings = planes_between(p1, p2, num_divisions), kwargs

    def fit(self, samples: Any) -> Floats:
        """Distances in mm: a row for each plane, a column for each trajectory; NaN for those that miss the plane."""
        paths = trajectories("RelativeDeviationsLinear", samples)
        frames = Frames(self.directory, self.prefix, self.width, self.height)
        places = [plane.crossings(paths, self.max_distance) for plane in self._planes]
        distances = np.array([np.linalg.norm(each - places[0], axis=1) for each in places])
        largest = np.nanmax(distances) if np.isfinite(distances).any() else 1.0
        for plane, row in zip(self._planes, distances, strict=True):
            figure = frames.figure()
            axes = figure.subplots()
            settings = {"bins": 50, "range": (0, largest), **self._settings}
            axes.hist(row[np.isfinite(row)], **settings)
            way = np.linalg.norm(plane.origin - self._planes[0].origin)
            axes.set(title=f"{way:.1f} mm", xlabel="deviation (mm)", ylabel="trajectories")
            frames.add(figure)
        return distances
