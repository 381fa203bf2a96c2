"""How a table of rows is cut into samples: by number, by time, or by whichever comes first."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core


@dataclass(frozen=True)
class TimeWindow:
    """A fixed time span, for use as `sample_size` or `overlap`.

    Window k holds the rows with ``t0 + k (window - overlap) <= t < t0 + k (window - overlap) + window``, where `t0`
    is the first time. Only full windows count; windows without a row are left out.

    Parameters
    ----------
    window : float
        Time span in milliseconds, >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import PointData, TimeWindow
    >>> points = PointData(np.arange(40).reshape(10, 4), TimeWindow(8), TimeWindow(4))
    >>> points.samples_indices[:2]
    array([[0, 2],
           [1, 3]])
    """

    window: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", _span("TimeWindow", self.window))


@dataclass(frozen=True)
class AdaptiveWindow:
    """A time span that ends early once it holds `max_elems` rows.

    Parameters
    ----------
    window : float
        Longest time span in milliseconds, >= 0.
    max_elems : int, optional
        Most rows in a sample; unlimited by default.
    """

    window: float
    max_elems: float = np.inf

    def __post_init__(self) -> None:
        object.__setattr__(self, "window", _span("AdaptiveWindow", self.window))
        if not self.max_elems >= 1:
            raise ValueError(f"`max_elems`: expected at least 1, found {self.max_elems}")

    def __repr__(self) -> str:
        limit = "" if np.isinf(self.max_elems) else f", max_elems={self.max_elems}"
        return f"AdaptiveWindow(window={self.window}{limit})"


Windows = (TimeWindow, AdaptiveWindow)
SampleSize: TypeAlias = int | NDArray[np.int64] | TimeWindow | AdaptiveWindow | None
Overlap: TypeAlias = int | TimeWindow | AdaptiveWindow | None


def _span(name: str, window: float) -> float:
    if not (np.isfinite(window) and window >= 0):
        raise ValueError(f"`{name}`: expected a finite time >= 0 ms, found {window}")
    return float(window)


def no_overlap(sample_size: SampleSize) -> Overlap:
    """The overlap of zero that fits the type of `sample_size`."""
    if isinstance(sample_size, Windows):
        return type(sample_size)(0.0)
    return None if isinstance(sample_size, np.ndarray) else 0


def normalise(sample_size: object, overlap: object, rows: int) -> tuple[SampleSize, Overlap]:
    """Check the user's `sample_size` and `overlap` and bring them to their canonical types.

    Raises
    ------
    TypeError
        If either has an unusable type or their types differ.
    ValueError
        If a size is negative, the overlap is not smaller than the sample, or listed sizes exceed `rows`.
    """
    size = _normal_size(sample_size, rows)
    if overlap is None or (isinstance(size, int) and sample_size is None):
        return size, no_overlap(size)
    return size, _normal_overlap(size, overlap)


def _normal_size(sample_size: Any, rows: int) -> SampleSize:
    if sample_size is None:
        return rows
    if isinstance(sample_size, Windows):
        return sample_size
    if np.ndim(sample_size) == 1:
        return _listed_sizes(np.asarray(sample_size), rows)
    size = _whole("sample_size", sample_size)
    if size < 0:
        raise ValueError(f"`sample_size`: expected >= 0, found {size}")
    return size


def _listed_sizes(sizes: NDArray[np.generic], rows: int) -> SampleSize:
    if sizes.dtype.kind not in "iuf" and sizes.size:
        raise TypeError(f"`sample_size`: expected a list of whole numbers, found dtype {sizes.dtype}")
    if not np.isfinite(sizes).all():
        raise ValueError(f"`sample_size`: expected finite lengths, found {sizes}")
    whole = sizes.astype(np.int64)
    if (whole < 0).any():
        raise ValueError(f"`sample_size`: expected lengths >= 0, found {whole.min()}")
    if whole.sum() > rows:
        raise ValueError(f"`sample_size`: expected lengths adding up to at most {rows} rows, found {whole.sum()}")
    if whole.size and whole[0] > 0 and (whole == whole[0]).all():
        return int(whole[0])
    return whole


def _normal_overlap(size: SampleSize, overlap: object) -> Overlap:
    if isinstance(size, Windows):
        if type(overlap) is not type(size):
            raise TypeError(f"`overlap`: expected {type(size).__name__} like the sample_size, found {overlap!r}")
        if overlap.window >= size.window > 0:
            raise ValueError(f"`overlap`: expected less than the window of {size.window} ms, found {overlap.window}")
        return overlap
    if isinstance(size, np.ndarray):
        raise TypeError(f"`overlap`: expected None beside a list of sample sizes, found {overlap!r}")
    whole = _whole("overlap", overlap)
    if whole >= (size or 0) and not whole == size == 0:
        raise ValueError(f"`overlap`: expected less than the sample_size of {size}, found {whole}")
    return whole


def _whole(name: str, value: Any) -> int:
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"`{name}`: expected a whole number, a list of them, TimeWindow or AdaptiveWindow, found {value!r}"
        ) from None


def indices(size: SampleSize, overlap: Overlap, times: NDArray[np.float64]) -> NDArray[np.int64]:
    """First (inclusive) and last (exclusive) row of every sample, shape (S, 2).

    Parameters
    ----------
    size, overlap
        As returned by `normalise`.
    times : (N,) array
        Column 0 of the table, in ms; must be ascending for time-based windows.
    """
    rows = len(times)
    if isinstance(size, TimeWindow):
        assert isinstance(overlap, TimeWindow)
        return _core.time_windows(np.ascontiguousarray(times), size.window, overlap.window)
    if isinstance(size, AdaptiveWindow):
        assert isinstance(overlap, AdaptiveWindow)
        limit = max(rows, 1) if np.isinf(size.max_elems) else int(size.max_elems)
        return _core.adaptive_windows(np.ascontiguousarray(times), size.window, overlap.window, limit)
    if isinstance(size, np.ndarray):
        ends = np.cumsum(size)
        return np.stack([ends - size, ends], axis=1)
    if not size:
        return np.array([[0, rows]], dtype=np.int64)
    assert isinstance(overlap, int)
    if size > rows:
        return np.empty((0, 2), dtype=np.int64)
    starts = np.arange(0, rows - size + 1, min(size - overlap, rows), dtype=np.int64)
    return np.stack([starts, starts + size], axis=1)
