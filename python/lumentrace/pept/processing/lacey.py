"""Mixing between two cross-sections of a flow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.data.grid import cell_counts, checked_limits
from lumentrace.data.pixels import Pixels
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import Floats, trajectories
from lumentrace.pept.processing.planes import pair_of_planes, planes_between
from lumentrace.plots.frames import Frames


class LaceyColors(Reducer):
    """Lacey's mixing index [1]_ of a flow between two planes.

    Trajectories get a colour by where they cross the first plane: below or above the median, along each of the two axes
    of the plane. Where they cross the second one, its cells hold colours in shares; the index is 0 if those are as
    separate as at the start, and 1 if they vary no more than by chance.

    Parameters
    ----------
    p1, p2 : (3,) array-like
        Points on the two planes, in mm.
    ax1, ax2 : (3,) array-like, optional
        Directions across the planes; by default from `p1` to `p2`.
    basis1, basis2 : (3,) array-like, optional
        First axis in each plane.
    xlim, ylim : (2,) array-like, optional
        Limits of the cells along the two axes of the second plane, in mm from `p2`; by default those of the crossings.
    max_distance : float, default 10
        A trajectory that does not cross a plane counts if it comes as near as this, in mm.
    resolution : (2,) sequence of int, default (8, 8)
        Cells along each axis.

    Raises
    ------
    ValueError
        If an argument makes no sense.

    Notes
    -----
    With N trajectories in C cells, of which a cell holds n with a share p of one colour, whose share of all is P:
    s² = Σ n (p - P)² / N, s0² = P (1 - P), sr² = s0² C / N, index = (s0² - s²) / (s0² - sr²).

    References
    ----------
    .. [1] Lacey P. M. C., Developments in the theory of particle mixing, Journal of Applied Chemistry 4 (1954) 257-268.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import LaceyColors
    >>> start = np.random.default_rng(0).uniform(0, 80, (200, 2))
    >>> straight = [PointData([[0, *each, 0], [1, *each, 100]]) for each in start]
    >>> LaceyColors([0, 0, 10], [0, 0, 90], basis1=[1, 0, 0]).fit(straight).round(1).tolist()
    [0.1, 0.1]
    """

    def __init__(
        self,
        p1: ArrayLike,
        p2: ArrayLike,
        ax1: ArrayLike | None = None,
        ax2: ArrayLike | None = None,
        basis1: ArrayLike | None = None,
        basis2: ArrayLike | None = None,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        max_distance: float = 10,
        resolution: ArrayLike = (8, 8),
    ) -> None:
        self._planes = pair_of_planes(p1, p2, ax1, ax2, basis1, basis2)
        self.xlim = None if xlim is None else checked_limits("xlim", xlim)
        self.ylim = None if ylim is None else checked_limits("ylim", ylim)
        self.max_distance = float(max_distance)
        self.resolution = cell_counts(Pixels, resolution, 1)

    def fit(self, samples: Any) -> Floats:
        """The index along each axis of the first plane; NaN without two cells and two colours to compare."""
        paths = trajectories("LaceyColors", samples)
        before, after = (plane.crossings(paths, self.max_distance) for plane in self._planes)
        return lacey_index(before, after, self.resolution, (self.xlim, self.ylim))


class LaceyColorsLinear(Reducer):
    """`LaceyColors` in many planes from one point to another, with a picture of each.

    Parameters
    ----------
    directory : path
        Folder for the pictures; they need matplotlib.
    p1, p2 : (3,) array-like
        First and last point, in mm; planes are across the way between them.
    xlim, ylim : (2,) array-like, optional
        Limits of the cells along the two axes of each plane, in mm; by default those of the crossings.
    num_divisions : int, default 50
        Number of planes.
    max_distance : float, default 10
        As for `LaceyColors`.
    resolution : (2,) sequence of int, default (8, 8)
        Cells along each axis.
    height, width : int, default 1000
        Of the pictures, in pixels.
    prefix : str, default "frame"
        Files are ``frame0000.png`` and so on.
    """

    def __init__(
        self,
        directory: Any,
        p1: ArrayLike,
        p2: ArrayLike,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        num_divisions: int = 50,
        max_distance: float = 10,
        resolution: ArrayLike = (8, 8),
        height: int = 1000,
        width: int = 1000,
        prefix: str = "frame",
    ) -> None:
        self.directory, self.prefix = directory, prefix
        self.height, self.width = height, width
        self._planes = planes_between(p1, p2, num_divisions)
        self.xlim = None if xlim is None else checked_limits("xlim", xlim)
        self.ylim = None if ylim is None else checked_limits("ylim", ylim)
        self.max_distance = float(max_distance)
        self.resolution = cell_counts(Pixels, resolution, 1)

    def fit(self, samples: Any) -> Floats:
        """Rows of distance from `p1` in mm and the index along both axes of the first plane."""
        paths = trajectories("LaceyColorsLinear", samples)
        frames = Frames(self.directory, self.prefix, self.width, self.height)
        first = self._planes[0].crossings(paths, self.max_distance)
        rows = []
        for plane in self._planes:
            now = plane.crossings(paths, self.max_distance)
            index = lacey_index(first, now, self.resolution, (self.xlim, self.ylim))
            distance = float(np.linalg.norm(plane.origin - self._planes[0].origin))
            rows.append([distance, *index])
            frames.add(self._picture(frames.figure(), first, now, distance, index))
        return np.array(rows)

    def _picture(self, figure: Any, first: Floats, now: Floats, distance: float, index: Floats) -> Any:
        axes = figure.subplots(1, 2)
        for axis, ax in enumerate(axes):
            ax.scatter(*now.T, c=first[:, axis], s=12, cmap="viridis")
            ax.set(title=f"start along axis {axis + 1}, index {index[axis]:.2f}", xlabel="mm", xlim=self.xlim)
            ax.set(ylim=self.ylim, aspect="equal")
        figure.suptitle(f"{distance:.1f} mm")
        return figure


def lacey_index(before: Floats, after: Floats, resolution: tuple[int, ...], limits: Any) -> Floats:
    """Lacey's index of crossings `after` that are coloured by those `before`, along each axis of the latter."""
    known = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
    before, after = before[known], after[known]
    if len(after) < 2:
        return np.full(2, np.nan)
    edges = []
    for axis, each in enumerate(limits):
        low, high = _span(after[:, axis]) if each is None else each.tolist()
        edges.append(np.linspace(low, high, resolution[axis] + 1))
    return np.array([_index(before[:, axis] > np.median(before[:, axis]), after, edges) for axis in (0, 1)])


def _index(coloured: Any, after: Floats, edges: list[Floats]) -> float:
    counts = np.histogram2d(after[:, 0], after[:, 1], bins=edges)[0]
    some = counts > 0
    total, cells = counts.sum(), int(some.sum())
    if total == 0:
        return float("nan")
    share = np.histogram2d(after[coloured, 0], after[coloured, 1], bins=edges)[0][some] / counts[some]
    overall = (share * counts[some]).sum() / total
    separate = overall * (1 - overall)
    mixed = separate * cells / total
    if not separate > mixed:
        return float("nan")
    variance = (counts[some] * (share - overall) ** 2).sum() / total
    return float((separate - variance) / (separate - mixed))


def _span(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)
