"""Feature point identification: tracers are where the counts of lines peak."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.points import PointData
from lumentrace.data.voxels import Voxels
from lumentrace.engine.samples.transformer import VoxelsFilter

COLUMNS = ["t", "x", "y", "z", "error_x", "error_y", "error_z", "error"]


class FPI(VoxelsFilter):
    """Locate tracers at the peaks of voxelised lines [1]_, to a fraction of a voxel.

    Parameters
    ----------
    w : int, default 3
        A peak is the largest value within `w` voxels on each axis. Voxels nearer than this to a face are left out.
    r : float, default 0.4
        A peak has at least this fraction of the largest value.
    lld_counts : float, default 0
        A peak exceeds this value.
    verbose : bool, default False
        Say how many peaks each sample has.

    Raises
    ------
    ValueError
        If `w` is below 1 or a number is NaN.

    Notes
    -----
    Results have columns t, x, y, z, error_x, error_y, error_z, error. The time is the mean of that of the lines
    (`_lines` among the attributes of the voxels), or NaN with a warning without them. The errors are the widths of the
    peaks in mm: σ of a Gaussian along each axis, and their norm. Samples without a peak give no row.

    References
    ----------
    .. [1] Wiggins C., Santos R., Ruggles A., A feature point identification method for positron emission particle
       tracking with multiple tracers, Nuclear Instruments and Methods in Physics Research A 843 (2017) 22-28.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import LineData, Pipeline
    >>> from lumentrace.pept.tracking import FPI, Voxelize
    >>> turn = np.linspace(0, 6, 40)
    >>> u = np.column_stack([np.cos(turn), np.sin(turn), np.cos(3 * turn)]) * 40
    >>> lines = LineData(np.column_stack([turn, [51, 48, 53] - u, [51, 48, 53] + u]))
    >>> located = Pipeline([Voxelize((50, 50, 50)), FPI()]).fit(lines, verbose=False)
    >>> bool(np.linalg.norm(located[0].points[0, 1:4] - [51, 48, 53]) < 1)
    True
    """

    def __init__(self, w: int = 3, r: float = 0.4, lld_counts: float = 0, verbose: bool = False) -> None:
        if not int(w) >= 1:
            raise ValueError(f"`w`: expected at least 1, found {w}")
        for name, value in (("r", r), ("lld_counts", lld_counts)):
            if np.isnan(value):
                raise ValueError(f"`{name}`: expected a number, found {value}")
        self.w, self.r, self.lld_counts, self.verbose = int(w), float(r), float(lld_counts), bool(verbose)

    def options(self) -> dict[str, Any]:
        """The parameters as the Rust core takes them."""
        return {"w": self.w, "r": self.r, "lld_counts": self.lld_counts}

    def fit_sample(self, voxels: Voxels) -> PointData:
        """Locate the peaks of one grid."""
        if not isinstance(voxels, Voxels):
            raise TypeError(f"FPI: expected Voxels, found {type(voxels).__name__}")
        lines = voxels.attrs.get("_lines")
        if lines is None:
            message = "FPI: the voxels carry no lines (`_lines` in their `attrs`), so that the times are NaN"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        rows = _core.find_peaks(
            np.ascontiguousarray(voxels.voxels),
            voxels.lower.tolist(),
            voxels.upper.tolist(),
            None if lines is None else np.asarray(lines.lines),
            **self.options(),
        )
        if self.verbose:
            print(f"FPI: {len(rows)} peaks")
        public = {name: value for name, value in voxels.attrs.items() if not name.startswith("_")}
        return PointData(rows, columns=COLUMNS, **public)
