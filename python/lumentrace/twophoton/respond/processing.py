"""Smoothing, low-pass, normalisation and quality control of responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.measure.photodiode import true_runs

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SmoothingOptions:
    """Smoothing along time.

    Attributes
    ----------
    method : {'none', 'moving_average', 'savgol'}
    window_frames : int
        Odd for 'savgol'.
    polynomial_order : int
        Of 'savgol'.
    """

    method: Literal["none", "moving_average", "savgol"] = "none"
    window_frames: int = 7
    polynomial_order: int = 2


@dataclass(frozen=True)
class LowPassFilterOptions:
    """A Butterworth low-pass without delay.

    Attributes
    ----------
    method : {'none', 'butterworth'}
    cutoff_hz : float or None
        Between 0 and half the frame rate.
    order : int
    """

    method: Literal["none", "butterworth"] = "none"
    cutoff_hz: float | None = None
    order: int = 2


@dataclass(frozen=True)
class NormalizationOptions:
    """Division by the greatest mean response to an epoch.

    Attributes
    ----------
    method : {'none', 'epoch_abs_peak'}
    epoch_number, epoch_name : int, str or None
        Of the trials whose mean is taken; all trials together if neither is given.
    """

    method: Literal["none", "epoch_abs_peak"] = "none"
    epoch_number: int | None = None
    epoch_name: str | None = None


@dataclass(frozen=True)
class CorrelationFilterOptions:
    """Regions whose trials do not agree are left out.

    Attributes
    ----------
    reference : {'none', 'epoch_mean', 'epoch_peak'}
        Each trial is compared with the mean of the other trials of its epoch, or with the one of the largest peak.
    minimum_correlation : float
        Mean correlation from which a region is kept.
    window_seconds : tuple
        Start and end of what is compared; None for no limit.
    """

    reference: Literal["none", "epoch_mean", "epoch_peak"] = "none"
    minimum_correlation: float = 0.0
    window_seconds: tuple[float | None, float | None] = (0.0, None)


@dataclass(frozen=True)
class ResponseProcessingOptions:
    """What is done to responses, in this order.

    Attributes
    ----------
    smoothing : SmoothingOptions
    low_pass : LowPassFilterOptions
    normalization : NormalizationOptions
    correlation_filter : CorrelationFilterOptions
    """

    smoothing: SmoothingOptions = field(default_factory=SmoothingOptions)
    low_pass: LowPassFilterOptions = field(default_factory=LowPassFilterOptions)
    normalization: NormalizationOptions = field(default_factory=NormalizationOptions)
    correlation_filter: CorrelationFilterOptions = field(default_factory=CorrelationFilterOptions)


def processing_from_text(
    smoothing: str, low_pass: float | None, minimum_correlation: float | None
) -> ResponseProcessingOptions:
    """Options of the processing of responses, as settings files and the command line write them.

    Parameters
    ----------
    smoothing : str
        ``none``, ``moving_average:7`` (frames) or ``savgol:7,2`` (frames, order).
    low_pass : float or None
        Cutoff in Hz.
    minimum_correlation : float or None
        Of the trials of a region with the mean of the others.

    Raises
    ------
    ValueError
        If the smoothing is not understood.
    """
    method, _, rest = smoothing.partition(":")
    told = f"smoothing (--smoothing): expected none, moving_average:7 or savgol:7,2, found {smoothing!r}"
    if method not in ("none", "moving_average", "savgol"):
        raise ValueError(told)
    try:
        numbers = [int(part) for part in rest.split(",")] if rest else []
    except ValueError:
        raise ValueError(told) from None
    if len(numbers) > {"none": 0, "moving_average": 1, "savgol": 2}[method]:
        raise ValueError(told)
    chosen = dict(zip(("window_frames", "polynomial_order"), numbers, strict=False))
    low = LowPassFilterOptions("none" if low_pass is None else "butterworth", low_pass)
    reference: Literal["none", "epoch_mean"] = "none" if minimum_correlation is None else "epoch_mean"
    return ResponseProcessingOptions(
        smoothing=SmoothingOptions(method, **chosen),  # type: ignore[arg-type]  # checked above
        low_pass=low,
        correlation_filter=CorrelationFilterOptions(reference, minimum_correlation or 0.0),
    )


def smooth(values: Floats, options: SmoothingOptions) -> Floats:
    """Smoothed columns (frames, regions).

    Raises
    ------
    ValueError
        If the window is not positive, or for 'savgol' even or no longer than the order.
    """
    if options.method == "none":
        return values
    width, order = options.window_frames, options.polynomial_order
    if width < 1 or width != int(width):
        raise ValueError(f"`window_frames`: expected a whole number from 1 on, found {width!r}")
    if options.method == "moving_average":
        return _moving_average(values, width)
    if options.method != "savgol":
        raise ValueError(f"`method`: expected none, moving_average or savgol, found {options.method!r}")
    if width % 2 == 0 or not 0 <= order < width:
        raise ValueError(f"`window_frames`: expected an odd number above the order {order}, found {width}")
    from scipy import signal

    def filtered(run: Floats) -> Floats:
        return np.asarray(signal.savgol_filter(run, width, order, mode="interp")) if len(run) >= width else run

    return _by_runs(values, filtered)


def _moving_average(values: Floats, width: int) -> Floats:
    """Means of finite samples around each, from width // 2 before on."""
    held = np.isfinite(values)
    before, after = width // 2, (width - 1) // 2
    out = np.empty_like(values)
    for column in range(values.shape[1]):
        known = held[:, column].astype(np.float64)
        sums = _boxed(np.where(held[:, column], values[:, column], 0.0), before, after)
        counts = _boxed(known, before, after)
        out[:, column] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return out


def _boxed(values: Floats, before: int, after: int) -> Floats:
    return np.convolve(np.pad(values, (before, after)), np.ones(before + after + 1), "valid")


def low_pass(values: Floats, options: LowPassFilterOptions, rate_hz: float) -> Floats:
    """Columns (frames, regions) without what is faster than the cutoff; nothing is delayed.

    Raises
    ------
    ValueError
        If the cutoff is not between 0 and half the rate, or the order below 1.
    """
    if options.method == "none":
        return values
    if options.method != "butterworth":
        raise ValueError(f"`method`: expected none or butterworth, found {options.method!r}")
    cutoff = options.cutoff_hz
    if cutoff is None or not 0 < cutoff < rate_hz / 2:
        raise ValueError(f"`cutoff_hz`: expected a number between 0 and {rate_hz / 2:g}, found {cutoff!r}")
    if options.order < 1:
        raise ValueError(f"`order`: expected a whole number from 1 on, found {options.order!r}")
    from scipy import signal

    sections = signal.butter(options.order, cutoff, fs=rate_hz, output="sos")

    def filtered(run: Floats) -> Floats:
        try:
            return np.asarray(signal.sosfiltfilt(sections, run))
        except ValueError:
            # Too short for the padding that the filter needs: it stays as it is, as documented.
            return run

    return _by_runs(values, filtered)


def _by_runs(values: Floats, work: object) -> Floats:
    """Each finite run of each column by itself."""
    out = values.copy()
    for column in range(values.shape[1]):
        for start, stop in true_runs(np.isfinite(values[:, column])):
            out[start:stop, column] = work(values[start:stop, column])  # type: ignore[operator]
    return out
