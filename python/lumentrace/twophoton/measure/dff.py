"""Relative changes of fluorescence, over a baseline that bleaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.windows import FrameWindow

Floats = NDArray[np.float64]
FitMode = Literal["direct_bounded_tau", "log_linear", "direct_bounded_tau_and_log_amplitude"]

LIMIT = 0.01
"""Largest decay per frame."""
HIGHEST = 10.0
"""Largest logarithm of the amplitude, in that of the first sample."""


class Traces(Protocol):
    """What is needed of traces."""

    @property
    def corrected_values(self) -> Floats:
        """Fluorescence (frames, regions)."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Of regions."""

    @property
    def start_frame(self) -> int:
        """First frame."""

    @property
    def stop_frame(self) -> int:
        """End of frames."""

    @property
    def method(self) -> str:
        """How the background was found."""


@dataclass(frozen=True)
class RoiDeltaFOverF:
    """Relative changes of fluorescence of regions.

    Attributes
    ----------
    fluorescence, baseline, values : ndarray
        (frames, regions): F, B and (F - B) / B.
    labels : tuple of str
    start_frame, stop_frame : int
    tau : float
        Change of the logarithm of the baseline per frame; negative for bleaching.
    amplitudes : ndarray
        (regions,)
    baseline_frame_numbers : ndarray
        (windows,): where baselines were sampled, counted from 1.
    baseline_fluorescence : ndarray
        (windows, regions)
    metadata : dict
        Among others ``tau_at_bound``: whether the fit ended at the largest decay it may have.
    provenance : Provenance
        That of the traces, and how the changes were made of them.
    """

    fluorescence: Floats = field(repr=False)
    baseline: Floats = field(repr=False)
    values: Floats = field(repr=False)
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    tau: float
    amplitudes: Floats
    baseline_frame_numbers: Floats
    baseline_fluorescence: Floats = field(repr=False)
    metadata: dict[str, Any]
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


def compute_roi_delta_f_over_f(
    traces: Traces,
    baseline_windows: Sequence[FrameWindow],
    *,
    data_rate_hz: float,
    baseline_sample_seconds: float | None = 1.0,
    fit_mode: FitMode = "direct_bounded_tau",
) -> RoiDeltaFOverF:
    """(F - B) / B with B = A exp(tau t): one decay for all regions, an amplitude for each.

    Regions without any finite baseline, such as those outside the crop, are NaN and have no part in the decay.

    Parameters
    ----------
    traces
        From `extract_background_corrected_roi_traces`.
    baseline_windows : sequence of FrameWindow
    data_rate_hz : float
        Frames per second.
    baseline_sample_seconds : float or None, default 1.0
        The end of each window that is averaged; None for all of it.
    fit_mode : {'direct_bounded_tau', 'log_linear', 'direct_bounded_tau_and_log_amplitude'}

    Raises
    ------
    ValueError
        If there is no window, one lies outside the traces or is shorter than the sample, or baselines cannot be fitted.
    """
    watch = Watch()
    fluorescence = np.asarray(traces.corrected_values, dtype=np.float64)
    _check(fluorescence, traces, baseline_windows, data_rate_hz, baseline_sample_seconds, fit_mode)
    places, samples = _samples(
        fluorescence, traces.start_frame, baseline_windows, data_rate_hz, baseline_sample_seconds
    )
    known = samples[:, np.isfinite(samples).any(axis=0)]
    if traces.method == "roi_y_stripe_percentile" and not (np.isfinite(known) & (known > 0)).all():
        raise ValueError("expected baselines above 0, found others: the local background is brighter than the region")
    tau = _decay(places, known.mean(axis=1) if known.size else samples.mean(axis=1), fit_mode)
    amplitudes = (samples / np.exp(tau * places)[:, None]).mean(axis=0) if tau else samples.mean(axis=0)
    frames = np.arange(traces.start_frame, traces.start_frame + len(fluorescence)) + 1.0
    baseline = amplitudes * np.exp(tau * frames)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (fluorescence - baseline) / baseline
    settings = {
        "data_rate_hz": float(data_rate_hz),
        "baseline_sample_seconds": "full" if baseline_sample_seconds is None else float(baseline_sample_seconds),
        "baseline_window_count": len(baseline_windows),
        "fit_mode": fit_mode,
    }
    metadata = {
        "method": "shared_tau_roi_amplitude",
        **settings,
        "tau_at_bound": bool(fit_mode != "log_linear" and abs(tau) >= LIMIT * (1 - 1e-9)),
    }
    return RoiDeltaFOverF(
        fluorescence,
        baseline,
        values,
        tuple(traces.labels),
        traces.start_frame,
        traces.stop_frame,
        tau,
        amplitudes,
        places,
        samples,
        metadata,
        provenance=watch.after(getattr(traces, "provenance", Provenance()), "delta_f_over_f", settings),
    )


