"""What all maps of moving tracers share: their settings, and trajectories as bodies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.data.grid import Grid, cell_counts
from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import axis_names, column_of, trajectories
from lumentrace.pept.processing import lazily
from lumentrace.pept.processing.bodies import WAY, WAY_BUT_END, Floats, around, checked_radius, measures, spread, ways


class MovingTracerMap(Reducer):
    """Base of reducers that map what tracers of some size carry along their ways.

    What `fit` maps may be a `polars.LazyFrame` of trajectories, each in order of time, as `scan_trajectories` gives it:
    it is read batch by batch in bounded memory. Sums are then added up in another order, and maps differ from those of
    a `PointData` by rounding: less than 1e-12 of the largest cell.

    Parameters
    ----------
    diameter : float
        Of the tracer, in mm.
    columns : sequence of str or int
        What it carries.
    dimensions : str
        Axes of the map.
    resolution : sequence of int
        Cells along each axis.
    limits : sequence
        Limits of each axis or None.
    max_workers : int, optional
        Threads; all cores by default.
    verbose : bool
        Kept for compatibility: the map takes milliseconds and shows no bar.
    sigmas : sequence of str or int
        Columns of standard uncertainties that averages are weighted by; see `DynamicProbability2D`.
    """

    grid: ClassVar[type[Grid]]

    def __init__(
        self,
        diameter: float,
        columns: Sequence[str | int],
        dimensions: str,
        resolution: ArrayLike,
        limits: Sequence[ArrayLike | None],
        max_workers: int | None,
        verbose: bool,
        sigmas: Sequence[str | int] = (),
    ) -> None:
        self.diameter = checked_radius("diameter", diameter)
        self.dimensions = "".join(axis_names(dimensions, len(self.grid.axes)))
        self.resolution = cell_counts(self.grid, resolution, 1)
        self.max_workers = max_workers
        self.verbose = verbose
        self.sigmas = [sigmas] if isinstance(sigmas, str) else list(sigmas)
        self._columns, self._limits = [*columns, *self.sigmas], list(limits)

    def _rows(self, paths: Sequence[PointData], goes_on: bool = False) -> tuple[Floats, list[Floats], Floats]:
        """Ways of all trajectories, for each column the values at their starts and ends, and all positions.

        If `goes_on`, the last way of each is left out: it comes again.
        """
        axes = ["txyz".index(axis) for axis in self.dimensions]
        counted = [np.empty(0, dtype=bool)]
        rows = [np.empty((0, 2 * len(axes) + 2))]
        ends: list[list[NDArray[np.float64]]] = [[np.empty((0, 2))] for _ in self._columns]
        positions = [np.empty((0, len(axes)))]
        for path in paths:
            where = path.points[:, axes]
            positions.append(where)
            rows.append(ways(where, self.diameter / 2))
            counted.append(np.arange(len(rows[-1])) < len(rows[-1]) - goes_on)
            for collected, column in zip(ends, self._columns, strict=True):
                values = column_of(path, column)
                collected.append(np.column_stack([values[:-1], values[1:]]))
        joined = [np.concatenate(each) for each in ends]
        table = np.concatenate(rows)
        known = np.isfinite(table).all(axis=1)
        for each in joined:
            known &= np.isfinite(each).all(axis=1)
        table = table[known]
        # Where a way ends is part of the next one, unless there is none.
        followed = np.zeros(len(table), dtype=bool)
        followed[:-1] = (table[:-1, len(axes) : 2 * len(axes)] == table[1:, : len(axes)]).all(axis=1)
        table[:, -1] = np.where(followed, WAY_BUT_END, WAY)
        chosen = np.concatenate(counted)[known]
        return table[chosen], [each[known][chosen] for each in joined], np.concatenate(positions)

    def _spread(self, samples: Any, amounts: Callable[[Floats, list[Floats]], Sequence[Floats]]) -> list[Any]:
        """Grids of what `amounts` makes of ways and the values at their starts and ends; batch by batch if lazy."""
        if not lazily.is_lazy(samples):
            rows, ends, positions = self._rows(trajectories(type(self).__name__, samples))
            limits = around(self.grid, self._limits, positions, self.diameter / 2)
            return self._grids(limits, rows, amounts(rows, ends))
        is_known = all(each is not None for each in self._limits)
        places = np.empty((0, 3)) if is_known else lazily.corners(samples, self.dimensions)
        limits = around(self.grid, self._limits, places, self.diameter / 2)
        sums: list[Any] = []
        for paths, goes_on in lazily.pieces(samples, self._columns):
            rows, ends, _ = self._rows(paths, goes_on)
            grids = self._grids(limits, rows, amounts(rows, ends))
            sums = [one + other for one, other in zip(sums, grids, strict=True)] if sums else grids
        return sums

    def _grids(self, limits: Sequence[Any], rows: Floats, amounts: Sequence[Floats]) -> list[Any]:
        table = np.column_stack(amounts) if len(rows) else np.empty((0, len(amounts)))
        grids: list[Any] = spread(self.grid, self.resolution, limits, rows, table, self.max_workers or 0)
        return grids

    def _averages(self, samples: Any) -> list[Any]:
        """For each column the mean over all ways, weighted by the area or volume that they have in each cell."""

        def amounts(rows: Floats, ends: list[Floats]) -> list[Floats]:
            count = len(ends) - len(self.sigmas)
            sizes = measures(rows) * _weights([each[:, 0] for each in ends[count:]])
            return [*(each[:, 0] * sizes for each in ends[:count]), sizes]

        *sums, total = self._spread(samples, amounts)
        for each in sums:
            each[...] = np.divide(each, total, out=np.full(each.shape, np.nan), where=np.asarray(total > 0))
        return sums


def _weights(sigmas: Sequence[Floats]) -> Floats | float:
    """The inverse of the sum of the squares of some uncertainties; 1 without any."""
    if not sigmas:
        return 1.0
    least = min((float(each.min()) for each in sigmas if len(each)), default=1.0)
    if not least > 0:
        raise ValueError(f"`sigmas`: expected columns of uncertainties above 0, found {least}")
    return np.asarray(1 / sum(each**2 for each in sigmas))
