"""Baselines that follow slow changes: rolling percentiles, and largest of the smallest values."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.dff import RoiDeltaFOverF, Traces
from lumentrace.twophoton.measure.trace_blocks import positive, trace_table

Floats = NDArray[np.float64]
Method = Literal["percentile", "maximin"]


@unmasked
def percentile_baseline(
    traces: NDArray[Any], *, rate_hz: float, window_seconds: float = 60.0, percentile: float = 8.0
) -> Floats:
    """A percentile of the frames around each frame.

    Near both ends the trace is continued by its mirror image. White noise lowers it: by 1.4 σ for the 8th percentile
    of a trace without calcium.

    Parameters
    ----------
    traces : ndarray
        (frames, regions)
    rate_hz : float
        Frames per second.
    window_seconds : float, default 60
        Longer than calcium is ever above the baseline without a break, shorter than the baseline stays the same.
    percentile : float, default 8
        Between 0 and 100; Dombeck & al., Neuron 56 (2007) 43, take the 8th.

    Returns
    -------
    ndarray
        (frames, regions); NaN for regions with a value that is not finite.

    Raises
    ------
    ValueError
        If `traces` has another shape, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> traces = np.linspace(100, 90, 1000)[:, None].repeat(2, axis=1)
    >>> traces[500:530, 1] += 50
    >>> found = twophoton.percentile_baseline(traces, rate_hz=10.0, window_seconds=20.0)
    >>> bool(np.abs(found[:, 0] - found[:, 1]).max() < 0.5)
    True
    """
    table, size = trace_table(traces), _frames(window_seconds, rate_hz, "window_seconds")
    if not 0 <= percentile <= 100:
        raise ValueError(f"`percentile`: expected a number from 0 to 100, found {percentile!r}")

    def rolling(values: Floats) -> Floats:
        return np.asarray(ndimage.percentile_filter(values, percentile, size=_odd(size, len(values)), mode="reflect"))

    return _each(table, rolling)


@unmasked
def maximin_baseline(
    traces: NDArray[Any], *, rate_hz: float, window_seconds: float = 60.0, smoothing_seconds: float = 1 / 3
) -> Floats:
    """The smoothed trace, then the smallest value around each frame, then the largest of these.

    A grey-scale opening: what is above the baseline for less than the window is cut off, steps and slopes of the
    baseline stay (Pachitariu & al., bioRxiv 061507). It lies below the mean of the noise that smoothing leaves.

    Parameters
    ----------
    traces : ndarray
        (frames, regions)
    rate_hz : float
        Frames per second.
    window_seconds : float, default 60
    smoothing_seconds : float, default 1/3
        Standard deviation of the Gaussian that takes noise away.

    Returns
    -------
    ndarray
        (frames, regions); NaN for regions with a value that is not finite.

    Raises
    ------
    ValueError
        If `traces` has another shape, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> traces = np.full((1000, 1), 100.0)
    >>> traces[500:550] += 50
    >>> twophoton.maximin_baseline(traces, rate_hz=10.0, window_seconds=20.0).round(6).max()
    np.float64(100.0)
    """
    table, size = trace_table(traces), _frames(window_seconds, rate_hz, "window_seconds")
    sigma = positive("smoothing_seconds", smoothing_seconds) * positive("rate_hz", rate_hz)

    def opened(values: Floats) -> Floats:
        # Beyond a few lengths of the trace all smoothing is the same.
        smooth = ndimage.gaussian_filter1d(values, min(sigma, float(len(values))))
        least = ndimage.minimum_filter1d(smooth, _odd(size, len(values)))
        return np.asarray(ndimage.maximum_filter1d(least, _odd(size, len(values))))

    return _each(table, opened)


def rolling_delta_f_over_f(
    traces: Traces,
    *,
    rate_hz: float,
    method: Method = "percentile",
    window_seconds: float = 60.0,
    percentile: float = 8.0,
    smoothing_seconds: float = 1 / 3,
) -> RoiDeltaFOverF:
    """(F - B) / B with a rolling baseline B, for recordings without baseline epochs.

    Parameters
    ----------
    traces
        From `extract_background_corrected_roi_traces` or `subtract_neuropil`.
    rate_hz : float
        Frames per second.
    method : {'percentile', 'maximin'}
        `percentile_baseline` or `maximin_baseline`.
    window_seconds, percentile, smoothing_seconds : float
        Of the baseline.

    Returns
    -------
    RoiDeltaFOverF
        As from `compute_roi_delta_f_over_f`; the decay is NaN, amplitudes are means of the baselines, and no windows
        are sampled. ``metadata["reasons"]`` says, for each region, why values are NaN: a baseline of 0 or less has no
        relative changes.

    Raises
    ------
    ValueError
        If a setting is out of range.
    """
    watch = Watch()
    fluorescence = np.asarray(traces.corrected_values, dtype=np.float64)
    window = {"rate_hz": rate_hz, "window_seconds": window_seconds}
    if method == "percentile":
        about: dict[str, Any] = {**window, "percentile": percentile}
        baseline = percentile_baseline(fluorescence, **about)
    elif method == "maximin":
        about = {**window, "smoothing_seconds": smoothing_seconds}
        baseline = maximin_baseline(fluorescence, **about)
    else:
        raise ValueError(f"`method`: expected one of {', '.join(get_args(Method))}, found {method!r}")
    baseline_above = np.where(baseline > 0, baseline, np.nan)
    metadata = {"method": f"rolling_{method}", **about, "reasons": _reasons(fluorescence, baseline)}
    return RoiDeltaFOverF(
        fluorescence,
        baseline,
        (fluorescence - baseline) / baseline_above,
        tuple(traces.labels),
        traces.start_frame,
        traces.stop_frame,
        float("nan"),
        baseline.mean(axis=0) if len(baseline) else np.full(baseline.shape[1], np.nan),
        np.empty(0),
        np.empty((0, baseline.shape[1])),
        metadata,
        provenance=watch.after(
            getattr(traces, "provenance", Provenance()), "rolling_delta_f_over_f", {"method": method, **about}
        ),
    )


def _reasons(fluorescence: Floats, baseline: Floats) -> tuple[str, ...]:
    told = []
    for values, own in zip(fluorescence.T, baseline.T, strict=True):
        below = int((own <= 0).sum())
        if not np.isfinite(values).all():
            told.append("a value of the fluorescence is not finite")
        else:
            told.append(f"the baseline is 0 or less in {below:,} of {len(own):,} frames" if below else "")
    return tuple(told)


def _each(table: NDArray[Any], rolling: Any) -> Floats:
    """A baseline of each region; NaN where a value is not finite."""
    found = np.full(table.shape[::-1], np.nan)
    for own, values in zip(found, table.T, strict=True):
        if values.size and np.isfinite(values).all():
            own[:] = rolling(values.astype(np.float64))
    return found.T


def _frames(seconds: float, rate: float, name: str) -> float:
    return positive(name, seconds) * positive("rate_hz", rate)


def _odd(size: float, frames: int) -> int:
    """An odd number of frames, so that windows have a middle; no more than mirror images of both ends reach."""
    return 2 * int(min(size, 2.0 * frames) / 2) + 1
