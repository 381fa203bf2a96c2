"""Lines as grids of counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.data.grid import cell_counts, checked_limits, line_rows
from lumentrace.data.lines import LineData
from lumentrace.data.voxels import Voxels
from lumentrace.engine.progress import Verbose
from lumentrace.engine.samples.chunks import as_indexable
from lumentrace.engine.samples.native import LineFilter, NativeStep, keep_public
from lumentrace.engine.samples.transformer import Filter
from lumentrace.pept.tracking.fpi import COLUMNS, FPI

Limits = tuple[float, float] | None
UNIT = (-0.5, 0.5)


class Voxelize(LineFilter):
    """Count for every sample the lines that pass each voxel of a grid.

    Parameters
    ----------
    number_of_voxels : (3,) array-like
        Voxels along each axis, at least 2.
    xlim, ylim, zlim : (2,) array-like, optional
        Limits of the grid in mm; where there are none, those of the lines of each sample.
    set_lims : LineData or (N, >=7) array-like, optional
        Take the missing limits from these lines instead, once.

    Raises
    ------
    ValueError
        If `number_of_voxels` or a limit makes no sense.

    Notes
    -----
    Results are `Voxels` whose `attrs` hold the public attributes of the sample and the sample itself, as `_lines`.
    `fit` gives a sequence that makes each grid when it is looked at, so that only those in use take memory. Followed
    by `FPI` in a pipeline, no grid leaves the Rust core at all.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import Voxelize
    >>> lines = LineData([[0, 0, 0, 0, 9, 9, 9], [1, 0, 9, 0, 9, 0, 9]], sample_size=1)
    >>> grids = Voxelize((3, 3, 3), xlim=(0, 9), ylim=(0, 9), zlim=(0, 9)).fit(lines, verbose=False)
    >>> len(grids), grids[1].shape, float(grids[1][1, 1, 1])
    (2, (3, 3, 3), 1.0)
    """

    def __init__(
        self,
        number_of_voxels: ArrayLike,
        xlim: ArrayLike | None = None,
        ylim: ArrayLike | None = None,
        zlim: ArrayLike | None = None,
        set_lims: Any = None,
    ) -> None:
        self.number_of_voxels = cell_counts(Voxels, number_of_voxels, 2)
        self.xlim, self.ylim, self.zlim = (
            _pair(f"{axis}lim", limits) for axis, limits in zip("xyz", (xlim, ylim, zlim), strict=True)
        )
        if set_lims is not None:
            self.set_lims(set_lims, self.xlim is None, self.ylim is None, self.zlim is None)

    def set_lims(self, lines: Any, set_xlim: bool = True, set_ylim: bool = True, set_zlim: bool = True) -> None:
        """Take limits from the end points of `lines`.

        Parameters
        ----------
        lines : LineData or (N, >=7) array-like
            Rows t, x1, y1, z1, x2, y2, z2 in ms and mm.
        set_xlim, set_ylim, set_zlim : bool, default True
            Which limits to take.
        """
        around = Voxels.from_lines(line_rows(lines, 3), (2, 2, 2), verbose=False)
        for axis, wanted in zip("xyz", (set_xlim, set_ylim, set_zlim), strict=True):
            if wanted:
                setattr(self, f"{axis}lim", _pair("lines", getattr(around, f"{axis}lim")))

    def _limits(self) -> tuple[Limits, Limits, Limits]:
        return self.xlim, self.ylim, self.zlim

    def fit_sample(self, sample_lines: Any) -> Any:
        """Count the lines of one sample."""
        return super().fit_sample(sample_lines)

    def native(self, columns: list[str]) -> NativeStep | None:
        """Grids are not rows, so there is no step for them alone."""
        return None

    def native_pair(self, following: Filter, columns: list[str]) -> NativeStep | None:
        """One step for the grids and the peaks in them."""
        if type(following) is not FPI:
            return None
        shape, limits = list(self.number_of_voxels), list(self._limits())
        options = {**following.options(), "shape": shape, "limits": limits}
        return NativeStep("peaks", options, COLUMNS, attrs=keep_public, filters=2)

    def fit_python(self, sample: LineData) -> Voxels:
        """Count the lines of one sample."""
        limits = self._limits()
        if not np.isfinite(sample.lines[:, :7]).all(axis=1).any():
            # Nothing to count and nothing to take limits from.
            limits = (self.xlim or UNIT, self.ylim or UNIT, self.zlim or UNIT)
        voxels = Voxels.from_lines(sample.lines, self.number_of_voxels, *limits, verbose=False)
        voxels.attrs |= {**sample.extra_attrs(), "_lines": sample}
        return voxels

    def fit(
        self, line_data: Any, executor: Any = None, max_workers: int | None = None, verbose: Verbose = True
    ) -> VoxelData:
        """Grids of all samples, each made when it is looked at; `executor` and its companions have nothing to do."""
        samples = as_indexable(line_data)
        self.check(samples)
        return VoxelData(self, samples)


class VoxelData(Sequence[Voxels]):
    """The grids of many samples, made one at a time.

    Parameters
    ----------
    voxelize : Voxelize
    samples : sequence of LineData
    """

    def __init__(self, voxelize: Voxelize, samples: Any) -> None:
        self._voxelize, self._samples = voxelize, samples

    def __len__(self) -> int:
        return len(self._samples)

    @overload
    def __getitem__(self, index: int) -> Voxels: ...
    @overload
    def __getitem__(self, index: slice) -> VoxelData: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return VoxelData(self._voxelize, self._samples[index])
        return self._voxelize.fit_sample(self._samples[index])

    def __iter__(self) -> Iterator[Voxels]:
        return (self._voxelize.fit_sample(sample) for sample in self._samples)


def _pair(name: str, limits: ArrayLike | None) -> Limits:
    if limits is None:
        return None
    low, high = checked_limits(name, limits).tolist()
    return low, high