def _check(
    fluorescence: Floats,
    traces: Traces,
    windows: Sequence[FrameWindow],
    rate: float,
    seconds: float | None,
    mode: str,
) -> None:
    if fluorescence.ndim != 2 or fluorescence.shape[1] != len(traces.labels):
        raise ValueError(f"expected a column for each of {len(traces.labels)} labels, found {fluorescence.shape}")
    if not windows:
        raise ValueError("`baseline_windows`: expected one at least, found none")
    if not rate > 0:
        raise ValueError(f"`data_rate_hz`: expected a positive number, found {rate!r}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"`baseline_sample_seconds`: expected a positive number or None, found {seconds!r}")
    if mode not in get_args(FitMode):
        raise ValueError(f"`fit_mode`: expected one of {', '.join(get_args(FitMode))}, found {mode!r}")


def _samples(
    fluorescence: Floats, start: int, windows: Sequence[FrameWindow], rate: float, seconds: float | None
) -> tuple[Floats, Floats]:
    """Frame number and mean fluorescence of each baseline sample."""
    places, means = [], []
    for window in windows:
        length = window.stop_frame - window.start_frame
        count = length if seconds is None else max(1, round(seconds * rate))
        inside = start <= window.start_frame < window.stop_frame <= start + len(fluorescence)
        if not inside or count > length:
            raise ValueError(
                f"baseline window {window.start_frame} to {window.stop_frame}: expected {count} frames within "
                f"{start} to {start + len(fluorescence)}"
            )
        first = window.stop_frame - count
        means.append(fluorescence[first - start : window.stop_frame - start].mean(axis=0))
        # Counted from 1, and the middle half a frame late, as documented.
        places.append(first + 1 + count / 2)
    return np.array(places), np.array(means)


def _decay(places: Floats, means: Floats, mode: str) -> float:
    """Change of the logarithm of the mean baseline per frame."""
    positive = np.isfinite(means) & (means > 0)
    if mode == "direct_bounded_tau":
        if not positive.any():
            raise ValueError("expected a baseline above 0, found none")
        places, means = places[positive], means[positive]
    elif not positive.all():
        raise ValueError("expected all baselines above 0, found others")
    if len(means) == 1:
        return 0.0
    if mode == "log_linear":
        return float(np.polyfit(places, np.log(means), 1)[0])
    top = float(np.log(means[0]))
    low, high = -np.inf, np.inf
    if mode == "direct_bounded_tau_and_log_amplitude":
        if means[0] <= 1:
            raise ValueError(f"expected a first baseline above 1, found {means[0]:g}")
        low, high = 0.0, HIGHEST * top

    def left(parameters: Floats) -> Floats:
        return np.asarray(np.exp(parameters[0] * places + parameters[1]) - means)

    found = optimize.least_squares(left, [0.0, top], bounds=([-LIMIT, low], [LIMIT, high]))
    return float(found.x[0])
