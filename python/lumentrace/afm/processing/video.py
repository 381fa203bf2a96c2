"""Filters of whole films: along time, of their borders, of missing pixels. See also `alignment` and `drift`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import film, whole
from lumentrace.base.masked import unmasked

from .alignment import Floats, Moved, align_frames, rolling_frame_align
from .drift import correct_drift

FILLS = ("zero", "mean", "median", "global_mean", "constant")


@unmasked
def temporal_median_filter(data: Floats, *, window: int = 3) -> Moved:
    """Replace each pixel by its median over neighbouring frames, fewer at the ends; NaN is left out.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    window : int, default 3
        An odd number of frames.

    Raises
    ------
    ValueError
        For an even window.
    """
    return _along_time(data, window, np.nanmedian)


@unmasked
def temporal_mean_filter(data: Floats, *, window: int = 3) -> Moved:
    """Replace each pixel by its mean over neighbouring frames; see `temporal_median_filter`."""
    return _along_time(data, window, np.nanmean)


def _along_time(data: Floats, window: int, summary: Callable[..., Any]) -> Moved:
    film("data", data)
    if window < 1 or window % 2 == 0:
        raise ValueError(f"`window`: expected an odd number from 1 on, found {window}")
    half = window // 2
    filtered = np.empty(data.shape)
    missing = np.isnan(data)
    for number in range(len(data)):
        part = np.s_[max(0, number - half) : number + half + 1]
        if missing[part].any():
            gone = missing[part].all(axis=0)
            filtered[number] = summary(np.where(gone, 0.0, data[part]), axis=0)
            filtered[number][gone] = np.nan
        else:
            filtered[number] = np.median(data[part], axis=0) if summary is np.nanmedian else data[part].mean(axis=0)
    return filtered, {"window": window}


@unmasked
def savitzky_golay_filter(data: Floats, *, window: int = 5, order: int = 2) -> Moved:
    """Smooth each pixel in time by local polynomials.

    Parameters
    ----------
    data : ndarray
        (frames, height, width), finite; see `replace_nan`.
    window : int, default 5
        An odd number of frames, not more than there are.
    order : int, default 2
        Below `window`.

    Raises
    ------
    ValueError
        For settings out of range, or pixels that are not finite.

    Notes
    -----
    Savitzky, A., Golay, M.: Smoothing and differentiation of data by simplified least squares procedures. Anal.
    Chem. 36 (1964) 1627.
    """
    from scipy import signal

    film("data", data)
    if not (order < window <= len(data) and window % 2 == 1 and order >= 0):
        raise ValueError(
            f"`window`, `order`: expected an odd number of frames up to {len(data)} above the order, "
            f"found {window} and {order}"
        )
    missing = int(data.size - np.isfinite(data).sum())
    if missing:
        raise ValueError(f"`data`: expected finite pixels (see `replace_nan`), found {missing} that are not")
    return np.asarray(signal.savgol_filter(data, window, order, axis=0)), {"window": window, "order": order}


@unmasked
def intersection_crop(data: Floats, *, pad: int = 0) -> Moved:
    """Crop to the smallest rectangle around the pixels that are finite in all frames.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    pad : int, default 0
        Pixels to be left around it, as far as there are.

    Raises
    ------
    ValueError
        If no pixel is finite in all frames, or for a `pad` that is no whole number from 0 on.
    """
    around = whole("pad", pad, 0)
    return _cropped(data, _rectangle(_common(data, "intersection_crop")), around)


@unmasked
def crop_square(data: Floats, *, pad: int = 0) -> Moved:
    """Crop to the largest square that is finite in all frames, in the middle of what is.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    pad : int, default 0
        Pixels to be left around it, as far as there are.

    Raises
    ------
    ValueError
        If the pixels in the middle are not finite in all frames.
    """
    around = whole("pad", pad, 0)
    common = _common(data, "crop_square")
    top, left, bottom, right = _rectangle(common)
    sides = np.arange(min(bottom - top, right - left), 0, -1)
    tops, lefts = top + (bottom - top - sides) // 2, left + (right - left - sides) // 2
    gaps = np.pad(~common, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    above, below = (gaps[rows, lefts + sides] - gaps[rows, lefts] for rows in (tops, tops + sides))
    free = np.flatnonzero(below == above)
    if not len(free):
        raise ValueError("`data`, crop_square: expected pixels in the middle that are finite in all frames, found none")
    side, top, left = (int(values[free[0]]) for values in (sides, tops, lefts))
    square = (top, left, top + side, left + side)
    return _cropped(data, square, around)


Bounds = tuple[int, int, int, int]
"""First row and column, row and column after the last."""


def _common(data: Floats, step: str) -> NDArray[np.bool_]:
    """Pixels that are finite in all frames."""
    film("data", data)
    common = np.asarray(np.isfinite(data).all(axis=0))
    if not common.any():
        raise ValueError(f"`data`, {step}: expected a pixel that is finite in all frames, found none")
    return common


def _rectangle(common: NDArray[np.bool_]) -> Bounds:
    rows, columns = (np.flatnonzero(common.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _cropped(data: Floats, bounds: Bounds, pad: int) -> Moved:
    height, width = data.shape[1:]
    top, left = max(0, bounds[0] - pad), max(0, bounds[1] - pad)
    bottom, right = min(height, bounds[2] + pad), min(width, bounds[3] + pad)
    return data[:, top:bottom, left:right].copy(), {"bounds": [top, left, bottom, right]}


@unmasked
def replace_nan(data: Floats, *, mode: str = "zero", value: float | None = None) -> Moved:
    """Replace pixels that are not finite.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    mode : {'zero', 'mean', 'median', 'global_mean', 'constant'}, default 'zero'
        By 0, the mean or median of the frame, the mean of the film, or `value`.
    value : float, optional

    Raises
    ------
    ValueError
        For another mode, 'constant' without a value, and a frame without finite pixels whose mean is asked for.
    """
    film("data", data)
    if mode not in FILLS:
        raise ValueError(f"`mode`: expected one of {', '.join(FILLS)}, found {mode!r}")
    if mode == "constant" and value is None:
        raise ValueError("`value`: expected a number for the mode 'constant', found none")
    bad: Floats = ~np.isfinite(data)
    filled = data.astype(np.float64)
    for number in np.flatnonzero(bad.any(axis=(1, 2))).tolist():
        filled[number][bad[number]] = _fill(data, bad, number, mode, value)
    return filled, {"mode": mode, "replaced": int(bad.sum())}


def _fill(data: Floats, bad: NDArray[np.bool_], number: int, mode: str, value: float | None) -> float:
    if mode in ("zero", "constant"):
        return 0.0 if value is None or mode == "zero" else float(value)
    finite = data[~bad] if mode == "global_mean" else data[number][~bad[number]]
    if not finite.size:
        raise ValueError(f"replace_nan, frame {number}: expected finite pixels for the {mode}, found none")
    return float(np.median(finite) if mode == "median" else finite.mean())


VIDEO_FILTERS: dict[str, Callable[..., Moved]] = {
    each.__name__: each
    for each in (
        align_frames,
        rolling_frame_align,
        correct_drift,
        temporal_median_filter,
        temporal_mean_filter,
        savitzky_golay_filter,
        intersection_crop,
        crop_square,
        replace_nan,
    )
}
VERSION = "0.1.0"
