"""The Birmingham method: one tracer, located by discarding the lines that pass it furthest."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace import _core
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.samples.native import LineFilter, NativeStep, keep_public

COLUMNS = ["t", "x", "y", "z", "error"]


class BirminghamMethod(LineFilter):
    """Locate the single tracer of every sample of lines [1]_.

    The point nearest to all lines is found, the lines that pass it at more than 1.5 times the error are discarded, and
    so on until the fraction `fopt` of the lines is left.

    Parameters
    ----------
    fopt : float, default 0.5
        Fraction of the lines to keep, in (0, 1].
    get_used : bool, default False
        Keep the lines, with a last column `used` (0 or 1), as the hidden attribute `_lines` of the results.

    Raises
    ------
    ValueError
        If `fopt` is outside (0, 1].

    Notes
    -----
    Results have columns t, x, y, z, error: one row, or none where the lines define no point. `error` is the
    root mean square distance of the used lines from the point, in mm.

    References
    ----------
    .. [1] Parker D. J. et al., Positron emission particle tracking - a technique for studying flow within engineering
       equipment, Nuclear Instruments and Methods in Physics Research A 326 (1993) 592-607.

    Examples
    --------
    >>> from lumentrace import LineData
    >>> from lumentrace.pept.tracking import BirminghamMethod
    >>> lines = LineData([[0, 0, 5, 5, 9, 5, 5], [2, 4, 0, 5, 4, 9, 5], [4, 4, 5, 0, 4, 5, 9]])
    >>> BirminghamMethod(fopt=1).fit_sample(lines).points.round(9)
    array([[2., 4., 5., 5., 0.]])
    """

    def __init__(self, fopt: float = 0.5, get_used: bool = False) -> None:
        if not 0 < fopt <= 1:
            raise ValueError(f"`fopt`: expected a number in (0, 1], found {fopt}")
        self.fopt = float(fopt)
        self.get_used = bool(get_used)

    def native(self, columns: list[str]) -> NativeStep | None:
        """The step of the Rust core; None where the used lines are asked for."""
        if self.get_used:
            return None
        return NativeStep("birmingham", {"fopt": self.fopt}, COLUMNS, attrs=keep_public)

    def fit_python(self, sample: LineData) -> Any:
        """Locate the tracer and say which lines it was located with."""
        row, used = _core.birmingham(np.asarray(sample.lines), self.fopt)
        lines = sample.copy(data=np.column_stack([sample.lines, used]), columns=[*sample.columns, "used"], hidden=False)
        return PointData(row, columns=COLUMNS, **sample.extra_attrs(), _lines=lines)
