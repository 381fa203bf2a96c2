"""How long a tracer remembers its velocity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lumentrace.data.points import PointData
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.checks import Floats, column_of, trajectories


class AutoCorrelation(Reducer):
    """Mean product of signals with themselves some lag later, such as the autocorrelation of the velocity.

    Parameters
    ----------
    lag : str or int, default "t"
        Column in which the lag is measured; it must ascend along each trajectory.
    signals : sequence of str or int, default ("vx", "vy", "vz")
        Columns whose products are added.
    span : float or (2,) sequence, optional
        Largest lag, or smallest and largest; by default half of the longest trajectory.
    num_divisions : int, default 500
        Number of lags.
    max_distance : float, default 10
        Signals are interpolated between points that are at most this far apart along `lag`.
    normalize : bool, default False
        Divide by the value at lag 0.
    preprocess : bool, default True
        Take the mean of each signal off each trajectory first.

    Raises
    ------
    ValueError
        If an argument makes no sense, there is no such column, or `lag` descends.

    Notes
    -----
    Each sample is a trajectory of its own. For each lag τ the products s(t) · s(t + τ) of all points of all
    trajectories are averaged, s(t + τ) by linear interpolation; lags without any product are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.processing import AutoCorrelation
    >>> t = np.arange(1000.0)
    >>> wave = PointData(np.column_stack([t, 0 * t, 0 * t, 0 * t, np.cos(t / 20)]), columns=["t", "x", "y", "z", "vx"])
    >>> memory = AutoCorrelation(signals=["vx"], span=20 * np.pi, num_divisions=3, normalize=True).fit(wave)
    >>> np.abs(memory[:, 1]).round(1).tolist()
    [1.0, 0.0, 1.0]
    """

    def __init__(
        self,
        lag: str | int = "t",
        signals: Sequence[str | int] = ("vx", "vy", "vz"),
        span: Any = None,
        num_divisions: int = 500,
        max_distance: float = 10,
        normalize: bool = False,
        preprocess: bool = True,
    ) -> None:
        if int(num_divisions) != num_divisions or num_divisions < 2:
            raise ValueError(f"`num_divisions`: expected a whole number of at least 2, found {num_divisions}")
        if isinstance(signals, str) or not len(signals):
            raise ValueError(f"`signals`: expected a list of columns, found {signals!r}")
        ends = np.atleast_1d(np.asarray([] if span is None else span, dtype=np.float64))
        if len(ends) > 2 or (span is not None and not len(ends)) or not np.isfinite(ends).all() or (ends < 0).any():
            raise ValueError(f"`span`: expected one or two lags >= 0, found {span!r}")
        self.lag, self.signals = lag, list(signals)
        self.span = None if span is None else (0.0 if len(ends) == 1 else float(ends[0]), float(ends[-1]))
        self.num_divisions, self.max_distance = int(num_divisions), float(max_distance)
        self.normalize, self.preprocess = bool(normalize), bool(preprocess)

    def fit(self, samples: Any) -> Floats:
        """Rows of lag and correlation, shape (num_divisions, 2)."""
        series = [self._series(path) for path in trajectories("AutoCorrelation", samples)]
        longest = max((float(np.ptp(places)) for places, _ in series if len(places)), default=0.0)
        first, last = self.span or (0.0, longest / 2)
        lags = np.linspace(first, last, self.num_divisions)
        sums, counts = np.zeros(len(lags)), np.zeros(len(lags))
        for places, signals in series:
            for number, lag in enumerate(lags):
                product = (signals * self._later(places, signals, lag)).sum(axis=1)
                known = np.isfinite(product)
                sums[number] += product[known].sum()
                counts[number] += known.sum()
        found = np.divide(sums, counts, out=np.full(len(lags), np.nan), where=counts > 0)
        if self.normalize:
            squares = np.concatenate([np.empty(0), *((signals**2).sum(axis=1) for _, signals in series)])
            found = found / squares.mean() if len(squares) and squares.any() else found * np.nan
        return np.column_stack([lags, found])

    def _series(self, path: PointData) -> tuple[Floats, Floats]:
        places = column_of(path, self.lag)
        signals = np.column_stack([column_of(path, signal) for signal in self.signals])
        known = np.isfinite(places) & np.isfinite(signals).all(axis=1)
        places, signals = places[known], signals[known]
        if (np.diff(places) < 0).any():
            raise ValueError(f"`lag`: expected a column that ascends along each trajectory, found {self.lag!r}")
        if self.preprocess and len(signals):
            signals = signals - signals.mean(axis=0)
        return places, signals

    def _later(self, places: Floats, signals: Floats, lag: float) -> Floats:
        """Signals a `lag` after each place; NaN beyond the end and in gaps."""
        wanted = places + lag
        right = np.searchsorted(places, wanted).clip(1, max(len(places) - 1, 1))
        if len(places) < 2:
            return signals if lag == 0 else np.full_like(signals, np.nan)
        left = right - 1
        gap = places[right] - places[left]
        share = np.divide(wanted - places[left], gap, out=np.zeros_like(gap), where=gap > 0)
        found: Floats = signals[left] + share[:, None] * (signals[right] - signals[left])
        found[(wanted > places[-1]) | (gap > self.max_distance)] = np.nan
        return found
