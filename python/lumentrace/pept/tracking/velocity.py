"""Velocities along trajectories."""

from __future__ import annotations

from typing import Any

from lumentrace.engine.samples.native import NativeStep, PointFilter


class Velocity(PointFilter):
    """Append the velocity of a tracer: slopes of polynomials fitted to a moving window of points [1]_.

    Parameters
    ----------
    window : int
        Points per window: odd, more than `degree`.
    degree : int, default 2
        Degree of the polynomial in time that is fitted to each coordinate.
    absolute : bool, default False
        Append the speed `v` instead of `vx`, `vy`, `vz`.

    Raises
    ------
    ValueError
        If `window` is even or too small; when samples are processed, if their times descend.

    Notes
    -----
    Velocities are in mm/ms, which is m/s. The first and last rows take the polynomial of the first and last whole
    window. Velocities are NaN in samples of fewer points than a window, and where a window holds too few different
    times. Give it one trajectory per sample: ``SplitAll("label") + Velocity(11)``.

    References
    ----------
    .. [1] Savitzky A., Golay M. J. E., Smoothing and differentiation of data by simplified least squares procedures,
       Analytical Chemistry 36 (1964) 1627-1639.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Velocity
    >>> t = np.arange(9.0)
    >>> Velocity(window=5).fit_sample(PointData(np.column_stack([t, 2 * t, t**2, 0 * t])))["vy"].round(9)
    array([ 0.,  2.,  4.,  6.,  8., 10., 12., 14., 16.])
    """

    def __init__(self, window: int, degree: int = 2, absolute: bool = False) -> None:
        if int(degree) != degree or not 0 <= degree <= 20:
            raise ValueError(f"`degree`: expected a whole number from 0 to 20, found {degree}")
        if int(window) != window or window % 2 == 0 or window <= degree:
            raise ValueError(f"`window`: expected an odd number above the degree of {degree}, found {window}")
        self.window = int(window)
        self.degree = int(degree)
        self.absolute = bool(absolute)

    def fit_sample(self, samples: Any) -> Any:
        """Append the velocities of one trajectory."""
        return super().fit_sample(samples)

    def native(self, columns: list[str]) -> NativeStep:
        """The step of the Rust core."""
        options = {"window": self.window, "degree": self.degree, "absolute": self.absolute}
        return NativeStep("velocity", options, columns + (["v"] if self.absolute else ["vx", "vy", "vz"]))
